internal import Documents

/// StatefulSets: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
extension KubernetesCluster {
    mutating func settleStatefulSets() {
        for (key, set) in all(.statefulSets) where !set.isTerminating && hasSettled(set) { settle(key, set) }
    }

    private mutating func settle(_ key: Key, _ set: JSONValue) {
        let revision = recordRevision(key, set)
        let wanted = set["spec"]?["replicas"]?.integer ?? 1
        let start = set["spec"]?["ordinals"]?["start"]?.integer ?? 0
        let isOrdered = set["spec"]?["podManagementPolicy"]?.text != "Parallel"
        let pods = dependents(of: set, .pods)
        let names = (start..<start + max(0, wanted)).map { "\(key.name)-\($0)" }
        defer { report(key, set, revision) }
        for (index, name) in names.enumerated() {
            let podKey = Key(resource: .pods, namespace: key.namespace, name: name)
            guard let pod = self[podKey] else {
                guard createPod(podKey, start + index, of: (key, set), revision), !isOrdered else {
                    if isOrdered { return }
                    continue
                }
                continue
            }
            if ["Failed", "Succeeded"].contains(pod["status"]?["phase"]?.text), !pod.isTerminating { delete(podKey) }
            if isOrdered, pod.isTerminating || !Self.isReady(pod) { return }
        }
        let condemned = pods.filter { !names.contains($0.key.name) }
            .sorted { Self.ordinal($0.key) > Self.ordinal($1.key) }
        if isOrdered, let last = condemned.first {
            if !last.value.isTerminating { delete(last.key) }
            return
        }
        for (key, pod) in condemned where !pod.isTerminating { delete(key) }
        let strategy = set["spec"]?["updateStrategy"]
        guard strategy?["type"]?.text == "RollingUpdate" else { return }
        let partition = strategy?["rollingUpdate"]?["partition"]?.integer ?? 0
        for name in names.reversed() where Self.ordinal(name) >= partition {
            let podKey = Key(resource: .pods, namespace: key.namespace, name: name)
            guard let pod = self[podKey] else { return }
            guard pod.labels["controller-revision-hash"]?.text == revision else {
                if !pod.isTerminating { delete(podKey) }
                return
            }
            guard Self.isReady(pod), !pod.isTerminating else { return }
        }
    }

    static func ordinal(_ key: Key) -> Int { ordinal(key.name) }
    private static func ordinal(_ name: String) -> Int { Int(name.split(separator: "-").last ?? "") ?? 0 }

    static func isReady(_ pod: JSONValue) -> Bool {
        pod["status"]?["phase"]?.text == "Running"
            && (pod["status"]?["conditions"]?.array ?? []).contains {
                $0["type"]?.text == "Ready" && $0["status"]?.text == "True"
            }
    }

    /// - Returns: true if the pod was created.
    private mutating func createPod(
        _ podKey: Key, _ ordinal: Int, of owner: (key: Key, set: JSONValue), _ revision: String
    ) -> Bool {
        let (key, set) = owner
        var pod = pod(
            from: set["spec"]?["template"], of: key, set,
            labels: [
                "controller-revision-hash": .string(revision),
                "statefulset.kubernetes.io/pod-name": .string(podKey.name),
                "apps.kubernetes.io/pod-index": .string("\(ordinal)"),
            ])
        pod["spec"]?["hostname"] = .string(podKey.name)
        if let service = set["spec"]?["serviceName"] { pod["spec"]?["subdomain"] = service }
        var volumes = pod["spec"]?["volumes"]?.array ?? []
        for template in set["spec"]?["volumeClaimTemplates"]?.array ?? [] {
            let name = template.name
            let claim = Key(
                resource: .claims, namespace: key.namespace, name: "\(name)-\(podKey.name)")
            if let complaint = createClaim(claim, template, set) {
                event(
                    key, reason: "FailedCreate",
                    "create Claim \(claim.name) for Pod \(podKey.name) in StatefulSet \(key.name) failed error: "
                        + complaint, from: "statefulset-controller")
                return false
            }
            volumes.removeAll { $0["name"]?.text == name }
            volumes.append([
                "name": .string(name), "persistentVolumeClaim": ["claimName": .string(claim.name)],
            ])
        }
        if !volumes.isEmpty { pod["spec"]?["volumes"] = .array(volumes) }
        if let complaint = createDependent(podKey, pod) {
            event(
                key, reason: "FailedCreate",
                "create Pod \(podKey.name) in StatefulSet \(key.name) failed error: \(complaint)",
                from: "statefulset-controller")
            return false
        }
        event(
            key, reason: "SuccessfulCreate", "create Pod \(podKey.name) in StatefulSet \(key.name) successful",
            isWarning: false, from: "statefulset-controller")
        return true
    }

    private mutating func createClaim(_ key: Key, _ template: JSONValue, _ set: JSONValue) -> String? {
        if let old = self[key] {
            return old.isTerminating ? "pvc \(key.name) is being deleted" : nil
        }
        var claim = template.removing(["status"])
        let labels = template.labels.adding(set["spec"]?["selector"]?["matchLabels"]?.object ?? [:])
        claim["metadata"] = (template["metadata"] ?? [:]).adding(["labels": labels])
        if set["spec"]?["persistentVolumeClaimRetentionPolicy"]?["whenDeleted"]?.text == "Delete",
            let owner = self.key(of: set)
        {
            let reference = ownerReference(to: owner, set).removing(["controller", "blockOwnerDeletion"])
            claim["metadata"]?["ownerReferences"] = [reference]
        }
        let complaint = createDependent(key, claim)
        if complaint == nil, let owner = self.key(of: set) {
            let pod = key.name.dropFirst(template.name.count + 1)
            event(
                owner, reason: "SuccessfulCreate",
                "create Claim \(key.name) Pod \(pod) in StatefulSet \(set.name) success",
                isWarning: false, from: "statefulset-controller")
        }
        return complaint
    }

    // MARK: Revisions and status

    /// Records the template as a ControllerRevision.
    /// - Returns: the name of the revision, which the pods have as a label.
    mutating func recordRevision(_ key: Key, _ object: JSONValue) -> String {
        let template = object["spec"]?["template"] ?? [:]
        let name = "\(key.name)-\(Self.hash(template))"
        let revisions = dependents(of: object, .revisions)
        let latest = revisions.map { $0.value["revision"]?.integer ?? 0 }.max() ?? 0
        let revisionKey = Key(resource: .revisions, namespace: key.namespace, name: name)
        if let own = self[revisionKey], own["revision"]?.integer == latest { return name }
        var revision: JSONValue = [
            "metadata": [
                "labels": object["spec"]?["template"]?["metadata"]?["labels"] ?? [:],
                "ownerReferences": [ownerReference(to: key, object)],
            ],
            "data": ["spec": ["template": template.adding(["$patch": "replace"])]],
        ]
        revision["revision"] = JSONValue(latest + 1)
        put(revisionKey, revision)
        return name
    }

    private mutating func report(_ key: Key, _ set: JSONValue, _ revision: String) {
        let pods = dependents(of: set, .pods).map(\.value)
        let ready = pods.filter { Self.isReady($0) && !$0.isTerminating }.count
        func count(_ revision: String) -> Int {
            pods.filter { $0.labels["controller-revision-hash"]?.text == revision && !$0.isTerminating }.count
        }
        let wanted = set["spec"]?["replicas"]?.integer ?? 1
        let updated = count(revision)
        var current = set["status"]?["currentRevision"]?.text ?? revision
        let isRolling = set["spec"]?["updateStrategy"]?["type"]?.text == "RollingUpdate"
        if isRolling, updated == pods.count, updated == wanted, ready == wanted { current = revision }
        var status: JSONValue = [
            "observedGeneration": set["metadata"]?["generation"] ?? 1, "replicas": JSONValue(pods.count),
            "readyReplicas": JSONValue(ready), "availableReplicas": JSONValue(ready),
            "updatedReplicas": JSONValue(updated), "currentReplicas": JSONValue(count(current)),
            "currentRevision": .string(current), "updateRevision": .string(revision), "collisionCount": 0,
        ]
        status["conditions"] = set["status"]?["conditions"]
        putStatus(key, status)
    }
}
