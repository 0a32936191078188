internal import Mustache

/// The frame of every page: head, navigation, footer.
package struct Layout: Sendable {
    /// An entry of the navigation.
    package struct Entry: Sendable {
        package var path: String
        package var title: String

        package init(_ path: String, _ title: String) { (self.path, self.title) = (path, title) }
    }

    package var stack: String
    package var entries: [Entry]
    /// The version of the program, in the footer and in the addresses of the assets.
    package var version: String
    /// True if visitors sign in, and so may sign out.
    package var hasSignIn = false

    package init(stack: String, entries: [Entry], version: String) {
        (self.stack, self.entries, self.version) = (stack, entries, version)
    }

    /// - Parameters:
    ///   - content: HTML, with all values escaped.
    ///   - path: the path of the page, whose entry of the navigation is marked.
    ///   - scripts: the names of the page's scripts in `/assets/`.
    ///   - refresh: seconds after which a browser without scripts loads the page again; nil for never.
    package func page(
        title: String, content: String, path: String, note: String? = nil, scripts: [String] = [], refresh: Int? = nil
    ) throws -> String {
        let view = View(
            title: title, stack: stack, content: content, version: version, hasSignIn: hasSignIn,
            note: note.map(NoteText.init),
            entries: entries.map { entry in
                let isCurrent =
                    entry.path == "/" ? path == "/" : path == entry.path || path.hasPrefix(entry.path + "/")
                return View.Entry(path: entry.path, title: entry.title, isCurrent: isCurrent)
            }, scripts: scripts, refresh: refresh)
        return try Template.layout.render(view)
    }

    private struct View {
        struct Entry {
            var path: String
            var title: String
            var isCurrent: Bool
        }

        var title: String
        var stack: String
        var content: String
        var version: String
        var hasSignIn: Bool
        var note: NoteText?
        var entries: [Entry]
        var scripts: [String]
        var refresh: Int?
    }
}

/// A template that is compiled once; Mustache escapes every value in double braces.
package struct Template: Sendable {
    private let template: Result<MustacheTemplate, any Error>

    package init(_ text: String) {
        template = Result { try MustacheTemplate(text, escape: MustacheTemplate.html) }
    }

    package func render(_ view: some Any) throws -> String { try template.get().render(view) }

    static let layout = Template(
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{{title}} – {{stack}} – dr</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/assets/console.css?{{version}}">
        <link rel="stylesheet" href="/assets/runs.css?{{version}}">
        {{#scripts}}
        <script src="/assets/{{.}}?{{version}}" defer></script>
        {{/scripts}}
        {{#refresh}}
        <noscript><meta http-equiv="refresh" content="{{.}}"></noscript>
        {{/refresh}}
        </head>
        <body>
        <a class="skip" href="#content">Skip to content</a>
        <header class="bar">
        <a class="brand" href="/"><span class="mark" aria-hidden="true">dr</span> <span class="stack">{{stack}}</span></a>
        <nav aria-label="Pages">
        <ul>
        {{#entries}}
        <li><a href="{{path}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>{{title}}</a></li>
        {{/entries}}
        </ul>
        </nav>
        {{#hasSignIn}}
        <form class="sign-out" method="post" action="/sign-out"><button type="submit">Sign out</button></form>
        {{/hasSignIn}}
        </header>
        <main id="content" tabindex="-1">
        {{#note}}
        <p class="note" role="status">{{{html}}}</p>
        {{/note}}
        {{{content}}}
        </main>
        <footer class="foot">dr {{version}} · read-only console</footer>
        </body>
        </html>

        """)
}
