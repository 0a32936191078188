internal import Documents

/// The scheduler: it binds pods to nodes.
///
/// It balances the number of pods on the nodes. Like the real one, it does not prefer the node that has a volume.
extension KubernetesCluster {
    mutating func schedulePods() {
        for (key, pod) in all(.pods) where pod["spec"]?["nodeName"] == nil && !pod.isTerminating {
            guard pod["spec"]?["schedulingGates"] == nil,
                timers.hasPassed(lag.scheduling, since: "scheduling/\(pod.uid)")
            else { continue }
            schedule(key, pod)
        }
    }

    private mutating func schedule(_ key: Key, _ pod: JSONValue) {
        let nodes = all(.nodes).map(\.value)
        guard !nodes.isEmpty else { return reject(key, "no nodes available to schedule pods") }
        let claims = Self.claims(of: pod).map { Key(resource: .claims, namespace: key.namespace, name: $0) }
        if let complaint = complaint(about: claims) {
            return reject(key, "0/\(nodes.count) nodes are available: \(complaint). \(Self.preemption(nodes.count))")
        }
        var reasons: [String: Int] = [:]
        var fitting: [JSONValue] = []
        for node in nodes {
            if let reason = obstacle(to: pod, on: node, claims) {
                reasons[reason, default: 0] += 1
            } else {
                fitting.append(node)
            }
        }
        func load(_ node: JSONValue) -> Int {
            all(.pods).count { $0.value["spec"]?["nodeName"]?.text == node.name }
        }
        let chosen = fitting.min { first, second in (load(first), first.name) < (load(second), second.name) }
        guard let node = chosen else {
            let list = reasons.map { "\($0.value) \($0.key)" }.sorted().joined(separator: ", ")
            return reject(key, "0/\(nodes.count) nodes are available: \(list). \(Self.preemption(nodes.count))")
        }
        // The pod is bound to the node once its volumes are provisioned for it.
        guard bind(claims, to: node) else { return }
        var pod = pod
        pod["spec"]?["nodeName"] = .string(node.name)
        pod["status"]?["conditions"] = [["type": "PodScheduled", "status": "True"]]
        put(key, pod)
        event(
            key, reason: "Scheduled", "Successfully assigned \(key.namespace)/\(key.name) to \(node.name)",
            isWarning: false, from: "default-scheduler")
    }

    private static func preemption(_ count: Int) -> String {
        "preemption: 0/\(count) nodes are available: \(count) Preemption is not helpful for scheduling."
    }

    private mutating func reject(_ key: Key, _ message: String) {
        guard var pod = self[key] else { return }
        pod["status"]?["conditions"] = [
            [
                "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": .string(message),
            ]
        ]
        put(key, pod)
        event(key, reason: "FailedScheduling", message, from: "default-scheduler")
    }

    static func claims(of pod: JSONValue) -> [String] {
        (pod["spec"]?["volumes"]?.array ?? []).compactMap { $0["persistentVolumeClaim"]?["claimName"]?.text }
    }

    // MARK: Claims

    private func complaint(about claims: [Key]) -> String? {
        for key in claims {
            guard let claim = self[key] else { return "persistentvolumeclaim \"\(key.name)\" not found" }
            if claim.isTerminating { return "persistentvolumeclaim \"\(key.name)\" is being deleted" }
        }
        let unbound = claims.filter { self[$0]?["spec"]?["volumeName"] == nil }
        let isLate = unbound.allSatisfy { storageClass(of: $0)?["volumeBindingMode"]?.text == "WaitForFirstConsumer" }
        return isLate ? nil : "pod has unbound immediate PersistentVolumeClaims"
    }

    func storageClass(of claim: Key) -> JSONValue? {
        guard let name = self[claim]?["spec"]?["storageClassName"]?.text else { return nil }
        return self[Key(resource: .storageClasses, namespace: "", name: name)]
    }

    /// Selects the node for claims that wait for their first consumer.
    /// - Returns: true if all claims are bound.
    private mutating func bind(_ claims: [Key], to node: JSONValue) -> Bool {
        var areBound = true
        for key in claims {
            guard var claim = self[key] else { return false }
            guard claim["status"]?["phase"]?.text != "Bound" else { continue }
            areBound = false
            let annotations = (claim["metadata"]?["annotations"] ?? [:]).adding([
                "volume.kubernetes.io/selected-node": .string(node.name)
            ])
            claim["metadata"]?["annotations"] = annotations
            put(key, claim)
        }
        return areBound
    }

    // MARK: Nodes

    /// Returns the reason why a pod cannot run on a node.
    private func obstacle(to pod: JSONValue, on node: JSONValue, _ claims: [Key]) -> String? {
        let spec = pod["spec"]
        let conditions = node["status"]?["conditions"]?.array ?? []
        let isReady = conditions.contains { $0["type"]?.text == "Ready" && $0["status"]?.text == "True" }
        if node["spec"]?["unschedulable"]?.bool == true { return "node(s) were unschedulable" }
        if !isReady || hasUntoleratedTaint(node, spec) { return "node(s) had untolerated taint(s)" }
        let selector = spec?["nodeSelector"]?.object ?? [:]
        let required = spec?["affinity"]?["nodeAffinity"]?["requiredDuringSchedulingIgnoredDuringExecution"]
        guard selector.allSatisfy({ node.labels[$0.key] == $0.value }),
            required.map({ Self.fits(node, $0["nodeSelectorTerms"]) }) ?? true
        else { return "node(s) didn't match Pod's node affinity/selector" }
        for claim in claims {
            guard let name = self[claim]?["spec"]?["volumeName"]?.text,
                let volume = self[Key(resource: .volumes, namespace: "", name: name)]
            else { continue }
            let affinity = volume["spec"]?["nodeAffinity"]?["required"]?["nodeSelectorTerms"]
            if let affinity, !Self.fits(node, affinity) {
                return "node(s) didn't match PersistentVolume's node affinity"
            }
            let isExclusive = volume["spec"]?["accessModes"]?.array?.contains("ReadWriteOncePod") == true
            let isUsed = all(.pods, in: claim.namespace).contains { other in
                other.value["spec"]?["nodeName"] != nil && other.value.uid != pod.uid
                    && Self.claims(of: other.value).contains(claim.name)
            }
            if isExclusive, isUsed {
                return
                    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use "
                    + "by another pod"
            }
        }
        return affinityObstacle(to: pod, on: node) ?? resourceObstacle(to: pod, on: node)
    }

    private func hasUntoleratedTaint(_ node: JSONValue, _ spec: JSONValue?) -> Bool {
        let tolerations = spec?["tolerations"]?.array ?? []
        let taints = (node["spec"]?["taints"]?.array ?? []).filter {
            ["NoSchedule", "NoExecute"].contains($0["effect"]?.text)
        }
        return taints.contains { taint in
            !tolerations.contains { toleration in
                let isAnyKey = toleration["key"] == nil && toleration["operator"]?.text == "Exists"
                let isEqual =
                    toleration["operator"]?.text == "Exists"
                    || (toleration["value"]?.text ?? "") == (taint["value"]?.text ?? "")
                let isEffect = toleration["effect"].map { $0 == taint["effect"] } ?? true
                return isEffect && (isAnyKey || (toleration["key"] == taint["key"] && isEqual))
            }
        }
    }

    /// True if a node matches one of the terms of a node selector.
    static func fits(_ node: JSONValue, _ terms: JSONValue?) -> Bool {
        func fits(_ expression: JSONValue, _ value: String?) -> Bool {
            let values = (expression["values"]?.array ?? []).compactMap(\.text)
            return switch expression["operator"]?.text {
            case "In": value.map(values.contains) ?? false
            case "NotIn": !(value.map(values.contains) ?? false)
            case "Exists": value != nil
            case "DoesNotExist": value == nil
            case "Gt": (value.flatMap { Int($0) } ?? .min) > (values.first.flatMap { Int($0) } ?? .max)
            case "Lt": (value.flatMap { Int($0) } ?? .max) < (values.first.flatMap { Int($0) } ?? .min)
            default: false
            }
        }
        return (terms?.array ?? []).contains { term in
            (term["matchExpressions"]?.array ?? []).allSatisfy {
                fits($0, node.labels[$0["key"]?.text ?? ""]?.text)
            } && (term["matchFields"]?.array ?? []).allSatisfy { fits($0, node.name) }
        }
    }

    private func affinityObstacle(to pod: JSONValue, on node: JSONValue) -> String? {
        let affinity = pod["spec"]?["affinity"]
        func matches(_ term: JSONValue) -> Bool {
            let namespaces = (term["namespaces"]?.array ?? []).compactMap(\.text)
            let selector = KubernetesSelector(term["labelSelector"])
            let topology = term["topologyKey"]?.text ?? "kubernetes.io/hostname"
            return all(.pods).contains { key, other in
                guard other.uid != pod.uid, let name = other["spec"]?["nodeName"]?.text,
                    !["Succeeded", "Failed"].contains(other["status"]?["phase"]?.text),
                    (namespaces.isEmpty ? [pod.namespace ?? ""] : namespaces).contains(key.namespace),
                    selector.fits(other["metadata"]?["labels"]),
                    let home = self[Key(resource: .nodes, namespace: "", name: name)]
                else { return false }
                return home.labels[topology] == node.labels[topology] && node.labels[topology] != nil
            }
        }
        let rule = "requiredDuringSchedulingIgnoredDuringExecution"
        if !(affinity?["podAffinity"]?[rule]?.array ?? []).allSatisfy(matches) {
            return "node(s) didn't match pod affinity rules"
        }
        if (affinity?["podAntiAffinity"]?[rule]?.array ?? []).contains(where: matches) {
            return "node(s) didn't match pod anti-affinity rules"
        }
        return nil
    }

    private func resourceObstacle(to pod: JSONValue, on node: JSONValue) -> String? {
        let others = all(.pods).map(\.value).filter {
            $0["spec"]?["nodeName"]?.text == node.name
                && !["Succeeded", "Failed"].contains($0["status"]?["phase"]?.text)
        }
        for resource in ["cpu", "memory"] {
            guard let allocatable = node["status"]?["allocatable"]?[resource] else { continue }
            let requests = (others + [pod]).map { Self.requests($0, resource) }.reduce(.zero, +)
            if Self.requests(pod, resource) > .zero, requests > KubernetesQuantity(allocatable) {
                return "Insufficient \(resource)"
            }
        }
        return nil
    }

    /// Returns the sum of the requests of a pod's containers; a limit without a request counts as one.
    static func requests(_ pod: JSONValue, _ resource: String, _ kind: String = "requests") -> KubernetesQuantity {
        (pod["spec"]?["containers"]?.array ?? []).map { container in
            let resources = container["resources"]
            return KubernetesQuantity(resources?[kind]?[resource] ?? resources?["limits"]?[resource])
        }.reduce(.zero, +)
    }
}
