/// A mapping in `dr.yaml` or in a plan with a fixed set of keys.
///
/// Its ``keys`` are the only place that names them. Reading, "did you mean" and the JSON Schema for editors use that
/// table, so a new key is one stored property and one line there.
package protocol Section: Sendable {
    /// Makes the section without its optional keys. If a required key is missing, its placeholder never leaves the
    /// parser, because the whole document is refused.
    init()
    static var keys: [Key<Self>] { get }
    /// Checks the rules about several keys: keys that exclude or need each other. Called if all keys could be read.
    func validate(_ written: WrittenKeys, _ reader: inout Reader)
}

extension Section {
    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {}

    /// The JSON Schema with the same rules as the table of keys.
    package static func schema(also extra: [Key<Self>] = []) -> JSONValue {
        let keys = keys + extra
        var schema: [String: JSONValue] = [
            "type": "object",
            "additionalProperties": false,
            "properties": .object(
                Dictionary(keys.map { ($0.name, $0.schema.adding(["description": .string($0.about)])) }) { $1 }),
        ]
        let required = keys.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { schema["required"] = .array(required) }
        return .object(schema)
    }
}

/// One key of a section: its name, the property that it fills, the shape of its value, and a description.
package struct Key<Owner>: Sendable {
    package var name: String
    package var isRequired: Bool
    /// The description in the JSON Schema, which editors show.
    package var about: String
    package var schema: JSONValue
    package var fill: @Sendable (inout Owner, YAMLNode, inout Reader) -> Bool
    /// The value if it is plain text, which may be shown and referred to; nil for secrets, all other kinds, and absent
    /// values.
    package var plainText: @Sendable (Owner) -> String?

    package init<Value>(
        _ name: String, _ property: any WritableKeyPath<Owner, Value> & Sendable, as shape: Shape<Value>,
        required: Bool = false, about: String
    ) {
        self.init(name, isRequired: required, about: about, schema: shape.schema) { owner, node, reader in
            guard let value = shape.read(node, &reader) else { return false }
            owner[keyPath: property] = value
            return true
        } plainText: {
            $0[keyPath: property] as? String
        }
    }

    package init<Value>(
        _ name: String, _ property: any WritableKeyPath<Owner, Value?> & Sendable, as shape: Shape<Value>,
        required: Bool = false, about: String
    ) {
        self.init(name, isRequired: required, about: about, schema: shape.schema) { owner, node, reader in
            guard let value = shape.read(node, &reader) else { return false }
            owner[keyPath: property] = value
            return true
        } plainText: {
            $0[keyPath: property] as? String
        }
    }

    private init(
        _ name: String, isRequired: Bool, about: String, schema: JSONValue,
        fill: @escaping @Sendable (inout Owner, YAMLNode, inout Reader) -> Bool,
        plainText: @escaping @Sendable (Owner) -> String?
    ) {
        self.name = name
        self.isRequired = isRequired
        self.about = about
        self.schema = schema
        self.fill = fill
        self.plainText = plainText
    }

    /// Returns the same key for a section that stores this one's owner in a property, so that kinds can share a group
    /// of keys.
    package func within<Outer>(_ property: any WritableKeyPath<Outer, Owner> & Sendable) -> Key<Outer> {
        let (fill, plainText) = (fill, plainText)
        return Key<Outer>(name, isRequired: isRequired, about: about, schema: schema) { outer, node, reader in
            fill(&outer[keyPath: property], node, &reader)
        } plainText: {
            plainText($0[keyPath: property])
        }
    }

    /// A key that is read with a look at the other keys of its section: those before it in the table are filled already.
    package static func dependent(
        _ name: String, schema: JSONValue, required: Bool = false, _ about: String,
        fill: @escaping @Sendable (inout Owner, YAMLNode, inout Reader) -> Bool
    ) -> Key {
        Key(
            name, isRequired: required, about: about, schema: schema, fill: fill, plainText: { _ in nil })
    }

    /// A key whose value is taken from elsewhere, such as `kind`, which chose the section: known, but fills nothing.
    package static func alreadyRead(_ name: String, schema: JSONValue, _ about: String) -> Key {
        Key(name, isRequired: false, about: about, schema: schema, fill: { _, _, _ in true }, plainText: { _ in nil })
    }
}

/// The required form of a value: the way to read it, and the JSON Schema with the same rules.
package struct Shape<Value>: Sendable {
    package var schema: JSONValue
    /// Reads a value; nil means that it reported an error to the reader.
    package var read: @Sendable (YAMLNode, inout Reader) -> Value?

    package init(schema: JSONValue, read: @escaping @Sendable (YAMLNode, inout Reader) -> Value?) {
        self.schema = schema
        self.read = read
    }
}

/// The keys that a section contains, and their places.
package struct WrittenKeys {
    /// The beginning of the section.
    package var section: Location
    var locations: [String: Location] = [:]

    package func contains(_ name: String) -> Bool { locations[name] != nil }

    /// Returns the place of a key, or of the section if the key is missing.
    package subscript(_ name: String) -> Location { locations[name] ?? section }
}
