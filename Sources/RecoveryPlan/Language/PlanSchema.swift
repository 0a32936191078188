internal import Documents

/// The JSON Schema of plans, for editors. It is generated from the key tables of the parser.
package enum PlanSchema {
    /// Returns the document that is kept as `docs/plan.schema.json`.
    package static func json() -> String {
        String(decoding: value.document, as: UTF8.self)
    }

    static var value: JSONValue {
        var definitions: [String: JSONValue] = [
            "action": oneKeyword(of: ActionKind.supported, also: ["when": Shape<Condition>.condition.schema]),
            "condition": oneKeyword(
                of: ActionKind.supported.filter(\.isCondition), also: ["when": Shape<Condition>.condition.schema]),
            "reference": ["type": "string", "pattern": #"\$\{"#],
        ]
        for kind in ActionKind.supported { definitions[kind.keyword] = acceptingReferences(kind.schema) }
        var plan = Plan.schema()
        if var steps = plan["properties"]?["steps"], let step = steps["items"] {
            // The parser also accepts parameters in ids and similar keys.
            steps["items"] = acceptingReferences(step)
            plan["properties"]?["steps"] = steps
        }
        if let cluster = plan["properties"]?["cluster"] {
            plan["properties"]?["cluster"] = acceptingReferences(cluster)
        }
        return plan.adding([
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Recovery plan of dr",
            "definitions": .object(definitions),
        ])
    }

    /// Returns the schema of a mapping of one keyword to its value.
    private static func oneKeyword(of kinds: [ActionKind], also extra: [String: JSONValue]) -> JSONValue {
        let properties = kinds.map { ($0.keyword, JSONValue.object(["$ref": .string("#/definitions/\($0.keyword)")])) }
        return [
            "type": "object", "additionalProperties": false,
            "properties": .object(extra.merging(properties) { $1 }),
            "oneOf": .array(kinds.map { .object(["required": [.string($0.keyword)]]) }),
        ]
    }

    /// Returns the schema with a `${reference}` allowed for each value that is not a mapping.
    private static func acceptingReferences(_ schema: JSONValue) -> JSONValue {
        guard case .object(var members) = schema else { return schema }
        if let properties = members["properties"]?.object {
            members["properties"] = .object(properties.mapValues(acceptingReferences))
        }
        for key in ["items", "additionalProperties"] {
            if let inner = members[key], inner.object != nil { members[key] = acceptingReferences(inner) }
        }
        for key in ["oneOf", "anyOf"] {
            // Alternatives that do not describe values (`required`) stay unchanged.
            if let choices = members[key]?.array, choices.contains(where: { $0["type"] != nil }) {
                members[key] = nil
                let description = members.removeValue(forKey: "description")
                let all = choices.map { acceptingReferences($0) } + [reference]
                members["anyOf"] = .array(all)
                members["description"] = description
            }
        }
        let isOpen = members["type"] == "string" && members["pattern"] == nil
        guard !isOpen, members["type"] != nil || members["enum"] != nil, members["type"] != "object" else {
            return .object(members)
        }
        let description = members.removeValue(forKey: "description")
        var wrapped: [String: JSONValue] = ["anyOf": [.object(members), reference]]
        wrapped["description"] = description
        return .object(wrapped)
    }

    private static let reference: JSONValue = ["$ref": "#/definitions/reference"]
}
