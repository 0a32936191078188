internal import Documents

/// A field manager: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
struct KubernetesFieldManager: Hashable, Sendable {
    struct Fields: Sendable {
        var paths: Set<KubernetesFieldPath> = []
        var time = JSONValue.now
    }

    var name: String
    var version: String
    var operation = "Update"
    var subresource = ""

    init(_ name: String, version: String = "v1", operation: String = "Update", subresource: String = "") {
        self.name = name
        self.version = version
        self.operation = operation
        self.subresource = subresource
    }
}

/// Server-side apply: https://kubernetes.io/docs/reference/using-api/server-side-apply/
extension KubernetesCluster {
    mutating func apply(_ request: StandInRequest, _ key: Key, _ target: KubernetesTarget) -> StandInAnswer {
        guard let wanted = request.json else { return .kubernetes(400, "BadRequest", "the body is not valid JSON") }
        guard wanted["metadata"]?["managedFields"] == nil else {
            return .kubernetes(400, "BadRequest", "metadata.managedFields must be nil", key)
        }
        guard request.query["fieldManager"] != nil else {
            return .kubernetes(
                422, "Invalid",
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for "
                    + "apply patch")
        }
        let old = self[key]
        let isCustom = key.resource.isCustom
        let isStatus = target.subresource == "status"
        let manager = manager(request, target, operation: "Apply")
        let source = isStatus ? ["status": wanted["status"] ?? [:]] : wanted
        let leaves = KubernetesFields.leaves(of: source, isCustom: isCustom, status: isStatus)
        let present = old.map { KubernetesFields.leaves(of: $0, isCustom: isCustom) } ?? [:]
        let owned = managers[key] ?? [:]
        var conflicts: [Conflict] = []
        for (path, value) in leaves where present[path] != value {
            for (other, fields) in owned where other != manager && fields.paths.contains(path) {
                conflicts.append(Conflict(field: path, owner: other, time: fields.time))
            }
        }
        if !conflicts.isEmpty, request.query["force"] != "true" { return conflict(conflicts, key) }
        var object = KubernetesFields.applied(
            isStatus ? source : wanted.removing(key.resource.hasStatus ? ["status"] : []), to: old ?? [:],
            isCustom: isCustom)
        // Remove fields that this manager set before, no longer sets, and that no other manager has.
        for path in owned[manager]?.paths ?? [] where leaves[path] == nil {
            guard !owned.contains(where: { $0.key != manager && $0.value.paths.contains(path) }) else { continue }
            object = KubernetesFields.removing(path.steps[...], from: object)
        }
        if let old { object = part(of: object, target, old: old) }
        if let refusal = admit(key, &object, isNew: old == nil) { return refusal }
        put(key, object)
        for conflict in conflicts { managers[key]?[conflict.owner]?.paths.remove(conflict.field) }
        managers[key, default: [:]][manager] = .init(paths: Set(leaves.keys))
        managers[key] = managers[key]?.filter { !$0.value.paths.isEmpty }
        return .json(old == nil ? 201 : 200, shown(key, target))
    }

    // MARK: Field managers

    /// Records the fields that a change other than an apply sets and removes.
    mutating func recordUpdate(
        _ key: Key, from old: JSONValue?, to new: JSONValue, by manager: KubernetesFieldManager
    ) {
        let isCustom = key.resource.isCustom
        let before = old.map { KubernetesFields.leaves(of: $0, isCustom: isCustom) } ?? [:]
        let after = KubernetesFields.leaves(
            of: new, isCustom: isCustom, status: manager.subresource == "status" || !key.resource.hasStatus)
        let changed = Set(after.filter { before[$0.key] != $0.value }.keys)
        let removed = Set(before.keys).subtracting(KubernetesFields.leaves(of: new, isCustom: isCustom).keys)
        guard !changed.isEmpty || !removed.isEmpty else { return }
        var own = managers[key] ?? [:]
        for (other, _) in own {
            own[other]?.paths.subtract(removed)
            if other != manager { own[other]?.paths.subtract(changed.filter { after[$0] != .null }) }
        }
        if !changed.isEmpty {
            own[manager, default: .init()].paths.formUnion(changed)
            own[manager]?.time = .now
        }
        managers[key] = own.filter { !$0.value.paths.isEmpty }
    }

    func manager(
        _ request: StandInRequest, _ target: KubernetesTarget, operation: String = "Update"
    ) -> KubernetesFieldManager {
        KubernetesFieldManager(
            managerName(request), version: target.apiVersion, operation: operation,
            subresource: target.subresource ?? "")
    }

    /// Returns the field manager of a request, or the name of the client program.
    func managerName(_ request: StandInRequest) -> String {
        request.query["fieldManager"]
            ?? request.headers["user-agent"]?.split(separator: "/").first.map(String.init) ?? "unknown"
    }

    /// Returns `metadata.managedFields` of an object; nil if no manager is known.
    func managedFields(_ key: Key) -> JSONValue? {
        guard let own = managers[key], !own.isEmpty else { return nil }
        let sorted = own.sorted { ($0.key.operation, $0.key.name) < ($1.key.operation, $1.key.name) }
        return .array(
            sorted.map { manager, fields in
                var entry: JSONValue = [
                    "manager": .string(manager.name), "operation": .string(manager.operation),
                    "apiVersion": .string(manager.version), "time": fields.time, "fieldsType": "FieldsV1",
                    "fieldsV1": KubernetesFields.fieldsV1(fields.paths),
                ]
                if !manager.subresource.isEmpty { entry["subresource"] = .string(manager.subresource) }
                return entry
            })
    }

    // MARK: Conflicts

    private struct Conflict {
        var field: KubernetesFieldPath
        var owner: KubernetesFieldManager
        var time: JSONValue

        var ownerText: String {
            var text = "\"\(owner.name)\""
            if !owner.subresource.isEmpty { text += " with subresource \"\(owner.subresource)\"" }
            return owner.operation == "Update" ? "\(text) using \(owner.version) at \(time.text ?? "")" : text
        }
    }

    private func conflict(_ conflicts: [Conflict], _ key: Key) -> StandInAnswer {
        let conflicts = conflicts.sorted { $0.field.description < $1.field.description }
        let causes = conflicts.map { conflict -> JSONValue in
            [
                "reason": "FieldManagerConflict", "message": .string("conflict with \(conflict.ownerText)"),
                "field": .string(conflict.field.description),
            ]
        }
        var message = "Apply failed with 1 conflict: conflict with \(conflicts[0].ownerText): \(conflicts[0].field)"
        if conflicts.count > 1 {
            let owners = Dictionary(grouping: conflicts, by: \.ownerText).sorted { $0.key < $1.key }
            let lines = owners.flatMap { owner, conflicts in
                ["conflicts with \(owner):"] + conflicts.map { "- \($0.field)" }
            }
            message = "Apply failed with \(conflicts.count) conflicts: \(lines.joined(separator: "\n"))"
        }
        return .kubernetes(409, "Conflict", message, key, causes: causes)
    }
}
