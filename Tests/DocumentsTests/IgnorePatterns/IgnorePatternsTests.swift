import Foundation
import Lab
import Testing

@testable import Documents

@Suite struct IgnorePatternsTests {
    /// Patterns as users write them, and every rule of gitignore(5) at least once.
    private static let spellings: [[String]] = [
        ["cache"], ["cache/"], ["/cache"], ["/cache/"], ["**/cache"], ["**/cache/"], ["a/**/cache"], ["cache/**"],
        ["a/b/cache"], ["a/*/cache"], ["*.tmp"], ["a/b/*.tmp"], ["/*.tmp"], ["*"], ["**"], ["/*"], ["*/"], ["a/**"],
        ["**/b/**"], ["a/**/**/cache"], ["a**"], ["a/**b"], ["***"], ["a/***/cache"], ["?"], ["a/?"], ["??*"],
        ["*", "!cache"], ["*.tmp", "!x.tmp"], ["!x.tmp", "*.tmp"], ["/*", "!/a", "/a/*", "!/a/b"],
        ["cache", "!/cache"],
        ["a "], ["a\\ "], ["a\\  "], ["a   "], ["  a"], ["a b"], ["\\#x"], ["\\!x"], ["\\a"], ["a\\*"], ["\\*"],
        ["[ab]"], ["[!a]"], ["[^a]"], ["[a-c]*"], ["[]x]"], ["[!]x]"], ["[a-]"], ["[-a]"], ["[\\]]"], ["[a\\-c]"],
        ["[[:digit:]]*"], ["[[:alpha:][:digit:]]"], ["[![:lower:]]"], ["[[:x]"], ["x[/]y"], ["a[!b]c"], ["*[.]tmp"],
        ["c*e"], ["c*h*"], ["*c*c*"], ["a/b"], ["b/c"], ["ü*"], ["?ü"], ["cache*/**/f"], ["*/cache"], ["*/*/f"],
        ["a/b/c/d/"], ["**/f"], ["**/*.tmp"], ["a\\/b"], ["!*"], ["[a-b-c]"], ["[--0]"],
    ]

    private static let paths = [
        "a/", "a/b/", "a/b/cache/", "a/b/cache/f", "a/b/c/", "a/b/c/cache/", "a/b/c/cache/f", "a/b/c/d/", "a/b/y.tmp",
        "a/x.tmp", "a/f", "cache/", "cache/f", "cache/x.tmp", "cache2/", "cache2/sub/", "cache2/sub/f", "x.tmp", "f",
        "a ",
        "a b", " a", "#x", "!x", "a*", "*", "]", "[", "-", "x", "9", "9x", "Z", "ü", "üx", "aü", "ab", "abc", "axc",
        "a-c",
        "q/", "q/y", "b/", "b/c", "b/cache", "a.tmp/", "a.tmp/f", "\\", "\\a", "[:x", ":", "[x", "a[",
    ]

    /// A small random generator with a fixed seed, so that a failure can be repeated.
    private struct Chance: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    /// Returns patterns that no user would write.
    private static func strange(_ count: Int) -> [[String]] {
        var chance = Chance(state: 0x9E37_79B9_7F4A_7C15)
        let pieces = [
            "a", "b", "c", "cache", "f", "x", ".tmp", "/", "/", "*", "**", "**/", "?", "[ab]", "[!x]", "[a-f]", " ",
            "\\a",
        ]
        return (0..<count).map { _ in
            (0..<Int.random(in: 1...2, using: &chance)).map { _ in
                (Bool.random(using: &chance) ? "" : Bool.random(using: &chance) ? "!" : "/")
                    + (0..<Int.random(in: 1...5, using: &chance)).map { _ in
                        pieces.randomElement(using: &chance) ?? ""
                    }.joined()
            }
        }
    }

    /// Compares with git itself on real files, for patterns that users write and for random patterns.
    @Test func `every ignore pattern matches the same paths as in git`() async throws {
        let folder = try TemporaryFolder("ignore")
        for path in Self.paths where path.hasSuffix("/") {
            try FileManager.default.createDirectory(
                at: folder.url.appending(path: path), withIntermediateDirectories: true)
        }
        var entries: [(path: String, isDirectory: Bool)] = []
        for path in Self.paths {
            let isDirectory = path.hasSuffix("/")
            let name = isDirectory ? String(path.dropLast()) : path
            if !isDirectory { try Data().write(to: URL(filePath: "\(folder.path)/\(name)")) }
            entries.append((name, isDirectory))
        }
        #expect(try await CommandRun.run("/usr/bin/env", ["git", "init", "-q", folder.path]).status == 0)
        try Data(entries.map { "./\($0.path)\0" }.joined().utf8).write(to: folder.url.appending(path: ".git/asked"))
        var asked = 0
        for texts in Self.spellings + Self.strange(250) {
            // A pattern that `dr` refuses matches nothing in git either.
            let good = texts.filter { (try? IgnorePattern($0)) != nil }
            try Data(texts.map { "\($0)\n" }.joined().utf8).write(to: folder.url.appending(path: ".gitignore"))
            let run = try await CommandRun.run(
                "/bin/sh",
                [
                    "-c",
                    "git check-ignore --no-index -v -n -z --stdin < .git/asked | tr '\\0' '\\n'",
                ], in: folder.url)
            let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
            let patterns = try IgnorePatterns(good)
            for (number, entry) in entries.enumerated() {
                guard lines.count > number * 4 + 3 else { break }
                // Source, line, pattern and path; the source is empty if no pattern matches.
                let verdict = lines[number * 4 + 2]
                let expected = !verdict.isEmpty && !verdict.hasPrefix("!")
                asked += 1
                #expect(
                    ignores(entry.path, isDirectory: entry.isDirectory, by: patterns) == expected,
                    "\(texts) and '\(entry.path)': git says \(expected)")
            }
        }
        #expect(asked > 10_000)
    }

    /// Tests the parents first, as a walk does, because it does not enter a skipped directory.
    private func ignores(_ path: String, isDirectory: Bool, by patterns: IgnorePatterns) -> Bool {
        let parts = path.split(separator: "/")
        for depth in 1..<max(parts.count, 1)
        where patterns.ignores(Array(parts[..<depth].joined(separator: "/").utf8), isDirectory: true) { return true }
        return patterns.ignores(Array(path.utf8), isDirectory: isDirectory)
    }

    @Test(arguments: [
        "", " ", "/", "!", "!/", "#cache", "./cache", "../x", "a/../b", "a/./b", "a//b", "//a", "[ab", "a\\", "a[",

        "[[:nothing:]]", "[/]",
    ]) func `a pattern that can match nothing is refused with a hint`(text: String) {
        let error = #expect(throws: IgnorePatternError.self) { try IgnorePatterns([text]) }
        #expect(error?.hint?.isEmpty == false && error?.pattern == text)
    }

    @Test func `names that are not UTF-8 match as bytes`() throws {
        let patterns = try IgnorePatterns(["?x", "dir/*"])
        #expect(patterns.ignores([0xFF, UInt8(ascii: "x")], isDirectory: false))
        #expect(patterns.ignores(Array("dir/".utf8) + [0xFE], isDirectory: false))
        #expect(!patterns.ignores([0xFF], isDirectory: false))
    }

    /// Matching takes one pass for any pattern: a name from a hostile tree must not delay a backup.
    @Test func `many stars and a long name take no time`() throws {
        let patterns = try IgnorePatterns([String(repeating: "*a", count: 40) + "b"])
        #expect(!patterns.ignores(Array(repeating: UInt8(ascii: "a"), count: 4000), isDirectory: false))
    }
}
