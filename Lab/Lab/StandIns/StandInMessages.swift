package import Documents
internal import Foundation

/// A request to a stand-in.
package struct StandInRequest: Sendable {
    package var method: String
    /// The path as sent, percent-encoded: an encoded slash is not a separator.
    package var path: String
    /// The decoded query. Of parameters with the same name, the last one counts.
    package var query: [String: String]
    /// The headers, with names in lower case.
    package var headers: [String: String]
    package var body: [UInt8]

    package init(
        method: String, path: String, query: [String: String] = [:], headers: [String: String] = [:],
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    init(_ message: HTTPMessage) {
        let parts = message.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = (parts.count == 2 ? parts[1] : "").split(separator: "&").map { item in
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return pair.map { $0.removingPercentEncoding ?? String($0) }
        }
        self.init(
            method: message.method, path: parts.first.map(String.init) ?? "",
            query: Dictionary(query.map { ($0[0], $0.count == 2 ? $0[1] : "") }) { $1 },
            headers: Dictionary(message.headers.map { ($0.name.lowercased(), $0.value) }) { $1 }, body: message.body)
    }

    /// The decoded segments of the path.
    package var segments: [String] {
        path.split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
    }

    /// The body as JSON; nil if it is not valid JSON.
    package var json: JSONValue? { try? JSONValue(parsing: body) }

    /// The user and password of basic authentication.
    package var basicAuthorization: (user: String, password: String)? {
        guard let header = headers["authorization"], header.hasPrefix("Basic "),
            let data = Data(base64Encoded: String(header.dropFirst(6)))
        else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }

    package var bearerToken: String? {
        guard let header = headers["authorization"], header.hasPrefix("Bearer ") else { return nil }
        return String(header.dropFirst(7))
    }
}

package struct StandInAnswer: Sendable {
    package var status: Int
    package var headers: [String: String]
    package var body: [UInt8]

    package init(_ status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package static func json(_ status: Int = 200, _ value: JSONValue, headers: [String: String] = [:]) -> StandInAnswer
    {
        StandInAnswer(
            status, headers: headers.merging(["Content-Type": "application/json"]) { $1 }, body: value.compact)
    }

    /// JSON numbers that no server should send.
    package static let oddNumbers = [
        "-1", "-9223372036854775808", "9223372036854775807", "18446744073709551616", "1e400", "-0.5", "\"NaN\"", "null",
    ]

    /// Returns the response with each number replaced.
    /// - Parameter number: the JSON text of a number, such as one of ``oddNumbers``.
    package func withNumbers(_ number: String) -> StandInAnswer {
        let text = String(decoding: body, as: UTF8.self).replacing(#/:-?[0-9][0-9.eE+]*(?=[,}\]])/#) { _ in ":\(number)"
        }
        return StandInAnswer(status, headers: headers, body: Array(text.utf8))
    }

    /// The response as sent. That to a HEAD request has the length of the body, but no body.
    func bytes(isReplyTo method: String) -> [UInt8] {
        var fields = headers.map { (name: $0.key, value: $0.value) }
        if ![204, 304].contains(status) { fields.append((name: "Content-Length", value: "\(body.count)")) }
        let message = HTTPMessage("HTTP/1.1 \(status) Stand-in", headers: fields, body: method == "HEAD" ? [] : body)
        return message.bytes
    }

    package static func text(_ status: Int = 200, _ text: String) -> StandInAnswer {
        StandInAnswer(status, headers: ["Content-Type": "text/plain"], body: Array(text.utf8))
    }
}
