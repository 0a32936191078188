internal import Documents

/// The condition of `when`: values of parameters, and a component that must be configured.
struct Condition: Equatable, Sendable {
    var parameters: [String: String] = [:]
    /// A component, or a component with a required setting, such as "logs.url".
    var component: String?

    /// Returns the reason why the condition does not hold, for display; nil if it holds.
    func refusal(_ references: References) -> String? {
        for (name, wanted) in parameters.sorted(by: { $0.key < $1.key }) {
            let value = references.parameters[name]?.text ?? ""
            if value != wanted { return "\(name) is \(value.isEmpty ? "not set" : value), not \(wanted)" }
        }
        return isAbsent(references) ? component.map { "the configuration has no \($0)" } : nil
    }

    /// Returns the component if it is not configured.
    func absent(_ references: References) -> String? { isAbsent(references) ? component : nil }

    private func isAbsent(_ references: References) -> Bool {
        guard let component else { return false }
        let parts = component.split(separator: ".", maxSplits: 1).map(String.init)
        guard let settings = references.components[parts[0]] else { return true }
        return parts.count == 2 && settings[parts[1]] == nil
    }
}

extension Shape where Value == Condition {
    static let condition = Shape(schema: schema) { node, reader in
        guard var written = Shape<[String: String]>.mapping(of: .word).read(node, &reader) else { return nil }
        let component = written.removeValue(forKey: "component")
        guard component.map({ !$0.isEmpty }) ?? true else {
            reader.complain(node, "'component' must name a component")
            return nil
        }
        return Condition(parameters: written, component: component)
    }

    private static var schema: JSONValue {
        [
            "type": "object",
            "properties": [
                "component": [
                    "type": "string", "description": "A component, or COMPONENT.SETTING, that must be configured.",
                ]
            ],
            "additionalProperties": Shape<String>.word.schema,
        ]
    }
}
