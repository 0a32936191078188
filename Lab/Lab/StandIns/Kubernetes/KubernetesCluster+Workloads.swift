internal import Documents

/// The controllers of a cluster: they bring workloads to their desired state and delete namespaces with their objects.
extension KubernetesCluster {
    /// Sets the server's default fields, and starts to reconcile a workload whose desired state changed.
    mutating func prepare(_ key: Key, _ object: inout JSONValue, _ metadata: inout JSONValue, _ old: JSONValue?) {
        var spec = object["spec"] ?? [:]
        if spec["replicas"] == nil { spec["replicas"] = 1 }
        if key.resource.kind == "StatefulSet", spec["updateStrategy"] == nil {
            spec["updateStrategy"] = ["type": "RollingUpdate"]
        }
        object["spec"] = spec
        let generation = old?["metadata"]?["generation"]?.integer ?? 0
        guard old == nil || old?["spec"] != spec else {
            metadata["generation"] = JSONValue(generation)
            return
        }
        metadata["generation"] = JSONValue(generation + 1)
        if object["status"] == nil { object["status"] = ["replicas": 0] }
        due[key] = .now + settling
    }

    mutating func settle() {
        let now = ContinuousClock.now
        for (key, moment) in due where moment <= now {
            due[key] = nil
            if key.resource == .namespaces { vanish(key) } else { become(key) }
        }
    }

    private mutating func vanish(_ namespace: Key) {
        for key in objects.keys where key.namespace == namespace.name { remove(key) }
        remove(namespace)
    }

    private mutating func become(_ key: Key) {
        guard var object = objects[key] else { return }
        let wanted = object["spec"]?["replicas"]?.integer ?? 0
        let hangs = hangs(key, object)
        let old = object["status"]?["availableReplicas"]?.integer ?? 0
        // A Deployment keeps its old pods until new ones are ready: they stay, and one more pod hangs.
        if hangs, key.resource.kind == "Deployment", old > 0, wanted > 0 {
            return wait(key, &object, old: old, wanted: wanted)
        }
        let available = hangs ? 0 : wanted
        setPods(of: key, object, to: wanted)
        let isAvailable: JSONValue = available == wanted ? "True" : "False"
        object["status"] = [
            "observedGeneration": object["metadata"]?["generation"] ?? 1, "replicas": JSONValue(wanted),
            "updatedReplicas": JSONValue(wanted), "readyReplicas": JSONValue(available),
            "availableReplicas": JSONValue(available), "currentReplicas": JSONValue(wanted),
            "currentRevision": "1", "updateRevision": "1",
            "conditions": [
                ["type": "Available", "status": isAvailable], ["type": "Progressing", "status": "True"],
            ],
        ]
        put(key, object)
    }

    /// Starts a rollout that hangs at its first pod.
    private mutating func wait(_ key: Key, _ object: inout JSONValue, old: Int, wanted: Int) {
        put(pod(old, of: key), podOf(key, object, isReady: false))
        object["status"] = (object["status"] ?? [:]).adding([
            "observedGeneration": object["metadata"]?["generation"] ?? 1, "replicas": JSONValue(old + 1),
            "updatedReplicas": 1, "readyReplicas": JSONValue(old), "availableReplicas": JSONValue(min(old, wanted)),
            "unavailableReplicas": 1,
        ])
        put(key, object)
    }

    private func hangs(_ key: Key, _ object: JSONValue) -> Bool {
        let containers = object["spec"]?["template"]?["spec"]?["containers"]?.array ?? []
        return stuck.contains(key.name)
            || containers.contains { $0["image"]?.text.map(missingImages.contains) ?? false }
    }

    private func pod(_ index: Int, of key: Key) -> Key {
        Key(resource: .pods, namespace: key.namespace, name: "\(key.name)-\(index)")
    }

    private func podOf(_ key: Key, _ object: JSONValue, isReady: Bool) -> JSONValue {
        let ready: JSONValue = isReady ? "True" : "False"
        let state: JSONValue =
            isReady ? ["running": [:]] : ["waiting": ["reason": "ImagePullBackOff", "message": "no such image"]]
        return [
            "metadata": ["labels": object["spec"]?["template"]?["metadata"]?["labels"] ?? [:]],
            "spec": object["spec"]?["template"]?["spec"] ?? [:],
            "status": [
                "phase": isReady ? "Running" : "Pending", "conditions": [["type": "Ready", "status": ready]],
                "containerStatuses": [["name": "main", "ready": .bool(isReady), "state": state]],
            ],
        ]
    }

    /// Creates or removes pods at the end, as a StatefulSet does.
    mutating func setPods(of key: Key, _ object: JSONValue, to count: Int) {
        let isReady = !hangs(key, object)
        for index in 0..<count { put(pod(index, of: key), podOf(key, object, isReady: isReady)) }
        var index = count
        while objects[pod(index, of: key)] != nil {
            remove(pod(index, of: key))
            index += 1
        }
    }

    /// Handles the subresource `scale`: https://kubernetes.io/docs/reference/kubernetes-api/autoscaling-resources/scale-v1/
    mutating func scale(_ request: StandInRequest, _ key: Key) -> StandInAnswer {
        guard var object = objects[key] else { return .kubernetes(404, "NotFound", "not found", key) }
        if request.method == "PATCH" || request.method == "PUT" {
            guard let replicas = request.json?["spec"]?["replicas"]?.integer, replicas >= 0 else {
                return .kubernetes(422, "Invalid", "spec.replicas is not a valid number of replicas", key)
            }
            object["spec"]?["replicas"] = JSONValue(replicas)
            own([".spec.replicas": JSONValue(replicas)], key, by: manager(request))
            object = put(key, object)
        }
        return .json(
            200,
            [
                "kind": "Scale", "apiVersion": "autoscaling/v1",
                "metadata": [
                    "name": .string(key.name), "namespace": .string(key.namespace),
                    "uid": object["metadata"]?["uid"] ?? "",
                    "resourceVersion": object["metadata"]?["resourceVersion"] ?? "0",
                ],
                "spec": ["replicas": object["spec"]?["replicas"] ?? 0],
                "status": [
                    "replicas": object["status"]?["replicas"] ?? 0,
                    "selector": .string(
                        (object["spec"]?["selector"]?["matchLabels"]?.object ?? [:]).map { "\($0)=\($1.text ?? "")" }
                            .sorted().joined(separator: ",")),
                ],
            ])
    }
}
