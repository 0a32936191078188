/// A mapping in `dr.yaml` or in a plan with a fixed set of keys.
///
/// Its ``keys`` are the only place that names them: reading, "did you mean", and the JSON Schema for editors all follow
/// from that table, so a new key is one stored property and one line there.
package protocol Section: Sendable {
    /// The section with every optional key left out. Where a required key is missing, the placeholder that stands here
    /// never leaves the parser: the document is refused as a whole.
    init()
    static var keys: [Key<Self>] { get }
    /// What no single key can tell: keys that exclude or need each other. Called when all keys could be read.
    func validate(_ written: WrittenKeys, _ reader: inout Reader)
}

extension Section {
    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {}

    /// The JSON Schema that says the same as the table of keys.
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

/// One key of a section: its name, the property it fills, the shape of its value, and a line for people.
package struct Key<Owner>: Sendable {
    package var name: String
    package var isRequired: Bool
    /// For the JSON Schema, hence for whoever hovers over the key in an editor.
    package var about: String
    package var schema: JSONValue
    package var fill: @Sendable (inout Owner, YAMLNode, inout Reader) -> Bool
    /// The value where it is plain text: what may be shown and referred to. Nil for secrets, for all else, and for none.
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

    /// The same key for a section that keeps this one's owner in a property: how kinds share a group of keys.
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

/// What a value must look like: how to read it, and the JSON Schema that says the same.
package struct Shape<Value>: Sendable {
    package var schema: JSONValue
    /// Nil means that the reader was told what is wrong.
    package var read: @Sendable (YAMLNode, inout Reader) -> Value?

    package init(schema: JSONValue, read: @escaping @Sendable (YAMLNode, inout Reader) -> Value?) {
        self.schema = schema
        self.read = read
    }
}

/// Which keys a section really holds, and where they are.
package struct WrittenKeys {
    /// Where the section itself begins.
    package var section: Location
    var locations: [String: Location] = [:]

    package func contains(_ name: String) -> Bool { locations[name] != nil }

    /// The place of a key, or of the section where the key is missing.
    package subscript(_ name: String) -> Location { locations[name] ?? section }
}
