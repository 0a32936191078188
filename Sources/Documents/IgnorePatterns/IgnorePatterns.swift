package import Platform

/// Patterns of paths to skip, with the meaning that gitignore(5) gives them; the last one that matches decides.
package struct IgnorePatterns: Sendable {
    private let patterns: [IgnorePattern]

    /// - Throws: ``IgnorePatternError`` for the first pattern that cannot match any path.
    package init(_ texts: [String]) throws(IgnorePatternError) {
        var patterns: [IgnorePattern] = []
        for text in texts { patterns.append(try IgnorePattern(text)) }
        self.patterns = patterns
    }

    package var isEmpty: Bool { patterns.isEmpty }

    /// Returns true if a path is skipped. A skipped directory includes all paths below it, which need not be tested.
    /// - Parameter path: relative to the tree's root, without a slash at its end.
    package func ignores(_ path: some BidirectionalCollection<UInt8>, isDirectory: Bool) -> Bool {
        patterns.last { $0.matches(path, isDirectory: isDirectory) }.map { !$0.isNegated } ?? false
    }
}

/// A pattern that cannot match any path.
package struct IgnorePatternError: OperationError, Equatable {
    /// The pattern as the user wrote it.
    package var pattern: String
    /// The cause, as the end of a sentence.
    package var reason: String
    /// The pattern to write instead.
    package var hint: String?

    package var reasonCode: String { "configuration" }
    package var place: ErrorPlace { ErrorPlace(object: pattern, text: "the pattern '\(pattern)' matches nothing") }
    package var detail: String { reason }
}

/// One pattern of gitignore(5), parsed.
struct IgnorePattern: Sendable {
    /// True if the pattern includes paths that an earlier pattern matched.
    let isNegated: Bool
    private let matchesDirectoriesOnly: Bool
    /// True if the pattern is compared with the whole path, not only with the last name.
    private let isAnchored: Bool
    /// The characters before the first special one.
    private let start: [UInt8]
    private let glob: Glob

    init(_ text: String) throws(IgnorePatternError) {
        func refuse(_ reason: String, _ hint: String) -> IgnorePatternError {
            IgnorePatternError(pattern: text, reason: reason, hint: hint)
        }
        var rest = Self.withoutSpacesAtEnd(Array(text.utf8))[...]
        guard rest.first != UInt8(ascii: "#") else {
            throw refuse("gitignore reads it as a comment", "write '\\\(text)' for names that begin with '#'")
        }
        isNegated = rest.first == UInt8(ascii: "!")
        if isNegated { rest.removeFirst() }
        matchesDirectoriesOnly = rest.last == Self.slash
        if matchesDirectoriesOnly { rest.removeLast() }
        isAnchored = rest.contains(Self.slash)
        if rest.first == Self.slash { rest.removeFirst() }
        guard !rest.isEmpty else {
            throw refuse("it does not name a path", "write a pattern such as '*.tmp' or '/cache'")
        }
        let names = rest.split(separator: Self.slash, omittingEmptySubsequences: false)
        for name in names {
            switch Array(name) {
            case Array(".".utf8):
                throw refuse(
                    "no path has a part '.'", "begin with '/' for a path in the component's folder: '/cache'")
            case Array("..".utf8):
                throw refuse("no path has a part '..'", "patterns are relative to the component's folder: '/cache'")
            case []: throw refuse("no path has an empty part", "write one '/' between names")
            default: break
            }
        }
        let start = rest.prefix { !Self.special.contains($0) }
        self.start = Array(start)
        do throws(Glob.Failure) { glob = try Glob(rest.dropFirst(start.count)) } catch {
            throw refuse(error.reason, "write '\\' before a character that has no special meaning")
        }
    }

    private static let slash = UInt8(ascii: "/")
    private static let special = Array("*?[\\".utf8)

    /// Removes the spaces at the end, except one after a backslash.
    private static func withoutSpacesAtEnd(_ text: [UInt8]) -> [UInt8] {
        var end = text.count
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "\\") {
                index += 1  // the next character is literal
                end = text.count
            } else if text[index] != UInt8(ascii: " ") {
                end = text.count
            } else if end == text.count {
                end = index
            }
            index += 1
        }
        return Array(text[..<end])
    }

    func matches(_ path: some BidirectionalCollection<UInt8>, isDirectory: Bool) -> Bool {
        if matchesDirectoriesOnly, !isDirectory { return false }
        guard !isAnchored else { return matches(all: path) }
        let name = path.lastIndex(of: Self.slash).map { path[path.index(after: $0)...] } ?? path[...]
        return matches(all: name)
    }

    private func matches(all text: some Collection<UInt8>) -> Bool {
        text.starts(with: start) && glob.matches(text.dropFirst(start.count))
    }
}
