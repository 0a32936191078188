/// A file that is compiled into the program: `/assets/NAME`.
package struct Asset: Sendable {
    package var name: String
    package var type: String
    package var text: String

    package init(name: String, type: String, text: String) { (self.name, self.type, self.text) = (name, type, text) }

    /// All of them.
    static let all: [Asset] = [stylesheet, icon, filesScript, runStyles, runScript, retentionScript]

    static let icon = Asset(
        name: "icon.svg", type: "image/svg+xml",
        text: """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b6e5f"/>\
            <path d="M9 16a7 7 0 1 1 2.2 5.1" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/>\
            <path d="M6 14.5l3 3.5 3.6-3" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" \
            stroke-linejoin="round"/></svg>

            """)
}
