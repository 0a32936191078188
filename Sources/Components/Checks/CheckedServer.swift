package import Documents
internal import FoundationEssentials
package import HTTP
internal import Platform

/// A server of the stack for checks: its URL, and a client with its credentials.
package struct CheckedServer: Sendable {
    package let url: String
    private let client: HTTPClient
    private let headers: [HTTPHeaders.Field]

    package init(url: String, client: HTTPClient, headers: [HTTPHeaders.Field] = []) {
        self.url = url
        self.client = client
        self.headers = headers
    }

    package struct Answer: Sendable {
        package var status: Int
        package var body: [UInt8]

        /// The start of the body, as one short line that fits into a table.
        package var excerpt: String { CheckedServer.excerpt(of: body) }
    }

    /// The beginning of a response in one short line.
    static func excerpt(of body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(300), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return line.count > 120 ? line.prefix(120) + "…" : line
    }

    /// - Parameter timeLimit: the longest time without any byte; nil for the client's default.
    package func get(
        _ path: String, _ query: [(String, String)] = [], headers extra: [(String, String)] = [],
        timeLimit: Duration? = nil
    ) throws -> Answer {
        try send("GET", path, query: query, headers: extra, body: nil, timeLimit: timeLimit)
    }

    /// - Throws: ``CheckFailure`` unless the response is a success and JSON.
    package func json(
        _ path: String, _ query: [(String, String)] = [], headers extra: [(String, String)] = [],
        timeLimit: Duration? = nil
    ) throws -> JSONValue {
        try Self.json(try get(path, query, headers: extra, timeLimit: timeLimit), "GET \(path)")
    }

    /// - Throws: ``CheckFailure`` unless the response is a success.
    @discardableResult
    package func write(
        _ method: String, _ path: String, body: [UInt8], type: String = "application/json",
        headers extra: [(String, String)] = []
    ) throws -> Answer {
        let answer = try send(method, path, query: [], headers: extra + [("Content-Type", type)], body: body)
        guard (200..<300).contains(answer.status) else {
            throw CheckFailure("HTTP \(answer.status)", "\(method) \(path): HTTP \(answer.status): \(answer.excerpt)")
        }
        return answer
    }

    private func send(
        _ method: String, _ path: String, query: [(String, String)], headers extra: [(String, String)], body: [UInt8]?,
        timeLimit: Duration? = nil
    ) throws -> Answer {
        let text = query.map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }.joined(separator: "&")
        var request = HTTPRequest(method, url + path + (text.isEmpty ? "" : "?\(text)"), body: body.map { .bytes($0) })
        if let timeLimit { request.stallTimeout = timeLimit }
        request.headers = headers + extra.map { (name: $0.0, value: $0.1) }
        let (response, content) = try client.send(request)
        return Answer(status: response.status, body: content)
    }

    private static func json(_ answer: Answer, _ operation: String) throws -> JSONValue {
        guard (200..<300).contains(answer.status) else {
            throw CheckFailure("HTTP \(answer.status)", "\(operation): HTTP \(answer.status): \(answer.excerpt)")
        }
        guard let value = try? JSONValue(parsing: answer.body) else {
            throw CheckFailure("no JSON", "\(operation): the response is not valid JSON: \(answer.excerpt)")
        }
        return value
    }

    package static func encoded(_ text: String) -> String {
        PercentEncoding.encode(text)
    }
}
