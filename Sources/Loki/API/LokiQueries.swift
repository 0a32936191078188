internal import Components
internal import Documents
internal import HTTP

/// The queries and pushes of one tenant, for checks, recorded queries and canaries. Times are milliseconds since 1970.
/// All calls block: for a pool's thread.
struct LokiQueries {
    private let api: LokiAPI
    private let tenant: String?

    init(_ api: LokiAPI, tenant: String?) {
        self.api = api
        self.tenant = tenant
    }

    private var headers: [HTTPHeaders.Field] { tenant.map { [("X-Scope-OrgID", $0)] } ?? [] }

    private static func span(_ window: Range<Int>) -> [(String, String)] {
        [("start", "\(window.lowerBound)000000"), ("end", "\(window.upperBound)000000")]
    }

    /// - Throws: ``CheckFailure``; if the server requires a tenant, with the setting that names one.
    private func json(_ segments: [String], _ query: [(String, String)]) throws -> JSONValue {
        var request = api.client.request(
            "GET", segments: ["loki", "api", "v1"] + segments, query: query.map { (name: $0.0, value: $0.1) })
        request.headers += headers
        let answer = try api.client.perform(request)
        guard answer.isSuccess else {
            var failure = answer.failure
            if tenant == nil, failure.reason.contains("no org id") {
                failure.reason +=
                    ": every query must name its tenant (auth_enabled): set `checks: {tenants: [...]}`"
            }
            throw failure
        }
        guard let document = answer.document else {
            throw CheckFailure(
                "the answer is not JSON", "\(answer.operation): the answer is not JSON: \(answer.excerpt)")
        }
        return document
    }

    /// Selectors that together match the streams of a window, as far as one label distinguishes them.
    func selectors(in window: Range<Int>, limit: Int) throws -> [String] {
        let labels = try json(["labels"], Self.span(window))
        // Loki's own labels are on every stream, and distinguish the least.
        let names = (labels["data"]?.array ?? []).compactMap(\.text).filter { !$0.hasPrefix("__") }.sorted()
        guard let name = names.first(where: { $0 != "filename" }) ?? names.first else { return [] }
        let values = try json(["label", name, "values"], Self.span(window))
        let all = (values["data"]?.array ?? []).compactMap(\.text).sorted()
        return all.prefix(limit).map { value in
            "{\(name)=\"\(value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"}"
        }
    }

    /// Lines from the window's start, or its newest ones, each with its time and its stream, in a fixed order.
    ///
    /// The answer may end between lines of the same time: if there are more than `limit` newest lines, those of the
    /// oldest time in the answer are dropped.
    func lines(_ selector: String, in window: Range<Int>, limit: Int, newest: Bool = false) throws -> [String] {
        let direction = newest ? "backward" : "forward"
        let query = [("query", selector), ("limit", "\(limit)"), ("direction", direction)] + Self.span(window)
        let answer = try json(["query_range"], query)
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

    /// An instant query whose result is one number or several.
    func logQL(_ expression: String, at time: Int) throws -> JSONValue {
        let query = [("query", expression), ("time", "\(time)000000")]
        return try json(["query"], query)["data"]?["result"] ?? .null
    }

    func push(_ line: String, labels: JSONValue, at time: Int) throws {
        let body: JSONValue = ["streams": [["stream": labels, "values": [[.string("\(time)000000"), .string(line)]]]]]
        var request = api.client.request("POST", segments: ["loki", "api", "v1", "push"], json: body)
        request.headers += headers
        let answer = try api.client.perform(request)
        guard answer.isSuccess else { throw answer.failure }
    }
}
