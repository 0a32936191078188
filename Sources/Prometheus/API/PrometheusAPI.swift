internal import FoundationEssentials
package import HTTP
package import Platform

/// The parts of Prometheus' HTTP API that a backup needs (v1; the same in Prometheus 2 and 3).
///
/// Calls throw ``PrometheusAPIError`` and `CancellationError`.
package struct PrometheusAPI: Sendable {
    /// Without user, query and trailing slash, fit for messages.
    package let location: String
    let client: APIClient<PrometheusAPIError.Reason>

    /// - Parameter url: with the server's route prefix, if it has one: "http://prometheus:9090".
    package init(url: String, client: HTTPClient, pool: BlockingPool) {
        // A refused query is a finding, and a snapshot must be made once: no request is repeated here.
        self.client = APIClient(url: url, client: client, pool: pool, retries: RetryPolicy(attempts: 1))
        location = self.client.location
    }

    // MARK: Status

    /// The server's command-line flags, without dashes: "web.enable-admin-api": "true".
    package func flags() async throws -> [String: String] { try await get("/api/v1/status/flags") }

    package struct RuntimeInfo: Decodable, Sendable {
        /// The server's working directory, to which a relative `storage.tsdb.path` refers.
        package var workingDirectory: String
        /// The retention in effect, even if no flag sets it: "15d", "512MiB", "15d or 512MiB".
        package var retention: String

        private enum CodingKeys: String, CodingKey {
            case workingDirectory = "CWD"
            case retention = "storageRetention"
        }
    }

    package func runtimeInfo() async throws -> RuntimeInfo { try await get("/api/v1/status/runtimeinfo") }

    /// The server's version: "2.42.0".
    package func version() async throws -> String {
        struct Build: Decodable { var version: String }
        let build: Build = try await get("/api/v1/status/buildinfo")
        return build.version
    }

    /// True if the server serves queries; false while it opens its TSDB.
    package func isReady() async throws -> Bool { try await plain("/-/ready") }

    /// True if the process is up.
    package func isHealthy() async throws -> Bool { try await plain("/-/healthy") }

    /// The server's clock, in seconds since 1970; nil if a proxy removes it.
    package func clock() async throws -> Int? { try await answer("/-/healthy").response.date }

    // MARK: Snapshot

    /// Makes a snapshot: hard links to all blocks and, unless `skipHead`, a new block with the content of the head.
    ///
    /// The server continues when this call is cancelled or its answer is lost; the snapshot then exists.
    /// - Returns: its name, a directory in `snapshots/` of the data directory.
    package func snapshot(skipHead: Bool) async throws -> String {
        struct Snapshot: Decodable { var name: String }
        // The server sends no byte until the head is written: allow for a large one and for a compaction before it.
        var request = client.request(
            "POST", path: "/api/v1/admin/tsdb/snapshot?skip_head=\(skipHead)", stallTimeout: .seconds(3600))
        request.isSentOnce = true
        let snapshot: Snapshot = try await call(request)
        return snapshot.name
    }

    // MARK: Data

    /// An instant query.
    /// - Parameter time: seconds since 1970; nil for now.
    package func query(_ expression: String, at time: Double? = nil) async throws -> QueryResult {
        let form = [("query", expression)] + (time.map { [("time", "\($0)")] } ?? [])
        return try await call(client.request(path: "/api/v1/query", form: form))
    }

    /// One of the server's metrics, from `/metrics`: the sum over its labels. Nil if the page has no finite sample of
    /// that name.
    package func metric(_ name: String) async throws -> Double? {
        let answer = try await answer("/metrics")
        guard answer.isSuccess else { throw PrometheusAPIError(answer) }
        return Self.sum(of: name, in: answer.body)
    }

    /// The sum of a metric over its labels, of a page in the text format.
    static func sum(of name: String, in page: [UInt8]) -> Double? {
        var sum: Double?
        for line in String(decoding: page, as: UTF8.self).split(separator: "\n") where line.hasPrefix(name) {
            let rest = line.dropFirst(name.count)
            guard rest.first == " " || rest.first == "{", let text = rest.split(separator: " ").last,
                let value = Double(text), value.isFinite
            else { continue }
            sum = (sum ?? 0) + value
        }
        return sum
    }

    // MARK: Requests

    func get<Content: Decodable & Sendable>(_ path: String) async throws -> Content {
        try await call(client.request("GET", path: path))
    }

    private func plain(_ path: String) async throws -> Bool {
        let answer = try await answer(path)
        if answer.isSuccess { return true }
        if answer.status == 503 { return false }
        throw PrometheusAPIError(answer)
    }

    private func answer(_ path: String) async throws -> APIAnswer {
        try await client.send(client.request("GET", path: path))
    }

    func call<Content: Decodable & Sendable>(_ request: HTTPRequest) async throws -> Content {
        let answer = try await client.send(request)
        guard answer.isSuccess,
            let envelope = try? JSONDecoder().decode(Answer<Content>.self, from: Data(answer.body)),
            envelope.status == "success", let content = envelope.data
        else { throw PrometheusAPIError(answer) }
        return content
    }
}

/// The answer to an instant query.
package struct QueryResult: Decodable, Equatable, Sendable {
    package struct Series: Decodable, Equatable, Sendable {
        package var metric: [String: String]
        package var value: Sample?
    }

    /// Seconds since 1970, and the value as Prometheus writes it ("NaN" and "+Inf" are values).
    package struct Sample: Decodable, Equatable, Sendable {
        package var time: Double
        package var value: String

        package init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            time = try pair.decode(Double.self)
            value = try pair.decode(String.self)
        }
    }

    /// "vector", "scalar" or "string".
    package var type: String
    /// One series without labels for a scalar or a string. A histogram has no `value`.
    package var series: [Series]

    private enum CodingKeys: String, CodingKey {
        case type = "resultType"
        case series = "result"
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        type = try members.decode(String.self, forKey: .type)
        series =
            type == "scalar" || type == "string"
            ? [Series(metric: [:], value: try members.decode(Sample.self, forKey: .series))]
            : try members.decode([Series].self, forKey: .series)
    }
}
