internal import Documents

/// Server-side apply: https://kubernetes.io/docs/reference/using-api/server-side-apply/
///
/// A manager owns a list as a whole. Real servers do so only for some types of lists.
extension KubernetesCluster {
    mutating func apply(_ request: StandInRequest, _ key: Key) -> StandInAnswer {
        guard let wanted = request.json else { return .kubernetes(400, "BadRequest", "the body is not valid JSON") }
        let old = objects[key]
        if old == nil, let refusal = refusalToCreate(key) { return refusal }
        let manager = manager(request)
        let leaves = Self.leaves(of: wanted)
        let owned = owners[key] ?? [:]
        let conflicts = leaves.compactMap { path, value -> (field: String, owner: String)? in
            guard let owner = owned[path], owner != manager, old.flatMap({ Self.value(at: path, in: $0) }) != value
            else {
                return nil
            }
            return (path, owner)
        }
        if !conflicts.isEmpty, request.query["force"] != "true" { return conflict(conflicts, key) }
        var object = Self.merged(old ?? [:], wanted)
        // Remove fields that this manager set before and no longer sets.
        for (path, owner) in owned where owner == manager && leaves[path] == nil {
            object = Self.removing(path, from: object)
            owners[key]?[path] = nil
        }
        own(leaves, key, by: manager)
        return .json(old == nil ? 201 : 200, put(key, object))
    }

    mutating func own(_ leaves: [String: JSONValue], _ key: Key, by manager: String) {
        for path in leaves.keys { owners[key, default: [:]][path] = manager }
    }

    /// Returns the field manager of a request, or the name of the client program.
    func manager(_ request: StandInRequest) -> String {
        request.query["fieldManager"]
            ?? request.headers["user-agent"]?.split(separator: "/").first.map(String.init) ?? "unknown"
    }

    private func conflict(_ conflicts: [(field: String, owner: String)], _ key: Key) -> StandInAnswer {
        let causes = conflicts.sorted { $0.field < $1.field }.map { conflict -> JSONValue in
            [
                "reason": "FieldManagerConflict", "message": "conflict with \"\(conflict.owner)\"",
                "field": .string(conflict.field),
            ]
        }
        let number = "\(conflicts.count) conflict\(conflicts.count == 1 ? "" : "s")"
        let names = conflicts.map { "conflict with \"\($0.owner)\": \($0.field)" }.sorted().joined(separator: "\n")
        return .kubernetes(409, "Conflict", "Apply failed with \(number): \(names)", key, causes: causes)
    }

    // MARK: Fields

    /// Returns the values that are not objects by path, such as ".spec.replicas".
    static func leaves(of object: JSONValue) -> [String: JSONValue] {
        var leaves: [String: JSONValue] = [:]
        func walk(_ value: JSONValue, _ path: String) {
            guard let members = value.object, !members.isEmpty else {
                leaves[path] = value
                return
            }
            for (name, member) in members { walk(member, "\(path)\u{1}\(name)") }
        }
        walk(object.removing(["apiVersion", "kind"]), "")
        let identity = ["name", "namespace", "creationTimestamp"].map { ".metadata.\($0)" }
        let named = leaves.map { ($0.key.replacing("\u{1}", with: "."), $0.value) }
        return Dictionary(named) { $1 }.filter { !identity.contains($0.key) && !$0.key.isEmpty }
    }

    static func merged(_ old: JSONValue, _ new: JSONValue) -> JSONValue {
        guard let members = old.object, let changes = new.object else { return new }
        var result = members
        for (name, change) in changes {
            result[name] = change.isNull ? nil : merged(members[name] ?? [:], change)
        }
        return .object(result)
    }

    private static func value(at path: String, in object: JSONValue) -> JSONValue? { leaves(of: object)[path] }

    /// Removes the value at a path whose names contain no dots.
    private static func removing(_ path: String, from object: JSONValue) -> JSONValue {
        let names = path.split(separator: ".", maxSplits: 1).map(String.init)
        guard let first = names.first else { return object }
        guard names.count > 1, let child = object[first] else { return object.removing([first]) }
        return object.adding([first: removing(names[1], from: child)])
    }
}
