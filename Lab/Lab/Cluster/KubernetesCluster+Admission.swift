internal import Documents

/// The checks before an object is stored.
extension KubernetesCluster {
    mutating func admit(_ key: Key, _ object: inout JSONValue, isNew: Bool) -> StandInAnswer? {
        if isNew {
            if key.resource.isNamespaced, let refusal = refusalOfNamespace(key) { return refusal }
            if key.resource.hasStatus, key.resource != .nodes { object["status"] = nil }
            for name in ["uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"] {
                object["metadata"]?[name] = nil
            }
            if key.resource == .nodes { admitNode(key) }
            if key.resource == .pods { applyLimitRanges(key, &object) }
            if let refusal = refusalByPolicy(key, object) { return refusal }
        }
        return invalidity(key, object, isNew: isNew)
    }

    private func refusalOfNamespace(_ key: Key) -> StandInAnswer? {
        let namespace = Self.namespace(key.namespace)
        guard let home = self[namespace] else {
            return .kubernetes(404, "NotFound", "namespaces \"\(key.namespace)\" not found", namespace)
        }
        guard home["status"]?["phase"]?.text != "Terminating" else {
            return .kubernetes(
                403, "Forbidden",
                "\(key.text) is forbidden: unable to create new content in namespace \(key.namespace) "
                    + "because it is being terminated", key,
                causes: [
                    [
                        "reason": "NamespaceTerminating", "field": "metadata.namespace",
                        "message": .string("namespace \(key.namespace) is being terminated"),
                    ]
                ])
        }
        return nil
    }

    /// A kubelet registers its node: from now on it runs the pods.
    private mutating func admitNode(_ key: Key) {
        guard isSimulated else { return }
        isSimulated = false
        remove(Key(resource: .nodes, namespace: "", name: Self.simulatedNode.name))
        for (pod, _) in all(.pods) { remove(pod) }
    }

    /// Sets the default requests and limits of the namespace's LimitRanges.
    private func applyLimitRanges(_ key: Key, _ pod: inout JSONValue) {
        let ranges = all(KubernetesResource.builtIn("limitranges"), in: key.namespace)
        let limits = ranges.flatMap { $0.value["spec"]?["limits"]?.array ?? [] }
        guard let limit = limits.first(where: { $0["type"]?.text == "Container" }),
            let containers = pod["spec"]?["containers"]?.array
        else { return }
        let completed = containers.map { container in
            var container = container
            container.setDefaults([
                "resources": ["limits": limit["default"] ?? [:], "requests": limit["defaultRequest"] ?? [:]]
            ])
            return container
        }
        pod["spec"]?["containers"] = .array(completed)
    }

    // MARK: Validation

    private func invalidity(_ key: Key, _ object: JSONValue, isNew: Bool) -> StandInAnswer? {
        if let complaint = invalidName(key) { return invalid(key, "metadata.name", complaint) }
        if [.configMaps, .secrets].contains(key.resource) {
            let values = ["data", "stringData", "binaryData"].flatMap { object[$0]?.object?.values.map { $0 } ?? [] }
            // Base64 has four characters for three bytes.
            let size = values.compactMap(\.text).map { $0.utf8.count * (key.resource == .secrets ? 3 : 4) / 4 }
            if size.reduce(0, +) > 1_048_576 {
                return invalid(key, "data", "Too long: may not be more than 1048576 bytes")
            }
        }
        if let template = object["spec"]?["template"], key.resource.group == "apps" {
            let selector = KubernetesSelector(object["spec"]?["selector"])
            guard !selector.terms.isEmpty else { return invalid(key, "spec.selector", "Required value") }
            guard selector.fits(template["metadata"]?["labels"]) else {
                return invalid(
                    key, "spec.template.metadata.labels",
                    "Invalid value: \(text(template["metadata"]?["labels"])): `selector` does not match template `labels`"
                )
            }
        }
        guard !isNew, let old = self[key] else { return nil }
        return changeOfImmutable(key, from: old, to: object)
    }

    private func invalidName(_ key: Key) -> String? {
        let isRBAC = key.resource.group == "rbac.authorization.k8s.io"
        let isValid =
            isRBAC ? !key.name.contains("/") : key.name.wholeMatch(of: #/[a-z0-9]([-a-z0-9.]*[a-z0-9])?/#) != nil
        return isValid && key.name.utf8.count <= 253
            ? nil
            : "Invalid value: \"\(key.name)\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                + "characters, '-' or '.', and must start and end with an alphanumeric character"
    }

    private func changeOfImmutable(_ key: Key, from old: JSONValue, to new: JSONValue) -> StandInAnswer? {
        var object = new
        complete(of: key, &object)
        func changed(_ except: [String]) -> Bool {
            old["spec"]?.removing(except) != object["spec"]?.removing(except)
        }
        switch key.resource {
        case .statefulSets:
            let mutable = [
                "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
            ]
            guard changed(mutable) else { return nil }
            return invalid(
                key, "spec",
                "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                    + "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
                    + "'minReadySeconds' are forbidden")
        case .deployments, .daemonSets, .replicaSets:
            guard old["spec"]?["selector"] != object["spec"]?["selector"] else { return nil }
            return invalid(
                key, "spec.selector", "Invalid value: \(text(object["spec"]?["selector"])): field is immutable")
        case .jobs:
            guard old["spec"]?["template"] != object["spec"]?["template"] else { return nil }
            return invalid(
                key, "spec.template", "Invalid value: \(text(object["spec"]?["template"])): field is immutable")
        case .claims: return changeOfClaim(key, from: old, to: object)
        case .pods:
            let quality = (old["status"]?["qosClass"], object["status"]?["qosClass"])
            guard quality.0 == nil || quality.0 == quality.1 else {
                return invalid(key, "status.qosClass", "Invalid value: \(text(quality.1)): field is immutable")
            }
            guard changed(["nodeName", "containers", "initContainers", "activeDeadlineSeconds", "tolerations"]) else {
                return nil
            }
            return invalid(
                key, "spec",
                "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
                    + "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
                    + "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
                    + "previously negative)")
        default: return nil
        }
    }

    private func changeOfClaim(_ key: Key, from old: JSONValue, to new: JSONValue) -> StandInAnswer? {
        let mutable = ["resources", "volumeName", "storageClassName", "volumeAttributesClassName"]
        let isMoved = ["volumeName", "storageClassName"].contains { field in
            old["spec"]?[field].map { $0 != new["spec"]?[field] } ?? false
        }
        guard !isMoved, old["spec"]?.removing(mutable) == new["spec"]?.removing(mutable) else {
            return invalid(
                key, "spec",
                "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for "
                    + "bound claims")
        }
        let size = { (claim: JSONValue) in KubernetesQuantity(claim["spec"]?["resources"]?["requests"]?["storage"]) }
        if size(new) < size(old) {
            return invalid(
                key, "spec.resources.requests.storage", "Forbidden: field can not be less than status.capacity")
        }
        guard size(new) > size(old) else { return nil }
        let name = new["spec"]?["storageClassName"]?.text ?? ""
        let isResizable =
            self[Key(resource: .storageClasses, namespace: "", name: name)]?["allowVolumeExpansion"]?.bool == true
        return isResizable
            ? nil
            : .kubernetes(
                403, "Forbidden",
                "\(key.text) is forbidden: only dynamically provisioned pvc can be resized and the storageclass that "
                    + "provisions the pvc must support resize", key)
    }

    func invalid(_ key: Key, _ field: String, _ complaint: String) -> StandInAnswer {
        let group = key.resource.group.isEmpty ? "" : ".\(key.resource.group)"
        return .kubernetes(
            422, "Invalid", "\(key.resource.kind)\(group) \"\(key.name)\" is invalid: \(field): \(complaint)", key,
            causes: [["reason": "FieldValueInvalid", "message": .string(complaint), "field": .string(field)]])
    }

    private func complete(of key: Key, _ object: inout JSONValue) {
        var copy = self
        copy.complete(key, &object)
    }

    private func text(_ value: JSONValue?) -> String {
        String(decoding: (value ?? .null).compact, as: UTF8.self)
    }
}
