internal import Documents

/// The patches of the API that are not server-side apply.
enum KubernetesPatch {
    struct Failure: Error {
        var message: String
    }

    /// Returns an object with a patch by the request's content type.
    static func patched(
        _ object: JSONValue, with patch: JSONValue, contentType: String, isCustom: Bool
    ) throws(Failure) -> JSONValue {
        switch contentType {
        case "application/json-patch+json": return try operations(patch, on: object)
        case "application/strategic-merge-patch+json" where !isCustom: return strategic(patch, on: object)
        default: return merged(object, patch)
        }
    }

    /// JSON merge patch (RFC 7386).
    static func merged(_ old: JSONValue, _ new: JSONValue) -> JSONValue {
        guard let changes = new.object else { return new }
        var result = old.object ?? [:]
        for (name, change) in changes {
            result[name] = change.isNull ? JSONValue?.none : merged(result[name] ?? .null, change)
        }
        return .object(result)
    }

    // MARK: Strategic merge patch

    private static func strategic(_ patch: JSONValue, on old: JSONValue) -> JSONValue {
        guard var changes = patch.object else { return patch }
        if changes.removeValue(forKey: "$patch")?.text == "replace" { return .object(changes) }
        var result = old.object ?? [:]
        if let kept = changes.removeValue(forKey: "$retainKeys")?.array?.compactMap(\.text) {
            result = result.filter { kept.contains($0.key) }
        }
        for (name, change) in changes {
            if name.hasPrefix("$setElementOrder/") { continue }
            if name.hasPrefix("$deleteFromPrimitiveList/") {
                let list = String(name.dropFirst("$deleteFromPrimitiveList/".count))
                let removed = change.array ?? []
                result[list] = .array((result[list]?.array ?? []).filter { !removed.contains($0) })
            } else if change.isNull {
                result[name] = nil
            } else if let items = change.array {
                result[name] = .array(list(name, items, on: result[name]?.array ?? []))
            } else {
                result[name] = strategic(change, on: result[name] ?? .null)
            }
        }
        return .object(result)
    }

    private static func list(_ name: String, _ changes: [JSONValue], on old: [JSONValue]) -> [JSONValue] {
        if name == "finalizers" { return old + changes.filter { !old.contains($0) } }
        let plain = changes.filter { $0 != ["$patch": "replace"] }
        guard plain.count == changes.count else { return plain }
        guard let keys = KubernetesFields.keys(of: name, items: old + changes, isCustom: false) else { return changes }
        var result = old
        for change in changes {
            let identity = KubernetesFields.identity(of: change, keys)
            let index = result.firstIndex { KubernetesFields.identity(of: $0, keys) == identity }
            if change["$patch"]?.text == "delete" {
                if let index { result.remove(at: index) }
            } else if let index {
                result[index] = strategic(change, on: result[index])
            } else {
                result.append(change.removing(["$patch"]))
            }
        }
        return result
    }

    // MARK: JSON Patch (RFC 6902)

    private static func operations(_ patch: JSONValue, on object: JSONValue) throws(Failure) -> JSONValue {
        guard let operations = patch.array else { throw Failure(message: "the patch is not a list of operations") }
        var object = object
        for operation in operations {
            let path = operation["path"]?.text ?? ""
            let value = operation["value"] ?? .null
            switch operation["op"]?.text {
            case "add": object = try edited(object, at: path, .add(value))
            case "replace": object = try edited(object, at: path, .replace(value))
            case "remove": object = try edited(object, at: path, .remove)
            case "test":
                guard object.value(at: path) == value else {
                    throw Failure(message: "testing value \(path) failed: test failed")
                }
            case "copy", "move":
                let from = operation["from"]?.text ?? ""
                guard let moved = object.value(at: from) else { throw missing(from) }
                if operation["op"]?.text == "move" { object = try edited(object, at: from, .remove) }
                object = try edited(object, at: path, .add(moved))
            default: throw Failure(message: "Unexpected kind: \(operation["op"]?.text ?? "")")
            }
        }
        return object
    }

    private enum Edit {
        case add(JSONValue), replace(JSONValue), remove
    }

    private static func missing(_ path: String) -> Failure {
        Failure(message: "the server rejected our request due to an error in our request: no value at \(path)")
    }

    private static func edited(_ value: JSONValue, at path: String, _ edit: Edit) throws(Failure) -> JSONValue {
        let tokens = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
        return try edited(value, tokens[...], edit, path)
    }

    private static func edited(
        _ value: JSONValue, _ tokens: ArraySlice<String>, _ edit: Edit, _ path: String
    ) throws(Failure) -> JSONValue {
        guard let token = tokens.first else {
            switch edit {
            case .add(let new), .replace(let new): return new
            case .remove: return .null
            }
        }
        let rest = tokens.dropFirst()
        if var members = value.object {
            guard rest.isEmpty else {
                guard let child = members[token] else { throw missing(path) }
                members[token] = try edited(child, rest, edit, path)
                return .object(members)
            }
            switch edit {
            case .add(let new): members[token] = new
            case .replace(let new):
                guard members[token] != nil else { throw missing(path) }
                members[token] = new
            case .remove:
                guard members[token] != nil else { throw missing(path) }
                members[token] = nil
            }
            return .object(members)
        }
        guard var items = value.array else { throw missing(path) }
        if case .add(let new) = edit, rest.isEmpty {
            guard let index = token == "-" ? items.count : Int(token), (0...items.count).contains(index) else {
                throw missing(path)
            }
            items.insert(new, at: index)
            return .array(items)
        }
        guard let index = Int(token), items.indices.contains(index) else { throw missing(path) }
        if rest.isEmpty, case .remove = edit {
            items.remove(at: index)
        } else {
            items[index] = try edited(items[index], rest, edit, path)
        }
        return .array(items)
    }
}
