extension Asset {
    /// The one style sheet of the console.
    static let stylesheet = Asset(
        name: "console.css", type: "text/css; charset=utf-8",
        text: """
            :root { color-scheme: light dark; }

            """)
}
