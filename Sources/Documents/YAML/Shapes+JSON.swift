extension Shape where Value == JSONValue {
    /// Any YAML value that JSON can express; numbers keep their text.
    package static let json = Shape(schema: [:]) { node, reader in value(of: node, &reader) }

    private static func value(of node: YAMLNode, _ reader: inout Reader) -> JSONValue? {
        switch node {
        case .scalar(let scalar): return value(of: node, scalar, &reader)
        case .sequence(let sequence):
            let values = sequence.map { value(of: $0, &reader) }
            let good = values.compactMap { $0 }
            return good.count == values.count ? .array(good) : nil
        case .mapping(let mapping):
            var members: [String: JSONValue] = [:]
            var isGood = true
            for (key, member) in mapping {
                guard let name = key.scalar?.string else {
                    reader.complain(key, "expected a name, found \(key.kindForPeople)")
                    isGood = false
                    continue
                }
                members[name] = value(of: member, &reader)
                isGood = isGood && members[name] != nil
            }
            return isGood ? .object(members) : nil
        }
    }

    private static func value(of node: YAMLNode, _ scalar: YAMLNode.Scalar, _ reader: inout Reader) -> JSONValue? {
        switch node.kindForPeople {
        case "nothing": return .null
        case "a truth value": return node.bool.map { .bool($0) }
        case "a number":
            // A number in JSON's form passes unchanged; YAML has more forms.
            if let number = try? JSONValue(parsing: scalar.string), case .number = number { return number }
            reader.complain(
                node, "'\(scalar.string)' is not a valid number in JSON", hint: "put it in quotes if it is text")
            return nil
        default: return .string(scalar.string)
        }
    }
}
