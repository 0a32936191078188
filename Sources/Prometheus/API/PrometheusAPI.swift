internal import FoundationEssentials
package import HTTP
package import Platform

/// The parts of Prometheus' HTTP API that a backup needs (v1; the same in Prometheus 2 and 3).
///
/// Calls throw ``PrometheusAPIError`` and `CancellationError`.
package struct PrometheusAPI: Sendable {
    /// Without user, query and trailing slash, fit for messages.
    package let location: String
    let base: String
    private let client: HTTPClient
    private let pool: BlockingPool

    /// - Parameter url: with the server's route prefix, if it has one: "http://prometheus:9090".
    package init(url: String, client: HTTPClient, pool: BlockingPool) {
        base = String(url.prefix(url.count - url.reversed().prefix { $0 == "/" }.count))
        location = String(HTTPRequest("GET", base).summary.dropFirst("GET ".count))
        self.client = client
        self.pool = pool
    }

    // MARK: Status

    /// The server's command-line flags, without dashes: "web.enable-admin-api": "true".
    package func flags() async throws -> [String: String] { try await get("/api/v1/status/flags") }

    package struct RuntimeInfo: Decodable, Sendable {
        /// The server's working directory, to which a relative `storage.tsdb.path` refers.
        package var workingDirectory: String
        /// What applies, also where no flag says so: "15d", "512MiB", "15d or 512MiB".
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

    /// Whether the server serves queries; false while it opens its TSDB.
    package func isReady() async throws -> Bool { try await plain("/-/ready") }

    /// Whether the process is up.
    package func isHealthy() async throws -> Bool { try await plain("/-/healthy") }

    /// The server's clock, in seconds since 1970; nil where a proxy hides it.
    package func clock() async throws -> Int? { try await perform(HTTPRequest("GET", base + "/-/healthy")).0.date }

    // MARK: Snapshot

    /// Makes a snapshot: hard links to all blocks and, unless `skipHead`, a new block of what is in the head.
    ///
    /// The server goes on when this call is cancelled or its answer is lost; the snapshot is then there all the same.
    /// - Returns: its name, a directory in `snapshots/` of the data directory.
    package func snapshot(skipHead: Bool) async throws -> String {
        struct Snapshot: Decodable { var name: String }
        // No byte comes back until the head is written: allow for a large one and for a compaction before it.
        var request = HTTPRequest(
            "POST", "\(base)/api/v1/admin/tsdb/snapshot?skip_head=\(skipHead)", stallTimeout: .seconds(3600))
        request.isSentOnce = true
        let snapshot: Snapshot = try await call(request)
        return snapshot.name
    }

    // MARK: Data

    /// An instant query.
    /// - Parameter time: seconds since 1970; nil for now.
    package func query(_ expression: String, at time: Double? = nil) async throws -> QueryResult {
        var form = "query=\(Self.encoded(expression))"
        if let time { form += "&time=\(time)" }
        return try await call(
            HTTPRequest(
                "POST", base + "/api/v1/query",
                headers: [("Content-Type", "application/x-www-form-urlencoded")], body: .text(form)))
    }

    /// One of the server's own metrics, from `/metrics`: the sum over its labels. Nil where the page has no finite sample
    /// of that name.
    package func metric(_ name: String) async throws -> Double? {
        let request = HTTPRequest("GET", base + "/metrics")
        let (response, body) = try await perform(request)
        guard response.isSuccess else {
            throw PrometheusAPIError(response, body: body, operation: request.summary)
        }
        var sum: Double?
        for line in String(decoding: body, as: UTF8.self).split(separator: "\n") where line.hasPrefix(name) {
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
        try await call(HTTPRequest("GET", base + path))
    }

    private func plain(_ path: String) async throws -> Bool {
        let request = HTTPRequest("GET", base + path)
        let (response, body) = try await perform(request)
        if response.isSuccess { return true }
        if response.status == 503 { return false }
        throw PrometheusAPIError(response, body: body, operation: request.summary)
    }

    func call<Content: Decodable & Sendable>(_ request: HTTPRequest) async throws -> Content {
        let (response, body) = try await perform(request)
        guard response.isSuccess, let answer = try? JSONDecoder().decode(Answer<Content>.self, from: Data(body)),
            answer.status == "success", let content = answer.data
        else { throw PrometheusAPIError(response, body: body, operation: request.summary) }
        return content
    }

    private func perform(_ request: HTTPRequest) async throws -> (HTTPResponse, [UInt8]) {
        do {
            return try await pool.run { [client] in try client.send(request, limit: 64 << 20) }
        } catch let error as HTTPError {
            throw PrometheusAPIError(error)
        }
    }

    /// Everything but RFC 3986's unreserved characters in percent-encoding.
    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
            }
        }
        return result
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
    /// One without labels for a scalar or a string. A histogram has no `value`.
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
