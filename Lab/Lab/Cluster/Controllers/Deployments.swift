internal import Documents

/// Deployments and their ReplicaSets: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
extension KubernetesCluster {
    mutating func settleDeployments() {
        for (key, deployment) in all(.deployments) where !deployment.isTerminating && hasSettled(deployment) {
            if deployment["spec"]?["paused"]?.bool != true { settle(key, deployment) }
            report(key, deployment)
        }
    }

    private static func hash(ofTemplate object: JSONValue) -> String { hash(object["spec"]?["template"]) }

    private mutating func settle(_ key: Key, _ deployment: JSONValue) {
        let wanted = deployment["spec"]?["replicas"]?.integer ?? 1
        let newKey = replicaSet(key, deployment)
        let sets = dependents(of: deployment, .replicaSets)
        let old = sets.filter { $0.key != newKey }
        let isRecreate = deployment["spec"]?["strategy"]?["type"]?.text == "Recreate"
        if isRecreate {
            for (key, _) in old { scale(key, to: 0) }
            let left = old.contains { !dependents(of: $0.value, .pods).isEmpty }
            if !left { scale(newKey, to: wanted) }
            return
        }
        let rolling = deployment["spec"]?["strategy"]?["rollingUpdate"]
        let surge = Self.share(rolling?["maxSurge"], of: wanted, roundsUp: true)
        var unavailable = Self.share(rolling?["maxUnavailable"], of: wanted, roundsUp: false)
        if surge == 0, unavailable == 0 { unavailable = 1 }
        let oldReplicas = old.reduce(0) { $0 + self.replicas($1.key) }
        let present = replicas(newKey)
        if present > wanted || oldReplicas == 0 {
            scale(newKey, to: wanted)
        } else if present < wanted {
            scale(newKey, to: present + max(0, min(wanted - present, wanted + surge - oldReplicas - present)))
        }
        scaleDown(old, new: newKey, keeping: wanted - unavailable)
    }

    private mutating func scaleDown(_ old: [(key: Key, value: JSONValue)], new: Key, keeping least: Int) {
        func available(_ key: Key) -> Int { self[key].map { availablePods(of: $0) } ?? 0 }
        let total = replicas(new) + old.reduce(0) { $0 + replicas($1.key) }
        let newUnavailable = replicas(new) - available(new)
        var allowed = total - least - newUnavailable
        // Replicas that do not run go first.
        for (key, _) in old where allowed > 0 {
            let broken = min(replicas(key) - available(key), allowed)
            guard broken > 0 else { continue }
            scale(key, to: replicas(key) - broken)
            allowed -= broken
        }
        var spare = available(new) + old.reduce(0) { $0 + available($1.key) } - least
        for (key, _) in old where spare > 0 && replicas(key) > 0 {
            let removed = min(replicas(key), spare)
            scale(key, to: replicas(key) - removed)
            spare -= removed
        }
    }

    private func replicas(_ key: Key) -> Int { self[key]?["spec"]?["replicas"]?.integer ?? 0 }

    private mutating func scale(_ key: Key, to count: Int) {
        guard var set = self[key], set["spec"]?["replicas"]?.integer != count else { return }
        set["spec"]?["replicas"] = JSONValue(count)
        put(key, set)
    }

    /// A number, or a percentage of the replicas.
    private static func share(_ value: JSONValue?, of count: Int, roundsUp: Bool) -> Int {
        if let number = value?.integer { return number }
        guard let percent = value?.text.flatMap({ Int($0.dropLast()) }) else { return 1 }
        return (count * percent + (roundsUp ? 99 : 0)) / 100
    }

    /// Returns the ReplicaSet of the present template, and creates it if it is missing.
    private mutating func replicaSet(_ key: Key, _ deployment: JSONValue) -> Key {
        let hash = Self.hash(ofTemplate: deployment)
        let setKey = Key(resource: .replicaSets, namespace: key.namespace, name: "\(key.name)-\(hash)")
        let sets = dependents(of: deployment, .replicaSets)
        let latest = sets.map { Self.revision($0.value) }.max() ?? 0
        if var set = self[setKey] {
            guard Self.revision(set) < latest else { return setKey }
            set["metadata"]?["annotations"] = ["deployment.kubernetes.io/revision": .string("\(latest + 1)")]
            put(setKey, set)
        } else {
            let label: [String: JSONValue] = ["pod-template-hash": .string(hash)]
            var template = deployment["spec"]?["template"] ?? [:]
            template = template.setting(
                (template["metadata"]?["labels"] ?? [:]).adding(label), at: "/metadata/labels")
            var selector = deployment["spec"]?["selector"] ?? [:]
            selector = selector.setting((selector["matchLabels"] ?? [:]).adding(label), at: "/matchLabels")
            let complaint = createDependent(
                setKey,
                [
                    "metadata": [
                        "labels": template["metadata"]?["labels"] ?? [:],
                        "annotations": ["deployment.kubernetes.io/revision": .string("\(latest + 1)")],
                        "ownerReferences": [ownerReference(to: key, deployment)],
                    ],
                    "spec": ["replicas": 0, "selector": selector, "template": template],
                ])
            if let complaint {
                event(key, reason: "ReplicaSetCreateError", complaint, from: "deployment-controller")
            }
        }
        if var deployment = self[key] {
            let revision = self[setKey].map { Self.revision($0) } ?? 1
            let annotations = (deployment["metadata"]?["annotations"] ?? [:]).adding([
                "deployment.kubernetes.io/revision": .string("\(revision)")
            ])
            deployment["metadata"]?["annotations"] = annotations
            put(key, deployment)
        }
        return setKey
    }

    private static func revision(_ set: JSONValue) -> Int {
        set["metadata"]?["annotations"]?["deployment.kubernetes.io/revision"]?.integer ?? 0
    }

    private mutating func report(_ key: Key, _ deployment: JSONValue) {
        let wanted = deployment["spec"]?["replicas"]?.integer ?? 1
        let hash = Self.hash(ofTemplate: deployment)
        let sets = dependents(of: deployment, .replicaSets)
        let pods = sets.flatMap { dependents(of: $0.value, .pods) }.map(\.value)
        let ready = pods.filter { Self.isReady($0) && !$0.isTerminating }.count
        let updated = pods.filter { $0.labels["pod-template-hash"]?.text == hash }.count
        let unavailable = Self.share(
            deployment["spec"]?["strategy"]?["rollingUpdate"]?["maxUnavailable"], of: wanted, roundsUp: false)
        let isAvailable = ready >= wanted - unavailable
        let isComplete = ready >= wanted && updated == wanted && pods.count == wanted
        let timer = "progress/\(deployment.uid)/\(hash)"
        let limit = deployment["spec"]?["progressDeadlineSeconds"]?.integer ?? 600
        let isLate = !isComplete && timers.hasPassed(.seconds(limit), since: timer)
        if isComplete { timers.forget(timer) }
        let set = "ReplicaSet \"\(key.name)-\(hash)\""
        var status: JSONValue = [
            "observedGeneration": deployment["metadata"]?["generation"] ?? 1, "replicas": JSONValue(pods.count),
            "updatedReplicas": JSONValue(updated), "readyReplicas": JSONValue(ready),
            "availableReplicas": JSONValue(ready),
            "conditions": [
                [
                    "type": "Available", "status": isAvailable ? "True" : "False",
                    "reason": isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                    "message": isAvailable
                        ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
                ],
                [
                    "type": "Progressing", "status": isLate ? "False" : "True",
                    "reason": isLate
                        ? "ProgressDeadlineExceeded" : isComplete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
                    "message": .string(
                        isLate
                            ? "\(set) has timed out progressing."
                            : isComplete ? "\(set) has successfully progressed." : "\(set) is progressing."),
                ],
            ],
        ]
        if ready < max(wanted, pods.count) {
            status["unavailableReplicas"] = JSONValue(max(wanted, pods.count) - ready)
        }
        putStatus(key, status)
    }

    // MARK: ReplicaSets

    private func availablePods(of set: JSONValue) -> Int {
        dependents(of: set, .pods).filter { Self.isReady($0.value) && !$0.value.isTerminating }.count
    }

    mutating func settleReplicaSets() {
        for (key, set) in all(.replicaSets) where !set.isTerminating {
            let wanted = set["spec"]?["replicas"]?.integer ?? 1
            let pods = dependents(of: set, .pods).filter {
                !$0.value.isTerminating && !["Failed", "Succeeded"].contains($0.value["status"]?["phase"]?.text)
            }
            for _ in 0..<max(0, wanted - pods.count) { guard createPod(of: key, set) else { break } }
            // Pods that are not ready go first, then the newest.
            let surplus = pods.sorted { first, second in
                let ready = (Self.isReady(first.value), Self.isReady(second.value))
                return ready.0 == ready.1 ? first.key.name > second.key.name : !ready.0
            }
            for (key, _) in surplus.prefix(max(0, pods.count - wanted)) { delete(key) }
            let all = dependents(of: set, .pods).filter { !$0.value.isTerminating }
            let ready = all.filter { Self.isReady($0.value) }.count
            putStatus(
                key,
                [
                    "replicas": JSONValue(all.count), "readyReplicas": JSONValue(ready),
                    "availableReplicas": JSONValue(ready), "fullyLabeledReplicas": JSONValue(all.count),
                    "observedGeneration": set["metadata"]?["generation"] ?? 1,
                ])
        }
    }

    /// - Returns: true if the pod was created.
    private mutating func createPod(of key: Key, _ set: JSONValue) -> Bool {
        // Without a kubelet, tests know the pods of a Deployment by their numbers.
        let base = isSimulated ? set.controller?["name"]?.text ?? key.name : key.name
        func candidate(_ number: Int) -> Key {
            Key(resource: .pods, namespace: key.namespace, name: "\(base)-\(number)")
        }
        let podKey =
            isSimulated
            ? (0...).lazy.map(candidate).first { self[$0] == nil } ?? candidate(0)
            : Key(resource: .pods, namespace: key.namespace, name: "\(base)-\(Self.suffix())")
        let complaint = createDependent(podKey, pod(from: set["spec"]?["template"], of: key, set))
        guard let complaint else { return true }
        event(key, reason: "FailedCreate", "Error creating: \(complaint)", from: "replicaset-controller")
        return false
    }
}
