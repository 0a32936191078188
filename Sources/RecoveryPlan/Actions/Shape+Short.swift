internal import Documents

extension Shape where Value: Section {
    /// Returns the shape of a value with a short form, `restore: metrics`, and a mapping as its long form.
    /// - Parameter make: converts the short form to the section.
    static func short<Short: Sendable>(
        _ short: Shape<Short>, orSection section: Value.Type, _ make: @escaping @Sendable (Short) -> Value
    ) -> Shape {
        Shape(schema: ["oneOf": [short.schema, Value.schema()]]) { node, reader in
            if node.mapping != nil { return reader.section(Value.self, from: node) }
            return short.read(node, &reader).map(make)
        }
    }
}

extension Shape {
    /// Returns the shape of a list, or of a single element without brackets.
    static func oneOrMore<Element>(_ element: Shape<Element>) -> Shape where Value == [Element] {
        Shape(schema: ["oneOf": [element.schema, ["type": "array", "items": element.schema, "minItems": 1]]]) {
            node, reader in
            if node.sequence == nil { return element.read(node, &reader).map { [$0] } }
            guard let values = Shape<[Element]>.list(of: element).read(node, &reader) else { return nil }
            guard !values.isEmpty else {
                reader.complain(node, "the list is empty")
                return nil
            }
            return values
        }
    }
}
