package import Documents

/// The value of a parameter: a text, or a list of texts such as an argument vector.
package enum ParameterValue: Equatable, Sendable {
    case text(String)
    case list([String])

    /// The value as text; a list as JSON.
    package var text: String {
        switch self {
        case .text(let text): text
        case .list(let words):
            String(decoding: JSONValue.array(words.map(JSONValue.string)).compact, as: UTF8.self)
        }
    }

    /// Parses a value from the command line.
    /// - Parameter model: the plan's own value. If it is a list, the text is read as a list.
    init(_ text: String, like model: ParameterValue?) {
        if case .text? = model {
            self = .text(text)
        } else if text.hasPrefix("["), let words = try? YAMLComposer.document(text)?.sequence.map({ Array($0) }),
            words.allSatisfy({ $0.scalar != nil })
        {
            self = .list(words.compactMap { $0.scalar?.string })
        } else if case .list? = model {
            self = .list(text.split(separator: " ").map(String.init))
        } else {
            self = .text(text)
        }
    }
}

/// One entry under `parameters`.
package struct Parameter: Equatable, Sendable {
    package var name = ""
    /// Nil if the command line must set the value.
    package var value: ParameterValue?
    package var about: String?
    /// The allowed values; empty if any value is allowed.
    package var oneOf: [String] = []
    package var location = Location(file: "")

    package init() {}
}

extension Parameter: Section {
    package static let keys: [Key<Self>] = [
        Key("value", \.value, as: .parameterValue, about: "Default value; without one, --param is required."),
        Key("about", \.about, as: .text, about: "Purpose, in one line."),
        Key("one_of", \.oneOf, as: .list(of: .text), about: "Allowed values."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        guard !oneOf.isEmpty, let value, !oneOf.contains(value.text) else { return }
        reader.complain(
            written["value"],
            "'\(value.text)' is not one of the values of 'one_of'\(Spelling.advice(for: value.text, among: oneOf))")
    }
}

extension Shape where Value == ParameterValue {
    /// A text, number or Boolean as written, or a list of them.
    fileprivate static let parameterValue = Shape(
        schema: [
            "type": ["string", "number", "boolean", "array"], "items": ["type": ["string", "number", "boolean"]],
        ]
    ) { node, reader in
        if let words = Shape<[String]>.list(of: .word).tryReading(node, &reader) { return .list(words) }
        return Shape<String>.word.read(node, &reader).map { .text($0) }
    }
}

extension Shape where Value == [String] {
    fileprivate func tryReading(_ node: YAMLNode, _ reader: inout Reader) -> [String]? {
        node.sequence == nil ? nil : read(node, &reader)
    }
}

extension Shape where Value == String {
    /// Any scalar as written: `0123` stays `0123`. May be empty.
    static let word = Shape(schema: ["type": ["string", "number", "boolean"]]) { node, reader in
        guard let scalar = node.scalar, !node.isNull else {
            reader.complain(node, "expected text, found \(node.kindForPeople)")
            return nil
        }
        guard !scalar.string.contains("${") || node.isReplaced else {
            reader.complain(
                node, "a parameter's value cannot contain references", hint: "write \"$${\" for a literal \"${\"")
            return nil
        }
        return scalar.string
    }
}

extension Shape where Value == [Parameter] {
    /// Names with a predefined meaning in `${...}`.
    private static let reserved: Set = ["run", "set", "stack", "scenario"]

    /// A mapping of names to values or declarations.
    static let parameters = Shape(
        schema: [
            "type": "object", "propertyNames": ["pattern": "^[a-z][a-z0-9_]*$"],
            "additionalProperties": [
                "anyOf": [Parameter.schema(), Shape<ParameterValue>.parameterValue.schema, ["type": "null"]]
            ],
        ]
    ) { node, reader in
        guard let mapping = node.mapping else {
            reader.complain(node, "expected a mapping of names, found \(node.kindForPeople)")
            return nil
        }
        let read = mapping.map { parameter(named: $0.key, value: $0.value, &reader) }
        let good = read.compactMap { $0 }
        return good.count == read.count ? good : nil
    }

    private static func parameter(named key: YAMLNode, value: YAMLNode, _ reader: inout Reader) -> Parameter? {
        guard let name = key.scalar?.string, name.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil else {
            reader.complain(
                key, "\(key.scalar.map { "'\($0.string)'" } ?? key.kindForPeople) is not a valid parameter name",
                hint: "use a-z, 0-9 and '_', and begin with a letter")
            return nil
        }
        guard !reserved.contains(name) else {
            reader.complain(key, "'\(name)' is reserved")
            return nil
        }
        var parameter = Parameter()
        if value.mapping != nil {
            guard let section = reader.section(Parameter.self, from: value) else { return nil }
            parameter = section
        } else if !value.isNull {
            guard let plain = Shape<ParameterValue>.parameterValue.read(value, &reader) else { return nil }
            parameter.value = plain
        }
        parameter.name = name
        parameter.location = reader.location(of: key)
        return parameter
    }
}
