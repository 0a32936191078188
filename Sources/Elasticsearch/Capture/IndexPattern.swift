/// A multi-index expression, as Elasticsearch reads it: names and patterns with `*`, joined by commas. A part that
/// begins with `-` excludes names that earlier parts match.
package struct IndexPattern: Equatable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package func matches(_ name: String) -> Bool {
        var isMatched = false
        for part in text.split(separator: ",") {
            if part.first == "-" {
                if Self.glob(part.dropFirst(), name) { isMatched = false }
            } else if Self.glob(part, name) {
                isMatched = true
            }
        }
        return isMatched
    }

    /// Returns true if a name matches a pattern in which `*` stands for any text.
    static func glob(_ pattern: some StringProtocol, _ name: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return pattern == name }
        guard name.hasPrefix(first), name.hasSuffix(last), name.utf8.count >= first.utf8.count + last.utf8.count else {
            return false
        }
        var rest = name.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: String(part)) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
