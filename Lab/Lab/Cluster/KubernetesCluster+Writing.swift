internal import Documents
internal import Foundation

extension KubernetesCluster {
    mutating func create(_ request: StandInRequest, _ target: KubernetesTarget) -> StandInAnswer {
        guard var object = request.json else { return .kubernetes(400, "BadRequest", "the body is not valid JSON") }
        if target.isNewEvent {
            object["involvedObject"] = object["regarding"]
            object["message"] = object["note"]
            object = object.removing(["regarding", "note"])
        }
        var name = object.name
        if name.isEmpty, let prefix = object["metadata"]?["generateName"]?.text { name = prefix + Self.suffix() }
        guard !name.isEmpty else {
            return .kubernetes(
                422, "Invalid",
                "\(target.resource.kind) \"\" is invalid: metadata.name: Required value: name or generateName is required"
            )
        }
        let namespace = target.namespace ?? ""
        guard (object.namespace ?? namespace) == namespace else {
            return .kubernetes(
                400, "BadRequest",
                "the namespace of the provided object does not match the namespace sent on the request")
        }
        let key = Key(resource: target.resource, namespace: namespace, name: name)
        guard self[key] == nil else {
            return .kubernetes(409, "AlreadyExists", "\(key.text) already exists", key)
        }
        if let refusal = admit(key, &object, isNew: true) { return refusal }
        let stored = put(key, object)
        recordUpdate(key, from: nil, to: stored, by: manager(request, target))
        return .json(201, shown(key, target))
    }

    /// Five characters, as servers append them to generated names.
    static func suffix() -> String {
        String((0..<5).map { _ in "bcdfghjklmnpqrstvwxz2456789".randomElement() ?? "x" })
    }

    mutating func patch(_ request: StandInRequest, _ key: Key, _ target: KubernetesTarget) -> StandInAnswer {
        guard let patch = request.json, let old = self[key] else {
            return .kubernetes(400, "BadRequest", "the patch is not valid JSON")
        }
        do {
            let new = try KubernetesPatch.patched(
                old, with: patch, contentType: request.contentType, isCustom: key.resource.isCustom)
            return replace(key, new, request, target)
        } catch {
            return .kubernetes(422, "Invalid", "the server rejected our request: \(error.message)", key)
        }
    }

    mutating func update(_ request: StandInRequest, _ key: Key, _ target: KubernetesTarget) -> StandInAnswer {
        guard let object = request.json else { return .kubernetes(400, "BadRequest", "the body is not valid JSON") }
        return replace(key, object, request, target)
    }

    private mutating func replace(
        _ key: Key, _ wanted: JSONValue, _ request: StandInRequest, _ target: KubernetesTarget
    ) -> StandInAnswer {
        guard let old = self[key] else { return .kubernetes(404, "NotFound", "\(key.text) not found", key) }
        let asked = wanted["metadata"]
        let expected = asked?["resourceVersion"]?.text ?? ""
        let isOther = asked?["uid"]?.text.map { $0 != old.uid } ?? false
        guard !isOther, expected.isEmpty || expected == old["metadata"]?["resourceVersion"]?.text else {
            return .kubernetes(
                409, "Conflict",
                "Operation cannot be fulfilled on \(key.text): the object has been modified; "
                    + "please apply your changes to the latest version and try again", key)
        }
        var new = part(of: wanted, target, old: old)
        if let refusal = admit(key, &new, isNew: false) { return refusal }
        let stored = put(key, new)
        recordUpdate(key, from: old, to: stored, by: manager(request, target))
        let answer = StandInAnswer.json(200, shown(key, target))
        if stored.isTerminating, stored.finalizers.isEmpty, key.resource != .namespaces, !isGraceful(key) {
            remove(key)
        }
        return answer
    }

    /// Returns the part of a changed object that its path can change, over the rest of the old one.
    func part(of wanted: JSONValue, _ target: KubernetesTarget, old: JSONValue) -> JSONValue {
        var new = wanted
        if target.subresource == "status" {
            new = old
            new["status"] = wanted["status"]
        } else if target.resource.hasStatus {
            new["status"] = old["status"]
        }
        // Only a deletion sets the time of the deletion.
        for name in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
            new["metadata"]?[name] = old["metadata"]?[name]
        }
        return new
    }

    /// True if a kubelet ends the containers of a pod before the server removes it.
    func isGraceful(_ key: Key) -> Bool {
        guard key.resource == .pods, let pod = self[key], pod["spec"]?["nodeName"] != nil else { return false }
        if ["Succeeded", "Failed"].contains(pod["status"]?["phase"]?.text) { return false }
        return pod["metadata"]?["deletionGracePeriodSeconds"]?.integer != 0
    }

    // MARK: Subresources

    /// Handles the subresource `scale`: https://kubernetes.io/docs/reference/kubernetes-api/autoscaling-resources/scale-v1/
    mutating func scale(_ request: StandInRequest, _ key: Key) -> StandInAnswer {
        guard let old = self[key], let paths = key.resource.scale else {
            return .kubernetes(404, "NotFound", "\(key.text) not found", key)
        }
        func pointer(_ path: String) -> String { path.replacing(".", with: "/") }
        var object = old
        if request.method == "PATCH" || request.method == "PUT" {
            let shown = scale(of: key, old, paths)
            let wanted =
                request.method == "PUT"
                ? request.json
                : request.json.flatMap {
                    try? KubernetesPatch.patched(shown, with: $0, contentType: request.contentType, isCustom: true)
                }
            guard let replicas = wanted?["spec"]?["replicas"]?.integer, replicas >= 0 else {
                return .kubernetes(
                    422, "Invalid",
                    "Scale.autoscaling \"\(key.name)\" is invalid: spec.replicas: must be greater than or equal to 0",
                    key)
            }
            object = old.setting(JSONValue(replicas), at: pointer(paths.specReplicas))
            object = put(key, object)
            let manager = KubernetesFieldManager(
                managerName(request), version: key.resource.apiVersion, subresource: "scale")
            recordUpdate(key, from: old, to: object, by: manager)
        }
        return .json(200, scale(of: key, object, paths))
    }

    private func scale(of key: Key, _ object: JSONValue, _ paths: KubernetesResource.Scale) -> JSONValue {
        func value(_ path: String) -> JSONValue? { object.value(at: path.replacing(".", with: "/")) }
        var status: JSONValue = ["replicas": value(paths.statusReplicas) ?? 0]
        let selector =
            paths.selector.map { $0.isEmpty ? nil : value($0)?.text }
            ?? KubernetesSelector(object["spec"]?["selector"]).text
        if let selector { status["selector"] = .string(selector) }
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1",
            "metadata": [
                "name": .string(key.name), "namespace": .string(key.namespace), "uid": .string(object.uid),
                "resourceVersion": object["metadata"]?["resourceVersion"] ?? "0",
                "creationTimestamp": object["metadata"]?["creationTimestamp"] ?? .null,
            ],
            "spec": ["replicas": value(paths.specReplicas) ?? 0], "status": status,
        ]
    }

    /// Handles the subresource `binding` of a pod.
    mutating func bind(_ request: StandInRequest, _ key: Key) -> StandInAnswer {
        guard let node = request.json?["target"]?["name"]?.text, var pod = self[key] else {
            return .kubernetes(400, "BadRequest", "the binding has no target")
        }
        pod["spec"]?["nodeName"] = .string(node)
        put(key, pod)
        return .json(201, ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success"])
    }
}

extension JSONValue {
    /// Returns the value with a member set at a pointer; objects on the way are created.
    func setting(_ value: JSONValue, at pointer: String) -> JSONValue {
        let names = pointer.split(separator: "/").map(String.init)
        guard let first = names.first else { return value }
        let rest = names.dropFirst().joined(separator: "/")
        return (object == nil ? [:] : self).adding([first: (self[first] ?? [:]).setting(value, at: rest)])
    }
}
