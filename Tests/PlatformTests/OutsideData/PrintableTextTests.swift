import Foundation
import Platform
import Testing

@Suite struct PrintableTextTests {
    @Test(arguments: [
        ("plain ü 漢字 \\n", "plain ü 漢字 \\n"), ("a\u{1B}]0;title\u{7}", "a\\x1b]0;title\\x07"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\u{9B}31m", "\\x9b31m"), ("\u{7F}", "\\x7f"), ("gpj\u{202E}.exe", "gpj\\u{202e}.exe"),
        ("\u{2066}x\u{2069}\u{2028}", "\\u{2066}x\\u{2069}\\u{2028}"), ("a\r\nb", "a\\r\\nb"), ("\0", "\\x00"),
        ("\u{FEFF}a\u{FFFF}", "\\u{feff}a\\u{ffff}"),
    ])
    func `a name cannot act on a terminal or end a line`(name: String, shown: String) {
        #expect(name.printable == shown)
    }

    @Test func `text of several lines keeps its line ends and tabs`() {
        #expect("dr: a\u{1B}[2J\n\thint: b\r".printableLines == "dr: a\\x1b[2J\n\thint: b\\r")
    }

    @Test func `JSON escapes terminal control characters and keeps the value`() throws {
        let name = "a\u{9B}31m\u{202E}\u{7F}\n\u{1B}ü"
        let json = String(decoding: try JSONEncoder().encode([name]), as: UTF8.self).jsonForTerminals
        let bad = json.unicodeScalars.filter { $0.isUnprintable }
        #expect(bad.isEmpty)
        let decoded = try JSONDecoder().decode([String].self, from: Data(json.utf8))
        #expect(decoded == [name])
    }
}
