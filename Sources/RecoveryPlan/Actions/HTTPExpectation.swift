internal import Documents

/// What an answer must be: `{status: [200, 204], body: "ready", json: {/status: success}}`.
struct HTTPExpectation: Equatable, Sendable, CustomStringConvertible {
    /// Any of 2xx where it is empty.
    var status: [Int] = []
    /// Must be somewhere in the body.
    var body: String?
    /// By JSON Pointer (RFC 6901), what must be there.
    var json: [String: JSONValue] = [:]

    var description: String {
        var parts = ["HTTP \(status.isEmpty ? "2xx" : status.map(String.init).joined(separator: " or "))"]
        if let body { parts.append("'\(body)' in the body") }
        parts += json.sorted { $0.key < $1.key }.map { "\($0.key) = \(Self.text($0.value))" }
        return parts.joined(separator: ", ")
    }

    /// What is not as expected, for people; nil where all is.
    func refusal(status found: Int, body bytes: [UInt8]) -> String? {
        let isExpected = status.isEmpty ? (200..<300).contains(found) : status.contains(found)
        guard isExpected else { return "HTTP \(found)\(Self.excerpt(bytes)), not \(self)" }
        if let body, !String(decoding: bytes, as: UTF8.self).contains(body) {
            return "the body\(Self.excerpt(bytes)) does not contain '\(body)'"
        }
        guard !json.isEmpty else { return nil }
        guard let answer = try? JSONValue(parsing: bytes) else { return "the body\(Self.excerpt(bytes)) is no JSON" }
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

    /// The start of what a server says, in one line.
    private static func excerpt(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(400), as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .joined(separator: " ").prefix(200)
        return text.isEmpty ? "" : " (\(text))"
    }
}

extension HTTPExpectation: Section {
    static let keys: [Key<Self>] = [
        Key("status", \.status, as: .oneOrMore(.count(100...599)), about: "Status codes; any 2xx when left out."),
        Key("body", \.body, as: .argument, about: "Text that must be in the body."),
        Key(
            "json", \.json, as: .mapping(of: .json),
            about: "By JSON Pointer, such as /data/resultType, what must be there."),
    ]
}
