package import Documents
package import HTTP

/// A call of Grafana's HTTP API, without the server's address and the credentials.
package struct GrafanaRequest: Sendable {
    package var method: String
    /// Below `/api`, or from the root for ``isAppPlatform``; each is percent-encoded when sent, slashes included.
    package var segments: [String]
    package var query: [(name: String, value: String)] = []
    /// For basic authentication: the organisation to act in. A token has its own.
    package var organization: Int?
    package var body: JSONValue?
    package var headers: [(name: String, value: String)] = []
    /// True if `segments` begin with "apis" instead of lying below `/api`: the Kubernetes-like interface of Grafana 12.
    package var isAppPlatform = false
    /// True if sending it twice is harmless: it is then retried when no answer comes, and when the answer is 5xx. Other
    /// requests are retried only if the server cannot have acted on them.
    package var isIdempotent: Bool

    package init(
        _ method: String, _ segments: [String], query: [(name: String, value: String)] = [],
        organization: Int? = nil, body: JSONValue? = nil, isIdempotent: Bool? = nil
    ) {
        self.method = method
        self.segments = segments
        self.query = query
        self.organization = organization
        self.body = body
        self.isIdempotent = isIdempotent ?? (method != "POST")
    }

    /// All segments of the path.
    var path: [String] { (isAppPlatform ? [] : ["api"]) + segments }
}

/// The answer to a call, with any status.
package typealias GrafanaAnswer = APIAnswer

extension GrafanaAnswer {
    /// The body of a success.
    /// - Throws: ``GrafanaAPIError`` when it is not JSON: a login page, a truncated answer.
    package func json() throws -> JSONValue {
        do {
            return try JSONValue(parsing: body)
        } catch {
            throw GrafanaAPIError(.notGrafana, operation: operation, "the answer is not JSON: \(error)", status: status)
        }
    }

    /// Grafana's message in an error's body.
    package var message: String? { document?["message"]?.text }
}
