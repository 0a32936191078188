import Platform
import Testing

@testable import Operations

@Suite struct PageTests {
    @Test func `a page shows cells, titles and notes as text`() throws {
        var table = Table([("NAME", .left), ("SIZE", .right)])
        table.add(["a<b", "100"])
        let html = try Page(title: "x & y", picture: "<svg/>", tables: [table], notes: ["1 < 2"]).html()
        #expect(html.contains("<td>a&lt;b</td><td class=\"right\">100</td>"))
        #expect(html.contains("<title>x &amp; y</title>") && html.contains("<li>1 &lt; 2</li>"))
        #expect(html.contains("<svg/>"))
    }
}
