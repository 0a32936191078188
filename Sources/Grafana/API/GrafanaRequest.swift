package import Documents

/// A call of Grafana's HTTP API, without the server's address and the credentials.
package struct GrafanaRequest: Sendable {
    package var method: String
    /// Below `/api`, or from the root for ``isAppPlatform``; each is percent-encoded when sent, slashes included.
    package var segments: [String]
    package var query: [(name: String, value: String)] = []
    /// For basic authentication: the organisation to act in. A token knows its own.
    package var organization: Int?
    package var body: JSONValue?
    package var headers: [(name: String, value: String)] = []
    /// Whether `segments` begin with "apis" instead of lying below `/api`: the Kubernetes-like interface of Grafana 12.
    package var isAppPlatform = false
    /// Whether sending it twice does no harm: it is then tried again when no answer comes, and when the answer is 5xx.
    /// What is not is tried again only where the server cannot have acted on it.
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

    /// Path and query as they are sent.
    var target: String {
        let path = (isAppPlatform ? [] : ["api"]) + segments
        let query = query.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
        return "/\(path.map(Self.encoded).joined(separator: "/"))\(query.isEmpty ? "" : "?\(query)")"
    }

    /// Everything but RFC 3986's unreserved characters in percent-encoding.
    private static func encoded(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.append(byte)
            default: result += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))".utf8
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// What came back, whatever its status.
package struct GrafanaAnswer: Sendable {
    package var status: Int
    package var body: [UInt8]
    /// "GET http://host/api/…", without query, for messages.
    package var operation: String

    package init(status: Int, body: [UInt8], operation: String) {
        self.status = status
        self.body = body
        self.operation = operation
    }

    package var isSuccess: Bool { (200..<300).contains(status) }

    /// The body of a success.
    /// - Throws: ``GrafanaAPIError`` when it is no JSON: a login page, a truncated answer.
    package func json() throws -> JSONValue {
        do {
            return try JSONValue(parsing: body)
        } catch { throw GrafanaAPIError(.notGrafana, operation, "the answer is no JSON: \(error)", status: status) }
    }

    /// Grafana's own words in an error's body.
    package var message: String? { (try? JSONValue(parsing: body))?["message"]?.text }
}
