/// Walks composed YAML, converts it to values, and collects every error instead of stopping at the first.
package struct Reader {
    package let file: String
    /// The absolute path that relative paths in the file start from.
    package let folder: String
    package private(set) var diagnostics: [Diagnostic] = []

    package init(file: String, folder: String) {
        self.file = file
        self.folder = folder
    }

    package func location(of node: YAMLNode) -> Location {
        Location(file: file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0)
    }

    package mutating func complain(_ node: YAMLNode, _ message: String, hint: String? = nil) {
        complain(location(of: node), message, hint: hint)
    }

    package mutating func complain(_ location: Location, _ message: String, hint: String? = nil) {
        diagnostics.append(Diagnostic(location, message, hint: hint))
    }

    /// Reads one mapping with its section's table of keys.
    /// - Returns: nil if any value below it was wrong; the rest is still read to find more errors.
    package mutating func section<S: Section>(_ type: S.Type, from node: YAMLNode, also extra: [Key<S>] = []) -> S? {
        guard let mapping = node.mapping else {
            complain(node, "expected a mapping of keys, found \(node.kindForPeople)")
            return nil
        }
        let complaints = diagnostics.count
        let keys = S.keys + extra
        var section = S()
        var written = WrittenKeys(section: location(of: node))
        var values: [String: YAMLNode] = [:]
        for (keyNode, value) in mapping {
            guard let name = keyNode.scalar?.string else {
                complain(keyNode, "a key must be a word, found \(keyNode.kindForPeople)")
                continue
            }
            guard keys.contains(where: { $0.name == name }) else {
                complain(keyNode, "unknown key '\(name)'\(Spelling.advice(for: name, among: keys.map(\.name)))")
                continue
            }
            written.locations[name] = location(of: keyNode)
            if value.isNull {
                complain(keyNode, "'\(name)' has no value", hint: "give it one, or remove the line")
            } else {
                values[name] = value
            }
        }
        for key in keys { if let value = values[key.name] { _ = key.fill(&section, value, &self) } }
        for key in keys where key.isRequired && !written.contains(key.name) {
            complain(node, "required key '\(key.name)' is missing")
        }
        guard diagnostics.count == complaints else { return nil }
        section.validate(written, &self)
        return diagnostics.count == complaints ? section : nil
    }
}

extension YAMLNode {
    /// The tag of a scalar whose text replaced a reference: it has any kind that its text can be read as.
    private static let replaced = YAMLTag("tag:dr:replaced")

    package var isReplaced: Bool { tag == Self.replaced }

    /// Returns the same scalar with another text, which counts as text, number or truth value alike.
    package func replaced(by text: String) -> Self {
        .scalar(Scalar(text, Self.replaced, scalar?.style ?? .any, mark))
    }

    package var isNull: Bool { tag == .null }

    /// The name of the value's kind for messages: "a number", "a list".
    package var kindForPeople: String {
        switch self {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar:
            switch tag {
            case .null: "nothing"
            case .bool: "a truth value"
            case .int, .float: "a number"
            case .timestamp: "a date"
            default: "text"
            }
        }
    }
}
