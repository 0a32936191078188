internal import JSONText

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

    /// Selectors that together mean the streams of a window, as far as one label tells them apart.
    func selectors(in window: Range<Int>, limit: Int) throws -> [String] {
        let labels = try server.json("/loki/api/v1/labels", Self.span(window), headers: headers)
        // Loki's own labels are on every stream, and tell the least.
        let names = (labels["data"]?.array ?? []).compactMap(\.text).filter { !$0.hasPrefix("__") }.sorted()
        guard let name = names.first(where: { $0 != "filename" }) ?? names.first else { return [] }
        let path = "/loki/api/v1/label/\(CheckedServer.encoded(name))/values"
        let values = try server.json(path, Self.span(window), headers: headers)
        let all = (values["data"]?.array ?? []).compactMap(\.text).sorted()
        return all.prefix(limit).map { value in
            "{\(name)=\"\(value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"}"
        }
    }

    /// Lines from the window's start, each with its time and its stream, in a fixed order.
    func lines(_ selector: String, in window: Range<Int>, limit: Int) throws -> [String] {
        let query = [("query", selector), ("limit", "\(limit)"), ("direction", "forward")] + Self.span(window)
        let answer = try server.json("/loki/api/v1/query_range", query, headers: headers)
        let streams = answer["data"]?["result"]?.array ?? []
        return streams.flatMap { stream in
            let labels = String(decoding: (stream["stream"] ?? .null).compact, as: UTF8.self)
            return (stream["values"]?.array ?? []).map { value in
                "\(value.array?.first?.text ?? "") \(labels) \(value.array?.dropFirst().first?.text ?? "")"
            }
        }.sorted()
    }

    /// An instant query with a number, or several, for its answer.
    func logQL(_ expression: String, at time: Int) throws -> JSONValue {
        let query = [("query", expression), ("time", "\(time)000000")]
        return try server.json("/loki/api/v1/query", query, headers: headers)["data"]?["result"] ?? .null
    }

    func push(_ line: String, labels: JSONValue, at time: Int) throws {
        let body: JSONValue = ["streams": [["stream": labels, "values": [[.string("\(time)000000"), .string(line)]]]]]
        try server.write("POST", "/loki/api/v1/push", body.compact, headers: headers)
    }
}
