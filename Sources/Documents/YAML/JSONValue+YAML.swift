extension JSONValue {
    /// Reads a stream of YAML documents that another program wrote, such as Kubernetes' manifests.
    ///
    /// Numbers that JSON cannot express stay text. Empty documents are skipped.
    /// - Returns: nil if the text is not valid YAML or exceeds ``YAMLLimits``.
    package static func documents(ofYAML text: String) -> [JSONValue]? {
        guard text.utf8.count <= YAMLLimits.longestAnswer, let nodes = try? YAMLComposer.documents(text) else {
            return nil
        }
        var values: [JSONValue] = []
        for node in nodes {
            guard node.isWithinLimit else { return nil }
            if !node.isNull { values.append(JSONValue(node)) }
        }
        return values
    }

    private init(_ node: YAMLNode) {
        switch node {
        case .mapping(let mapping):
            self = .object(
                Dictionary(mapping.compactMap { key, value in key.scalar.map { ($0.string, JSONValue(value)) } }) { $1 }
            )
        case .sequence(let sequence): self = .array(sequence.map { JSONValue($0) })
        case .scalar(let scalar):
            switch node.kindForPeople {
            case "nothing": self = .null
            case "a truth value": self = .bool(node.bool ?? false)
            case "a number":
                if let number = try? JSONValue(parsing: scalar.string), case .number = number {
                    self = number
                } else {
                    self = .string(scalar.string)
                }
            default: self = .string(scalar.string)
            }
        }
    }
}
