internal import Documents

/// A node without a kubelet: its pods run at once, without processes.
///
/// It is removed when a kubelet registers a node.
extension KubernetesCluster {
    static let simulatedNode: JSONValue = [
        "kind": "Node", "apiVersion": "v1",
        "metadata": [
            "name": "lab-node", "labels": ["kubernetes.io/hostname": "lab-node", "kubernetes.io/os": "linux"],
        ],
        "status": [
            "allocatable": ["cpu": "64", "memory": "256Gi", "pods": "1000"],
            "capacity": ["cpu": "64", "memory": "256Gi", "pods": "1000"],
            "conditions": [["type": "Ready", "status": "True", "reason": "KubeletReady"]],
            "addresses": [
                ["type": "InternalIP", "address": "127.0.0.1"], ["type": "Hostname", "address": "lab-node"],
            ],
        ],
    ]

    mutating func runSimulatedPods() {
        guard isSimulated else { return }
        for (key, pod) in all(.pods) where pod["spec"]?["nodeName"] != nil {
            if pod.isTerminating {
                guard pod.finalizers.isEmpty,
                    timers.hasPassed(lag.termination, since: "termination/\(pod.uid)")
                else { continue }
                remove(key)
            } else if pod["status"]?["phase"]?.text == "Pending" {
                run(key, pod)
            }
        }
    }

    private mutating func run(_ key: Key, _ pod: JSONValue) {
        let containers = pod["spec"]?["containers"]?.array ?? []
        let image = containers.compactMap { $0["image"]?.text }.first(where: missingImages.contains)
        let hangs = image != nil || workload(of: pod).map { stuck.contains($0) } ?? false
        let isJob = pod.controller?["kind"]?.text == "Job"
        if hangs {
            let name = image ?? containers.first?["image"]?.text ?? ""
            event(
                key, reason: "Failed",
                "Failed to pull image \"\(name)\": rpc error: code = NotFound desc = failed to pull and unpack image "
                    + "\"\(name)\": not found", from: "kubelet")
            event(key, reason: "Failed", "Error: ImagePullBackOff", from: "kubelet")
        }
        let waiting: JSONValue = [
            "waiting": [
                "reason": "ImagePullBackOff",
                "message": .string("Back-off pulling image \"\(image ?? containers.first?["image"]?.text ?? "")\""),
            ]
        ]
        let code = failing.contains { pod.name.hasPrefix("\($0)-") } ? 1 : 0
        let ended: JSONValue = [
            "terminated": ["exitCode": JSONValue(code), "reason": code == 0 ? "Completed" : "Error"]
        ]
        let state: JSONValue = hangs ? waiting : isJob ? ended : ["running": ["startedAt": .now]]
        let isReady = !hangs && !isJob
        var phase: JSONValue = hangs ? "Pending" : "Running"
        if isJob, !hangs { phase = code == 0 ? "Succeeded" : "Failed" }
        var pod = pod
        let scheduled = (pod["status"]?["conditions"]?.array ?? []).filter { $0["type"]?.text == "PodScheduled" }
        let ready: JSONValue = isReady ? "True" : "False"
        pod["status"] = [
            "phase": phase, "podIP": "127.0.0.1", "hostIP": "127.0.0.1",
            "conditions": .array(
                scheduled + [
                    ["type": "Initialized", "status": "True"], ["type": "ContainersReady", "status": ready],
                    ["type": "Ready", "status": ready],
                ]),
            "containerStatuses": .array(
                containers.map {
                    [
                        "name": $0["name"] ?? "main", "image": $0["image"] ?? "", "ready": .bool(isReady),
                        "started": .bool(isReady), "restartCount": 0, "state": state,
                    ]
                }),
        ]
        let old = self[key]?["status"]
        if old?["phase"] == phase, old?["containerStatuses"] != nil { return }  // it hangs as before
        put(key, pod)
    }

    /// Returns the name of the workload of a pod: of the Deployment, not of its ReplicaSet.
    private func workload(of pod: JSONValue) -> String? {
        guard let owner = pod.controller, let name = owner["name"]?.text else { return nil }
        guard owner["kind"]?.text == "ReplicaSet" else { return name }
        let set = Key(resource: .replicaSets, namespace: pod.namespace ?? "", name: name)
        return self[set]?.controller?["name"]?.text ?? name
    }
}
