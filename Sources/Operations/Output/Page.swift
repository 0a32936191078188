internal import Mustache
package import Platform

/// A self-contained page with a picture, tables and notes.
package struct Page {
    package var title: String
    /// The picture as SVG with escaped text.
    package var picture: String
    package var tables: [Table]
    /// The notes as plain text.
    package var notes: [String]

    package init(title: String, picture: String, tables: [Table], notes: [String] = []) {
        self.title = title
        self.picture = picture
        self.tables = tables
        self.notes = notes
    }

    /// The page as HTML; Mustache escapes every text in it.
    package func html() throws -> String {
        try MustacheTemplate(Self.template, escape: MustacheTemplate.html).render(
            View(title: title, picture: picture, tables: tables.map(\.view), hasNotes: !notes.isEmpty, notes: notes))
    }

    private struct View {
        var title: String
        var picture: String
        var tables: [Table.View]
        var hasNotes: Bool
        var notes: [String]
    }

    private static let template = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{title}}</title>
        <style>
        body { font-family: system-ui, "DejaVu Sans", Arial, sans-serif; margin: 2em auto; max-width: 1000px; color: #1f2933; }
        svg { max-width: 100%; height: auto; }
        table { border-collapse: collapse; margin: 1.5em 0; font-size: 14px; }
        th, td { padding: 4px 12px; border-bottom: 1px solid #e3e8ee; text-align: left; vertical-align: top; }
        .right { text-align: right; font-variant-numeric: tabular-nums; }
        </style>
        </head>
        <body>
        {{{picture}}}
        {{#tables}}
        <table>
        <tr>{{#titles}}<th{{#isRight}} class="right"{{/isRight}}>{{text}}</th>{{/titles}}</tr>
        {{#rows}}
        <tr>{{#cells}}<td{{#isRight}} class="right"{{/isRight}}>{{text}}</td>{{/cells}}</tr>
        {{/rows}}
        </table>
        {{/tables}}
        {{#hasNotes}}
        <ul>
        {{#notes}}
        <li>{{.}}</li>
        {{/notes}}
        </ul>
        {{/hasNotes}}
        </body>
        </html>

        """
}
