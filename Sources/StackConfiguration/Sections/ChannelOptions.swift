package import Documents
package import Notifications

/// The options of every channel: its name and its filter.
package struct ChannelOptions: Equatable, Sendable {
    package var name: String?
    package var filter = NoticeFilter()

    package init() {}
}

extension ChannelOptions: Section {
    package static let keys: [Key<Self>] = [
        Key("name", \.name, as: .identifier, about: "Name of the channel in reports."),
        Key("events", \.filter.events, as: .list(of: .event), about: "Send only these events. Default: all."),
        Key(
            "severity", \.filter.severity, as: .word(),
            about: "Send only events of at least this severity, and the events that resolve them."),
    ]
}

extension Shape where Value == Notice.Event {
    /// An event; not `test`, which `dr notify test` sends to every channel.
    static let event = Shape(schema: ["enum": .array(words.map { .string($0) })]) { node, reader in
        guard let event = Shape<Notice.Event>.word().read(node, &reader) else { return nil }
        guard event != .test else {
            reader.complain(node, "'test' cannot be filtered: 'dr notify test' sends to every channel")
            return nil
        }
        return event
    }

    private static var words: [String] { Notice.Event.allCases.filter { $0 != .test }.map(\.rawValue) }
}

extension Shape where Value == String {
    /// A word that needs no escaping in a URL or a table.
    static let identifier = Shape(schema: ["type": "string", "pattern": "^[A-Za-z0-9_.-]+$"]) { node, reader in
        guard let word = text.read(node, &reader) else { return nil }
        guard word.isIdentifier else {
            reader.complain(node, "'\(word)' is not a valid name: use letters, digits, '_', '-' and '.'")
            return nil
        }
        return word
    }
}

extension Shape where Value == String {
    /// A template of a webhook, which is tried here, so that a mistake is found before the night.
    static let template = Shape(schema: ["type": "string"]) { node, reader in
        guard let text = text.read(node, &reader) else { return nil }
        do throws(WebhookTemplate.Defect) { _ = try WebhookTemplate(text) } catch {
            reader.complain(node, error.description)
            return nil
        }
        return text
    }
}

extension Shape where Value == [String: Secret] {
    /// Header fields whose values are secrets.
    static let headers = Shape(schema: Shape<[String: Secret]>.mapping(of: .secret).schema) { node, reader in
        guard let fields = Shape<[String: Secret]>.mapping(of: .secret).read(node, &reader) else { return nil }
        for name in fields.keys.sorted() where !name.isIdentifier {
            reader.complain(node, "'\(name)' is not a valid header field name")
            return nil
        }
        return fields
    }
}

extension String {
    fileprivate var isIdentifier: Bool {
        !isEmpty && allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
    }
}
