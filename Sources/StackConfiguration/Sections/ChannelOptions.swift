package import Documents
package import Notifications

/// What every channel takes: what it is called and what it gets.
package struct ChannelOptions: Equatable, Sendable {
    package var name: String?
    package var filter = NoticeFilter()

    package init() {}
}

extension ChannelOptions: Section {
    package static let keys: [Key<Self>] = [
        Key("name", \.name, as: .identifier, about: "What reports call the channel."),
        Key("events", \.filter.events, as: .list(of: .event), about: "Only these events; all if left out."),
        Key("severity", \.filter.severity, as: .word(), about: "Only what is at least so bad, and what ends it."),
    ]
}

extension Shape where Value == Notice.Event {
    /// `test` is asked for by the command of that name, and cannot be filtered.
    static let event = Shape(schema: ["enum": .array(words.map { .string($0) })]) { node, reader in
        guard let event = Shape<Notice.Event>.word().read(node, &reader) else { return nil }
        guard event != .test else {
            reader.complain(node, "'test' is no event of its own: 'dr notify test' reaches every channel")
            return nil
        }
        return event
    }

    private static var words: [String] { Notice.Event.allCases.filter { $0 != .test }.map(\.rawValue) }
}

extension Shape where Value == String {
    /// A word that goes into a URL or a table as it is.
    static let identifier = Shape(schema: ["type": "string", "pattern": "^[A-Za-z0-9_.-]+$"]) { node, reader in
        guard let word = text.read(node, &reader) else { return nil }
        guard word.isIdentifier else {
            reader.complain(node, "'\(word)' is no name: letters, digits, '_', '-' and '.'")
            return nil
        }
        return word
    }
}

extension Shape where Value == [String: Secret] {
    /// Header fields whose values are secrets.
    static let headers = Shape(schema: Shape<[String: Secret]>.mapping(of: .secret).schema) { node, reader in
        guard let fields = Shape<[String: Secret]>.mapping(of: .secret).read(node, &reader) else { return nil }
        for name in fields.keys.sorted() where !name.isIdentifier {
            reader.complain(node, "'\(name)' is no name of a header field")
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
