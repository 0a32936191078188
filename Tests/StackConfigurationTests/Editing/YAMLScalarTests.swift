import Documents
import Testing

@testable import StackConfiguration

@Suite struct YAMLScalarTests {
    @Test(arguments: [
        "/srv/data", "a: b", "it's \"quoted\" \\ here", "two\nlines", "tab\tand\rreturn", "\u{85}", "\u{2028}\u{2029}",
        "\u{FEFF}", "\u{FFFE}\u{FFFF}", "\u{202E}", "ü👩‍👩‍👧", "", "# no comment", "\u{1}\u{7F}",
    ])
    func `a text is one line, and comes back`(text: String) throws {
        let quoted = YAMLScalar.quoted(text)
        #expect(!quoted.unicodeScalars.contains { "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains($0) })
        let node = try #require(YAMLNode.composed(ofServer: "a: \(quoted)"))
        #expect(node["a"]?.scalar?.string.unicodeScalars.elementsEqual(text.unicodeScalars) == true, "\(quoted)")
    }

    @Test(arguments: [
        "0123", "2024", "1.5", "1e3", "0x1F", "12:30:45", "2024-04-01", "true", "No", "on", "null", ".inf",
    ])
    func `a text that looks like another value stays text`(text: String) throws {
        let node = try #require(YAMLNode.composed(ofServer: "a: \(YAMLScalar.quoted(text))"))
        #expect(node["a"]?.kindForPeople == "text" && node["a"]?.scalar?.string == text)
    }
}
