import Testing

@testable import Mustache

@Suite struct MustacheTemplateTests {
    private struct Page {
        var title: String
        var count: Int?
        var rows: [Row]
    }

    private struct Row {
        var name: String
        var isNew: Bool
    }

    @Test func `structs, lists and nil are values`() throws {
        let template = try MustacheTemplate(
            "{{title}}: {{count}}{{#rows}}{{name}}{{#isNew}}*{{/isNew}};{{/rows}}{{^count}}none{{/count}}",
            escape: MustacheTemplate.html)
        let page = Page(title: "A & B", count: nil, rows: [Row(name: "x", isNew: true), Row(name: "y", isNew: false)])
        #expect(template.render(page) == "A &amp; B: x*;y;none")
    }

    @Test(arguments: [
        ("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
        ("\" onload=\"x", "&quot; onload=&quot;x"),
    ]) func `hostile text is escaped for HTML`(_ text: String, _ expected: String) throws {
        let template = try MustacheTemplate("{{.}}", escape: MustacheTemplate.html)
        #expect(template.render(text) == expected)
    }

    @Test(arguments: [
        ("line\n{{#a}}", 2, "'a' has no end"), ("{{/a}}", 1, "'a' ends and has not begun"),
        ("{{#a}}{{/b}}", 1, "'b' ends inside of 'a'"), ("{{a", 1, "a tag has no end"),
        ("{{ }}", 1, "a tag has no name"),
        ("{{={{}}=}}", 1, "expected two delimiters"),
    ]) func `a wrong template is refused with its line`(_ source: String, _ line: Int, _ problem: String) {
        #expect(throws: MustacheError(line: line, problem: problem)) {
            try MustacheTemplate(source, escape: MustacheTemplate.plain)
        }
    }

    @Test func `a template that includes itself ends`() throws {
        let template = try MustacheTemplate("x{{>self}}", escape: MustacheTemplate.plain)
        #expect(template.render([String: Any](), partials: ["self": template]).count == 65)
    }
}
