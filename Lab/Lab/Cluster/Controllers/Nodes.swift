internal import Documents

/// The node lifecycle controller: https://kubernetes.io/docs/concepts/architecture/nodes/
extension KubernetesCluster {
    private static let taint = "node.kubernetes.io/unreachable"

    mutating func settleNodes() {
        for (key, node) in all(.nodes) {
            let conditions = node["status"]?["conditions"]?.array ?? []
            let isReady = conditions.contains { $0["type"] == "Ready" && $0["status"] == "True" }
            let isReported = conditions.contains { $0["type"] == "Ready" }
            let taints = node["spec"]?["taints"]?.array ?? []
            let others = taints.filter { $0["key"]?.text != Self.taint }
            let timer = "unreachable/\(node.uid)"
            var node = node
            if isReady || !isReported {
                timers.forget(timer)
                node["spec"]?["taints"] = others.isEmpty ? JSONValue?.none : .array(others)
            } else {
                let own = ["NoSchedule", "NoExecute"].map { effect -> JSONValue in
                    ["key": .string(Self.taint), "effect": .string(effect)]
                }
                if node["spec"] == nil { node["spec"] = [:] }
                node["spec"]?["taints"] = .array(others + own)
                // The pods stay until the node is back: nothing confirms the end of their containers.
                if timers.hasPassed(lag.eviction, since: timer) { evictPods(of: key.name) }
            }
            put(key, node)
        }
        let names = Set(all(.nodes).map(\.key.name))
        for (key, pod) in all(.pods) {
            guard let node = pod["spec"]?["nodeName"]?.text, !names.contains(node) else { continue }
            delete(key, grace: 0)
        }
    }

    private mutating func evictPods(of node: String) {
        for (key, pod) in all(.pods) where pod["spec"]?["nodeName"]?.text == node && !pod.isTerminating {
            let isDaemon = pod.controller?["kind"]?.text == "DaemonSet"
            if !isDaemon { delete(key) }
        }
    }

    /// Creates what each namespace of a real cluster has, if the test wants it.
    mutating func completeNamespaces() {
        guard completesNamespaces else { return }
        for (key, namespace) in all(.namespaces) where !namespace.isTerminating {
            let account = Key(resource: .serviceAccounts, namespace: key.name, name: "default")
            if self[account] == nil { put(account, [:]) }
            let authority = Key(resource: .configMaps, namespace: key.name, name: "kube-root-ca.crt")
            if self[authority] == nil { put(authority, ["data": ["ca.crt": "-----BEGIN CERTIFICATE-----\n"]]) }
        }
    }
}
