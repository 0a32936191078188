import Documents
import Foundation

/// Schemas of several documents that refer to each other: finds broken references, and the fields of an answer that no
/// schema describes.
struct SchemaWalk {
    /// A schema with the document that its references are relative to.
    struct Place {
        var schema: JSONValue
        var document: String
    }

    /// The documents by name, such as `openapi.json`.
    let documents: [String: JSONValue]

    /// Returns the schema that a reference of a document means; nil for a broken reference.
    func resolve(_ reference: String, in document: String) -> Place? {
        let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = parts[0].isEmpty ? document : parts[0]
        guard var value = documents[name] else { return nil }
        let pointer = parts.count > 1 ? parts[1].removingPercentEncoding ?? "" : ""
        for step in pointer.split(separator: "/") {
            let key = step.replacing("~1", with: "/").replacing("~0", with: "~")
            guard let next = value[String(key)] else { return nil }
            value = next
        }
        return Place(schema: value, document: name)
    }

    /// All references of a document.
    func references(of document: String) -> [String] {
        func all(_ value: JSONValue) -> [String] {
            switch value {
            case .object(let members):
                (members["$ref"]?.text.map { [$0] } ?? []) + members.values.flatMap(all)
            case .array(let values): values.flatMap(all)
            default: []
            }
        }
        return documents[document].map(all) ?? []
    }

    /// Returns the fields of an answer that no schema describes, whatever its `additionalProperties` allows.
    func undescribed(_ value: JSONValue, _ places: [Place], at path: String = "") -> [String] {
        let places = places.flatMap(alternatives)
        switch value {
        case .object(let members):
            return members.sorted { $0.key < $1.key }.flatMap { key, member in
                let known = places.compactMap { place in Self.member(key, of: place) }
                let name = "\(path).\(key)"
                return known.isEmpty ? [name] : undescribed(member, known, at: name)
            }
        case .array(let values):
            let items = places.compactMap { place in
                place.schema["items"].map { Place(schema: $0, document: place.document) }
            }
            if items.isEmpty { return values.isEmpty ? [] : ["\(path)[]"] }
            return Array(Set(values.flatMap { undescribed($0, items, at: "\(path)[]") })).sorted()
        default: return []
        }
    }

    private static func member(_ key: String, of place: Place) -> Place? {
        let found =
            place.schema["properties"]?[key]
            ?? place.schema["additionalProperties"].flatMap { $0.object == nil ? nil : $0 }
        return found.map { Place(schema: $0, document: place.document) }
    }

    /// The schema with the target of its reference and its branches.
    private func alternatives(_ place: Place) -> [Place] {
        var found = [place]
        if let reference = place.schema["$ref"]?.text, let target = resolve(reference, in: place.document) {
            found += alternatives(target)
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            for branch in place.schema[key]?.array ?? [] {
                found += alternatives(Place(schema: branch, document: place.document))
            }
        }
        return found
    }
}

/// Returns the properties of a value that are nil or an empty list, so that a test sees that its value is a whole one.
func emptyProperties(of value: Any) -> [String] {
    Mirror(reflecting: value).children.compactMap { child in
        ["nil", "[]"].contains("\(child.value)") ? child.label : nil
    }
}
