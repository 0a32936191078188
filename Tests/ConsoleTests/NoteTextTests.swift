import Testing

@testable import Console

/// Messages of the program on pages.
@Suite struct NoteTextTests {
    @Test(arguments: [
        ("plain & <b>", "plain &amp; &lt;b&gt;"),
        ("run `dr list`, then `dr show`", "run <code>dr list</code>, then <code>dr show</code>"),
        ("`<i>` \"x\"", "<code>&lt;i&gt;</code> &quot;x&quot;"),
        ("one ` alone", "one ` alone"), ("`a` and ` alone", "<code>a</code> and ` alone"), ("``", "<code></code>"),
        ("it failed\nhint: run `dr <x>`", "it failed<br><span class=\"hint\">Run <code>dr &lt;x&gt;</code>.</span>"),
        ("hint: docs/keys.md", "<span class=\"hint\">docs/keys.md.</span>"),
        ("hint: ask!", "<span class=\"hint\">Ask!</span>"), ("two\nlines", "two<br>lines"), ("", ""), ("`", "`"),
        ("a hint: in a line", "a hint: in a line"),
    ])
    func `a message is escaped, with code and hints marked`(text: String, html: String) {
        #expect(NoteText(text).html == html)
    }

    @Test func `pages show commands as code and hints as sentences`() async throws {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        try await console.backUp()
        let page = await console.get("/").text
        #expect(page.contains("<code>dr drill --scenario complete_cluster_loss</code>"))
        #expect(!page.contains("`") && !page.contains("hint:"))
        let failure = await console.get("/sets/20200101T000000Z").text
        #expect(failure.contains("<code>dr list</code>") && !failure.contains("`"))
    }
}
