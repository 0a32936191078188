internal import BackupRepository
internal import Documents
package import HTTP
package import Platform

/// The parts of Loki's HTTP API that a backup needs. They do not depend on a tenant, so that no `X-Scope-OrgID` is
/// sent, even with `auth_enabled`.
///
/// Calls throw ``ComponentError`` and `CancellationError`.
package struct LokiAPI: Sendable {
    /// Without user and query, fit for messages.
    package let location: String
    let client: APIClient<LokiRefusal>

    /// - Parameters:
    ///   - url: with the server's path prefix, if it has one: "http://loki:3100".
    ///   - retries: of each request.
    package init(
        url: String, client: HTTPClient, pool: BlockingPool,
        retries: RetryPolicy = RetryPolicy(attempts: 3, base: .milliseconds(200), cap: .seconds(2))
    ) {
        self.client = APIClient(url: url, client: client, pool: pool, retries: retries)
        location = self.client.location
    }

    /// The server's version: "3.4.6".
    package func version() async throws -> String {
        let answer = try await send("GET", "/loki/api/v1/status/buildinfo")
        guard let version = answer.document?["version"]?.text else {
            throw LokiAPIError(.notLoki, operation: answer.operation, detail: "the answer is not Loki's")
                .componentError
        }
        return version
    }

    /// The settings in effect on the server; it masks its secrets itself.
    package func settings() async throws -> LokiSettings {
        let answer = try await send("GET", "/config")
        return try LokiSettings(yaml: answer.body, answer.operation)
    }

    /// Makes the server write lines in memory into chunks; it does so after it has answered.
    package func flush() async throws { _ = try await send("POST", "/flush") }

    /// The server's metrics of these names, each summed over its labels; missing ones are omitted.
    package func metrics(_ names: Set<String>) async throws -> [String: Double] {
        let text = try await send("GET", "/metrics").body
        var sums: [String: Double] = [:]
        for line in text.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            let line = String(decoding: line, as: UTF8.self)
            let name = String(line.prefix { $0 != "{" && $0 != " " })
            // Values and the optional time stamp have no spaces or braces; label values may have them.
            let rest = line.dropFirst(name.count)
            let values = rest.lastIndex(of: "}").map { rest[rest.index(after: $0)...] } ?? rest
            guard names.contains(name), let value = values.split(separator: " ").first.flatMap({ Double($0) }) else {
                continue
            }
            sums[name, default: 0] += value
        }
        return sums
    }

    private func send(_ method: String, _ path: String) async throws -> APIAnswer {
        do {
            // A server that refuses the connection is down; one that does not answer in time may be busy.
            let answer = try await client.send(client.request(method, path: path)) { attempt in
                if case .failed(let error) = attempt, error.reason == .connect { return false }
                return attempt.mayPass
            }
            guard answer.isSuccess else { throw LokiAPIError(answer) }
            return answer
        } catch let error as LokiAPIError { throw error.componentError }
    }
}
