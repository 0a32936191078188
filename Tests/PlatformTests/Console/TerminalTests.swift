import Foundation
import Platform
import Testing

@Suite struct TerminalTests {
    @Test(arguments: [
        ("plain", 5), ("漢字", 4), ("e\u{301}", 1), ("🙂x", 3), ("", 0), ("ｆｕｌｌ", 8), ("ﾊﾝ", 2),
    ])
    func `wide characters take two columns and combining marks take none`(text: String, columns: Int) {
        #expect(Terminal.columns(of: text) == columns)
    }

    @Test(arguments: [
        ("0123456789", 4, "0123"), ("漢字漢字", 5, "漢字"), ("short", 80, "short"), ("e\u{301}xy", 2, "e\u{301}x"),
        ("x", 0, ""),
    ])
    func `a line is cut to the columns that it may take`(line: String, columns: Int, cut: String) {
        #expect(Terminal.cut(line, to: columns) == cut)
        #expect(Terminal.columns(of: Terminal.cut(line, to: columns)) <= columns)
    }
}
