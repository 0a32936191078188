internal import BackupRepository
internal import Documents
package import HTTP
package import Platform

/// The parts of Loki's HTTP API that a backup needs. None of them belongs to a tenant, so that no `X-Scope-OrgID` is
/// sent, also where `auth_enabled` is set.
///
/// Calls throw ``ComponentError`` and `CancellationError`.
package struct LokiAPI: Sendable {
    /// Without user and query, fit for messages.
    package let location: String
    private let base: String
    private let client: HTTPClient
    private let pool: BlockingPool
    private let retries = RetryPolicy(attempts: 3, base: .milliseconds(200), cap: .seconds(2))

    /// - Parameter url: with the server's path prefix, if it has one: "http://loki:3100".
    package init(url: String, client: HTTPClient, pool: BlockingPool) {
        base = String(url.prefix(url.count - url.reversed().prefix { $0 == "/" }.count))
        location = String(HTTPRequest("GET", base).summary.dropFirst("GET ".count))
        self.client = client
        self.pool = pool
    }

    /// The server's version: "3.4.6".
    package func version() async throws -> String {
        let request = HTTPRequest("GET", base + "/loki/api/v1/status/buildinfo")
        let body = try await send(request)
        guard let version = (try? JSONValue(parsing: body))?["version"]?.text else {
            throw ComponentError(
                .misconfigured, operation: request.summary, "the answer is not Loki's",
                hint: "`url:` must lead to Loki itself, with its path prefix if it has one")
        }
        return version
    }

    /// What applies on the server; it masks its secrets itself.
    package func settings() async throws -> LokiSettings {
        let request = HTTPRequest("GET", base + "/config")
        return try LokiSettings(yaml: try await send(request), request.summary)
    }

    /// Has the server write what is in memory into chunks; it does so after it has answered.
    package func flush() async throws { _ = try await send(HTTPRequest("POST", base + "/flush")) }

    /// The server's own metrics of these names, each summed over its labels; those that it has.
    package func metrics(_ names: Set<String>) async throws -> [String: Double] {
        let text = try await send(HTTPRequest("GET", base + "/metrics"))
        var sums: [String: Double] = [:]
        for line in text.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            let line = String(decoding: line, as: UTF8.self)
            let name = String(line.prefix { $0 != "{" && $0 != " " })
            // Neither values nor the time stamp that may follow hold spaces or braces; label values may.
            let rest = line.dropFirst(name.count)
            let values = rest.lastIndex(of: "}").map { rest[rest.index(after: $0)...] } ?? rest
            guard names.contains(name), let value = values.split(separator: " ").first.flatMap({ Double($0) }) else {
                continue
            }
            sums[name, default: 0] += value
        }
        return sums
    }

    private func send(_ request: HTTPRequest) async throws -> [UInt8] {
        let (response, body) = try await pool.run { [client, retries] in
            try retries.run { () throws -> RetryPolicy.Outcome<(HTTPResponse, [UInt8])> in
                do {
                    let (response, body) = try client.send(request, limit: 64 << 20)
                    guard [429, 502, 503, 504].contains(response.status) else { return .done((response, body)) }
                    return .again(Self.refusal(request, response), retryAfter: response.retryAfter)
                } catch let error as HTTPError {
                    let failure = ComponentError(
                        .unreachable, operation: request.summary, error.detail,
                        hint: "is `url:` of this component right, and does Loki run?")
                    guard error.isRetryable, error.reason != .connect else { throw failure }
                    return .again(failure)
                }
            }
        }
        guard response.isSuccess else { throw Self.refusal(request, response) }
        return body
    }

    private static func refusal(_ request: HTTPRequest, _ response: HTTPResponse) -> ComponentError {
        switch response.status {
        case 401, 403:
            ComponentError(
                .refused, operation: request.summary, "access refused (\(response.status))",
                hint: "check username and password, or the bearer token, of this component: it may call /config, "
                    + "/metrics, /flush and buildinfo")
        case 503:
            ComponentError(
                .unreachable, operation: request.summary, "the server is not ready (503)",
                hint: "it answers some fifteen seconds after its start")
        case 300..<400, 404, 405:
            ComponentError(
                .misconfigured, operation: request.summary, "no such address (\(response.status))",
                hint: "`url:` must lead to Loki itself, with its path prefix if it has one")
        default: ComponentError(.refused, operation: request.summary, "status \(response.status)")
        }
    }
}
