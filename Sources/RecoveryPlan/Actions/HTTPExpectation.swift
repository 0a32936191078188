internal import Documents

/// The expected response: `{status: [200, 204], body: "ready", json: {/status: success}}`.
struct HTTPExpectation: Equatable, Sendable, CustomStringConvertible {
    /// The accepted status codes; empty for any 2xx.
    var status: [Int] = []
    /// Text that the body must contain.
    var body: String?
    /// The required values, by JSON Pointer (RFC 6901).
    var json: [String: JSONValue] = [:]

    var description: String {
        var parts = ["HTTP \(status.isEmpty ? "2xx" : status.map(String.init).joined(separator: " or "))"]
        if let body { parts.append("'\(body)' in the body") }
        parts += json.sorted { $0.key < $1.key }.map { "\($0.key) = \(Self.text($0.value))" }
        return parts.joined(separator: ", ")
    }

    /// Returns the difference from the expectation, for display; nil if the response is as expected.
    func refusal(status found: Int, body bytes: [UInt8]) -> String? {
        let isExpected = status.isEmpty ? (200..<300).contains(found) : status.contains(found)
        guard isExpected else { return "HTTP \(found)\(Self.excerpt(bytes)), not \(self)" }
        if let body, !String(decoding: bytes, as: UTF8.self).contains(body) {
            return "the body\(Self.excerpt(bytes)) does not contain '\(body)'"
        }
        guard !json.isEmpty else { return nil }
        guard let answer = try? JSONValue(parsing: bytes) else {
            return "the body\(Self.excerpt(bytes)) is not valid JSON"
        }
        for (pointer, wanted) in json.sorted(by: { $0.key < $1.key }) {
            let value = answer.value(at: pointer)
            guard value == wanted else {
                return "\(pointer) is \(value.map(Self.text) ?? "missing"), not \(Self.text(wanted))"
            }
        }
        return nil
    }

    private static func text(_ value: JSONValue) -> String {
        String(String(decoding: value.compact, as: UTF8.self).prefix(100))
    }

    /// Returns the start of a response, in one line.
    private static func excerpt(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(400), as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .joined(separator: " ").prefix(200)
        return text.isEmpty ? "" : " (\(text))"
    }
}

extension HTTPExpectation: Section {
    static let keys: [Key<Self>] = [
        Key("status", \.status, as: .oneOrMore(.count(100...599)), about: "Accepted status codes (default: any 2xx)."),
        Key("body", \.body, as: .argument, about: "Text that the body must contain."),
        Key(
            "json", \.json, as: .mapping(of: .json), about: "Required values, by JSON Pointer such as /data/resultType."
        ),
    ]
}
