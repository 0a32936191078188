internal import Documents
internal import Foundation

extension KubernetesCluster {
    mutating func delete(_ request: StandInRequest, _ key: Key) -> StandInAnswer {
        guard let object = self[key] else { return .kubernetes(404, "NotFound", "\(key.text) not found", key) }
        let options = request.json?["deleteOptions"] ?? request.json
        if let uid = options?["preconditions"]?["uid"]?.text, uid != object.uid {
            return .kubernetes(
                409, "Conflict",
                "Operation cannot be fulfilled on \(key.text): the UID in the precondition (\(uid)) does not match the "
                    + "UID in record (\(object.uid)). The object might have been deleted and then recreated", key)
        }
        let policy = options?["propagationPolicy"]?.text ?? request.query["propagationPolicy"] ?? "Background"
        let grace = options?["gracePeriodSeconds"]?.integer ?? request.query["gracePeriodSeconds"].flatMap { Int($0) }
        delete(key, policy: policy, grace: grace)
        if self[key] != nil { return .json(200, shown(key)) }
        return .json(
            200,
            [
                "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success",
                "details": [
                    "name": .string(key.name), "kind": .string(key.resource.plural),
                    "group": .string(key.resource.group), "uid": .string(object.uid),
                ],
            ])
    }

    mutating func deleteCollection(_ request: StandInRequest, _ target: KubernetesTarget) -> StandInAnswer {
        let items = selected(request, target)
        let policy = request.json?["propagationPolicy"]?.text ?? "Background"
        for (key, _) in items { delete(key, policy: policy, grace: request.json?["gracePeriodSeconds"]?.integer) }
        return .json(
            200,
            [
                "kind": "\(target.resource.kind)List", "apiVersion": .string(target.apiVersion),
                "metadata": ["resourceVersion": "\(version)"], "items": .array(items.map(\.value)),
            ])
    }

    /// Removes an object, or marks it as terminating if something must happen first.
    mutating func delete(_ key: Key, policy: String = "Background", grace: Int? = nil) {
        guard var object = self[key] else { return }
        if policy == "Orphan" { orphanDependents(of: object) }
        if policy == "Foreground", !object.finalizers.contains("foregroundDeletion") {
            let finalizers = object.finalizers + ["foregroundDeletion"]
            object["metadata"]?["finalizers"] = .array(finalizers.map { .string($0) })
        }
        if key.resource == .pods {
            let ownGrace = object["spec"]?["terminationGracePeriodSeconds"]?.integer ?? 30
            let left = object["metadata"]?["deletionGracePeriodSeconds"]?.integer
            object["metadata"]?["deletionGracePeriodSeconds"] = JSONValue(min(grace ?? left ?? ownGrace, left ?? .max))
        } else {
            object["metadata"]?["deletionGracePeriodSeconds"] = 0
        }
        if !object.isTerminating { object["metadata"]?["deletionTimestamp"] = .now }
        if key.resource == .namespaces { object["status"]?["phase"] = "Terminating" }
        put(key, object)
        guard object.finalizers.isEmpty, key.resource != .namespaces, !isGraceful(key) else { return }
        remove(key)
    }

    private mutating func orphanDependents(of owner: JSONValue) {
        for resource in resources {
            for (key, object) in all(resource) {
                let references = object["metadata"]?["ownerReferences"]?.array ?? []
                let kept = references.filter { $0["uid"]?.text != owner.uid }
                guard kept.count < references.count else { continue }
                var object = object
                object["metadata"]?["ownerReferences"] = kept.isEmpty ? JSONValue?.none : .array(kept)
                put(key, object)
            }
        }
    }

    // MARK: Garbage collection

    /// Deletes the dependents of removed objects, and of those that wait for their dependents.
    mutating func collectGarbage() {
        func waits(_ object: JSONValue) -> Bool {
            object.isTerminating && object.finalizers.contains("foregroundDeletion")
        }
        guard hasRemovals || objects.values.contains(where: { $0.values.contains(where: waits) }) else { return }
        let waiting = objects.values.flatMap { $0 }.filter { waits($0.value) }
        hasRemovals = false
        let present = Set(objects.values.flatMap(\.values).map(\.uid))
        let foreground = Set(waiting.map(\.value.uid))
        var blocked: Set<String> = []
        for (key, object) in objects.values.flatMap({ $0 }) {
            let owners = (object["metadata"]?["ownerReferences"]?.array ?? []).compactMap { $0["uid"]?.text }
            guard !owners.isEmpty else { continue }
            blocked.formUnion(owners.filter(foreground.contains))
            let isWanted = owners.contains { present.contains($0) && !foreground.contains($0) }
            if !isWanted, !object.isTerminating {
                delete(key, policy: foreground.isEmpty ? "Background" : "Foreground")
            }
        }
        for (key, object) in waiting where !blocked.contains(object.uid) {
            withoutFinalizer("foregroundDeletion", key)
        }
    }

    mutating func withoutFinalizer(_ name: String, _ key: Key) {
        guard var object = self[key], object.finalizers.contains(name) else { return }
        let kept = object.finalizers.filter { $0 != name }
        object["metadata"]?["finalizers"] = kept.isEmpty ? JSONValue?.none : .array(kept.map { .string($0) })
        put(key, object)
        if object.isTerminating, kept.isEmpty, !isGraceful(key) { remove(key) }
    }

    // MARK: Namespaces

    mutating func settleNamespaces() {
        for (key, namespace) in all(.namespaces) where namespace.isTerminating {
            guard timers.hasPassed(lag.settling, since: "namespace/\(namespace.uid)") else { continue }
            let contents = objects.filter { $0.key.isNamespaced }.flatMap(\.value)
                .filter { $0.key.namespace == key.name }
            for (content, object) in contents where !object.isTerminating { delete(content) }
            let left = objects.filter { $0.key.isNamespaced }.flatMap(\.value)
                .filter { $0.key.namespace == key.name }
            let isKept = !(namespace.finalizers.isEmpty && (namespace["spec"]?["finalizers"]?.array ?? []).count <= 1)
            guard !left.isEmpty || isKept else {
                remove(key)
                continue
            }
            var namespace = self[key] ?? namespace
            namespace["status"]?["conditions"] = .array(conditions(ofNamespaceWith: left))
            put(key, namespace)
        }
    }

    private func conditions(ofNamespaceWith left: [(key: Key, value: JSONValue)]) -> [JSONValue] {
        func condition(_ type: String, _ isTrue: Bool, reason: String, _ message: String) -> JSONValue {
            [
                "type": .string(type), "status": isTrue ? "True" : "False", "reason": .string(reason),
                "message": .string(message),
            ]
        }
        let types = Dictionary(grouping: left) { "\($0.key.resource.plural).\($0.key.resource.group)" }
            .map { "\($0.key) has \($0.value.count) resource instances" }.sorted().joined(separator: ", ")
        let finalizers = Dictionary(grouping: left.flatMap(\.value.finalizers)) { $0 }
            .map { "\($0.key) in \($0.value.count) resource instances" }.sorted().joined(separator: ", ")
        return [
            condition(
                "NamespaceDeletionDiscoveryFailure", false, reason: "ResourcesDiscovered",
                "All resources successfully discovered"),
            condition(
                "NamespaceDeletionGroupVersionParsingFailure", false, reason: "ParsedGroupVersions",
                "All legacy kube types successfully parsed"),
            condition(
                "NamespaceDeletionContentFailure", false, reason: "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization"),
            left.isEmpty
                ? condition(
                    "NamespaceContentRemaining", false, reason: "ContentRemoved", "All content successfully removed")
                : condition(
                    "NamespaceContentRemaining", true, reason: "SomeResourcesRemain",
                    "Some resources are remaining: \(types)"),
            finalizers.isEmpty
                ? condition(
                    "NamespaceFinalizersRemaining", false, reason: "ContentHasNoFinalizers",
                    "All content-preserving finalizers finished")
                : condition(
                    "NamespaceFinalizersRemaining", true, reason: "SomeFinalizersRemain",
                    "Some content in the namespace has finalizers remaining: \(finalizers)"),
        ]
    }
}
