internal import Components
internal import Documents

/// The few things that checks read from a Loki, as one tenant. Times are milliseconds since 1970.
struct LokiReading {
    private let server: CheckedServer
    private let tenant: String?

    init(_ server: CheckedServer, tenant: String?) {
        self.server = server
        self.tenant = tenant
    }

    private var headers: [(String, String)] { tenant.map { [("X-Scope-OrgID", $0)] } ?? [] }

    private static func span(_ window: Range<Int>) -> [(String, String)] {
        [("start", "\(window.lowerBound)000000"), ("end", "\(window.upperBound)000000")]
    }

    /// - Throws: ``CheckFailure``; of a server that wants a tenant, with the setting that names one.
    private func json(_ path: String, _ query: [(String, String)]) throws -> JSONValue {
        do {
            return try server.json(path, query, headers: headers)
        } catch let failure as CheckFailure where tenant == nil && failure.reason.contains("no org id") {
            throw CheckFailure(
                failure.measured,
                "\(failure.reason): every query must name its tenant (auth_enabled): set `checks: {tenants: [...]}`")
        }
    }

    /// Selectors that together mean the streams of a window, as far as one label tells them apart.
    func selectors(in window: Range<Int>, limit: Int) throws -> [String] {
        let labels = try json("/loki/api/v1/labels", Self.span(window))
        // Loki's own labels are on every stream, and tell the least.
        let names = (labels["data"]?.array ?? []).compactMap(\.text).filter { !$0.hasPrefix("__") }.sorted()
        guard let name = names.first(where: { $0 != "filename" }) ?? names.first else { return [] }
        let path = "/loki/api/v1/label/\(CheckedServer.encoded(name))/values"
        let values = try json(path, Self.span(window))
        let all = (values["data"]?.array ?? []).compactMap(\.text).sorted()
        return all.prefix(limit).map { value in
            "{\(name)=\"\(value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"}"
        }
    }

    /// Lines from the window's start, or its newest ones, each with its time and its stream, in a fixed order.
    ///
    /// Of the newest ones, lines of the same time may be cut anywhere: where there are more than `limit`, those of the
    /// oldest time in the answer are dropped.
    func lines(_ selector: String, in window: Range<Int>, limit: Int, newest: Bool = false) throws -> [String] {
        let direction = newest ? "backward" : "forward"
        let query = [("query", selector), ("limit", "\(limit)"), ("direction", direction)] + Self.span(window)
        let answer = try json("/loki/api/v1/query_range", query)
        let streams = answer["data"]?["result"]?.array ?? []
        var lines = streams.flatMap { stream in
            let labels = String(decoding: (stream["stream"] ?? .null).compact, as: UTF8.self)
            return (stream["values"]?.array ?? []).map { value in
                let time = value.array?.first?.text ?? ""
                return (time: time, text: "\(time) \(labels) \(value.array?.dropFirst().first?.text ?? "")")
            }
        }
        // Times are nanoseconds, of the same number of digits.
        if newest, lines.count >= limit, let oldest = lines.map(\.time).min() { lines.removeAll { $0.time == oldest } }
        return lines.map(\.text).sorted()
    }

    /// An instant query with a number, or several, for its answer.
    func logQL(_ expression: String, at time: Int) throws -> JSONValue {
        let query = [("query", expression), ("time", "\(time)000000")]
        return try json("/loki/api/v1/query", query)["data"]?["result"] ?? .null
    }

    func push(_ line: String, labels: JSONValue, at time: Int) throws {
        let body: JSONValue = ["streams": [["stream": labels, "values": [[.string("\(time)000000"), .string(line)]]]]]
        try server.write("POST", "/loki/api/v1/push", body.compact, headers: headers)
    }
}
