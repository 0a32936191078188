/// The text of a configuration as Alertmanager prints it: YAML in block form, each member on its own line.
///
/// It is searched line by line and not parsed: the text comes from a server, and a parser would follow its aliases.
package struct RunningConfiguration: Equatable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    /// One member that has a plain value.
    struct Member: Equatable {
        /// Keys and numbers of list items; an item with a `name:` first has that name: ["receivers", "hook", "url"].
        var path: [String]
        var value: String
        /// Number of its line, from 0, and the length of the value's text in it.
        var line: Int
        var length: Int

        /// True for an address that Alertmanager 0.26 and later hide: that of a webhook.
        var isWebhookURL: Bool {
            path.count == 5 && path[0] == "receivers" && path[2] == "webhook_configs" && path[4] == "url"
        }

        /// `receivers[hook].webhook_configs[0].url`.
        var place: String {
            path.enumerated().reduce(into: "") { place, part in
                let isItem = Int(part.element) != nil || (path.first == "receivers" && part.offset == 1)
                place += isItem ? "[\(part.element)]" : (place.isEmpty ? "" : ".") + part.element
            }
        }
    }

    /// The places at which the server shows `<secret>` instead of a value.
    package var hiddenPlaces: [String] { members.filter { $0.value == Self.hidden }.map(\.place) }

    /// The places of webhook URLs, which hold passwords and tokens, and which Alertmanager before 0.26 shows.
    package var shownURLs: [String] { members.filter { $0.isWebhookURL && $0.value != Self.hidden }.map(\.place) }

    /// The same configuration as Alertmanager 0.26 and later show it: without the URLs of webhooks.
    package var withoutURLs: RunningConfiguration {
        var lines = Self.lines(text)
        for member in members where member.isWebhookURL {
            lines[member.line] = lines[member.line].dropLast(member.length) + Self.hidden
        }
        return RunningConfiguration(lines.joined(separator: "\n"))
    }

    private static let hidden = "<secret>"

    private static func lines(_ text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// Globs of the files with templates for notifications.
    package var templates: [String] { members.filter { $0.path.count == 2 && $0.path[0] == "templates" }.map(\.value) }

    /// Files that the configuration names: those with secrets (`password_file`) and certificates (`ca_file`).
    package var files: [String] {
        var files: [String] = []
        for member in members where member.path.last?.hasSuffix("_file") == true && !member.value.isEmpty {
            if !files.contains(member.value) { files.append(member.value) }
        }
        return files
    }

    /// True if the text has the parts that every configuration has: a root route and receivers.
    package var isWhole: Bool { ["route", "receivers"].allSatisfy { sections[$0] != nil } }

    /// Names of the top-level sections in which two configurations differ.
    package func sectionsThatDiffer(from other: RunningConfiguration) -> [String] {
        let (own, others) = (sections, other.sections)
        return Set(own.keys).union(others.keys).filter { own[$0] != others[$0] }.sorted()
    }

    // MARK: Reading

    /// The lines of each top-level member.
    private var sections: [String: [Substring]] {
        var sections: [String: [Substring]] = [:]
        var name = ""
        for line in text.split(separator: "\n") where !line.hasPrefix("#") && line != "---" {
            if let first = line.first, !" -\t".contains(first), let end = line.firstIndex(of: ":") {
                name = String(line[..<end])
            }
            sections[name, default: []].append(line)
        }
        return sections
    }

    /// Levels of nesting that are followed. Alertmanager's own configurations have fewer than ten, routes apart.
    private static let deepest = 200

    var members: [Member] {
        struct Level {
            var indent: Int
            var name: String
            var isItem = false
            /// Items below it so far.
            var items = 0
        }
        var levels: [Level] = []
        var members: [Member] = []
        for (number, line) in Self.lines(text).enumerated() {
            func note(_ value: Substring) {
                members.append(
                    Member(
                        path: levels.map(\.name), value: Self.plain(value), line: number, length: value.count))
            }
            var rest = line.drop { $0 == " " }
            var indent = line.utf8.count - rest.utf8.count
            while rest.hasPrefix("- ") || rest == "-", levels.count < Self.deepest {
                levels.removeAll { $0.indent > indent || ($0.indent == indent && $0.isItem) }
                let index = levels.last?.items ?? 0
                if !levels.isEmpty { levels[levels.count - 1].items += 1 }
                levels.append(Level(indent: indent, name: "\(index)", isItem: true))
                rest = rest.dropFirst(2)
                indent += 2
                let inner = rest.drop { $0 == " " }
                indent += rest.utf8.count - inner.utf8.count
                rest = inner
            }
            guard let key = Self.key(rest) else {
                if levels.last?.isItem == true, levels.last.map({ $0.indent < indent }) == true, !rest.isEmpty {
                    note(rest)
                }
                continue
            }
            levels.removeAll { $0.indent >= indent }
            let value = rest[key.endIndex...].dropFirst().drop { $0 == " " }
            if key == "name", let last = levels.indices.last, levels[last].isItem, levels.first?.name == "receivers" {
                levels[last].name = Self.plain(value)
            }
            guard levels.count < Self.deepest else { continue }
            levels.append(Level(indent: indent, name: String(key)))
            if !value.isEmpty { note(value) }
        }
        return members
    }

    /// The key of `key: value` or `key:`; nil for a line that has none.
    private static func key(_ line: Substring) -> Substring? {
        guard let end = line.firstIndex(of: ":"), end != line.startIndex, !line.hasPrefix("'"), !line.hasPrefix("\"")
        else { return nil }
        let after = line.index(after: end)
        guard after == line.endIndex || line[after] == " " else { return nil }
        let key = line[..<end]
        return key.contains { " {[\"'".contains($0) } ? nil : key
    }

    /// A value without the quotes around it.
    private static func plain(_ value: Substring) -> String {
        for quote in ["'", "\""] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
            return String(value.dropFirst().dropLast())
        }
        return String(value)
    }
}
