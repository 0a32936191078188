package import Documents
internal import Foundation

/// The fields of Kubernetes' objects, for a structural check of manifests: an API server with `fieldValidation=Strict`
/// refuses unknown fields, while others drop them silently.
///
/// `fixtures/contracts/kubernetes-fields.json` lists the JSON names from Kubernetes' own Go types. A field whose name ends
/// in `?` is optional. A type is `string`, `integer`, `number`, `boolean`, `quantity`, `any`, `#NAME` for a structure, a
/// list of one type, or `{"*": type}` for a map.
package struct ManifestFields: Sendable {
    private let kinds: [String: JSONValue]
    private let types: [String: JSONValue]

    package init() throws {
        let file = Checkout.url("fixtures/contracts/kubernetes-fields.json")
        let root = try JSONValue(parsing: [UInt8](try Data(contentsOf: file)))
        guard let kinds = root["kinds"]?.object, let types = root["types"]?.object else {
            throw LabError("'\(file.path)' lists no kinds")
        }
        (self.kinds, self.types) = (kinds, types)
    }

    /// Returns the violations of an object; empty if it is valid.
    package func violations(of object: JSONValue) -> [String] {
        let (version, kind) = (object["apiVersion"]?.text ?? "", object["kind"]?.text ?? "")
        guard let type = kinds["\(version)/\(kind)"]?.text else { return ["unknown kind '\(kind)' of '\(version)'"] }
        guard let name = object["metadata"]?["name"]?.text, !name.isEmpty else { return ["\(kind): no name"] }
        return check(object, .string("#" + type), at: "\(kind) \(name)")
    }

    private func check(_ value: JSONValue, _ type: JSONValue, at place: String) -> [String] {
        switch type {
        case .array(let element):
            guard let values = value.array, let element = element.first else { return ["\(place): not a list"] }
            return values.enumerated().flatMap { check($1, element, at: "\(place)[\($0)]") }
        case .object(let map):
            guard let members = value.object, let element = map["*"] else { return ["\(place): not a map"] }
            return members.flatMap { check($1, element, at: "\(place).\($0)") }
        case .string(let name) where name.hasPrefix("#"):
            return structure(value, String(name.dropFirst()), at: place)
        case .string(let names):
            let isValid = names.split(separator: "|").contains { Self.isValid(value, $0) }
            return isValid ? [] : ["\(place): not of type \(names)"]
        default: return ["\(place): the contract has no type"]
        }
    }

    private func structure(_ value: JSONValue, _ name: String, at place: String) -> [String] {
        guard let members = value.object, let fields = types[name]?.object else { return ["\(place): not a \(name)"] }
        let unknown = members.keys.filter { fields[$0] == nil && fields["\($0)?"] == nil }
        let missing = fields.keys.filter { !$0.hasSuffix("?") && members[$0] == nil }
        return unknown.sorted().map { "\(place): unknown field '\($0)'" }
            + missing.sorted().map { "\(place): required field '\($0)' is missing" }
            + members.flatMap { key, member in
                (fields[key] ?? fields["\(key)?"]).map { check(member, $0, at: "\(place).\(key)") } ?? []
            }
    }

    private static func isValid(_ value: JSONValue, _ type: Substring) -> Bool {
        switch (type, value) {
        case ("any", _), ("string", .string), ("boolean", .bool), ("number", .number): true
        case ("integer", .number(let text)): Int(text) != nil
        case ("quantity", .number): true
        case ("quantity", .string(let text)): text.wholeMatch(of: /[0-9]+(\.[0-9]+)?(m|[kMGTPE]i?|Ki)?/) != nil
        default: false
        }
    }
}
