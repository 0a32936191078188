internal import Mustache

/// A message of the program as HTML: all of it is escaped, the text between two backticks is code, and a line
/// `hint: …` is a sentence. Templates insert ``html`` as it is.
struct NoteText: Sendable {
    let html: String

    init(_ text: String) {
        html = text.split(whereSeparator: \.isNewline).map { line in
            guard line.hasPrefix("hint: ") else { return Self.marked(line) }
            return "<span class=\"hint\">\(Self.marked(Self.sentence(line.dropFirst(6))))</span>"
        }
        .joined(separator: "<br>")
    }

    /// A sentence that begins with a capital, unless it begins with a path or a name.
    private static func sentence(_ text: Substring) -> String {
        let sentence = String(text).sentence
        let isName = text.prefix { $0 != " " }.dropLast().contains { "/._=".contains($0) }
        return isName ? String(text.prefix(1)) + sentence.dropFirst() : sentence
    }

    /// Escapes a line, and marks what stands between two backticks. A backtick without a second one is text.
    private static func marked(_ line: some StringProtocol) -> String {
        var parts = line.split(separator: "`", omittingEmptySubsequences: false).map { String($0) }
        if parts.count.isMultiple(of: 2), let last = parts.popLast() {
            parts[parts.count - 1] += "`" + last
        }
        return parts.enumerated().map { number, part in
            let escaped = MustacheTemplate.html(part)
            return number.isMultiple(of: 2) ? escaped : "<code>\(escaped)</code>"
        }
        .joined()
    }
}
