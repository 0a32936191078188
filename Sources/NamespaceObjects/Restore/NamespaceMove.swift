internal import BackupRepository
internal import Documents
internal import Kubernetes

/// A restore into other namespaces than those of the backup, beside them: `drill-monitoring`.
struct NamespaceMove: Sendable {
    let prefix: String
    /// The namespaces of the backup.
    let namespaces: Set<String>

    /// - Throws: `ComponentError` if a new name is not valid.
    init(prefix: String, namespaces: [String]) throws {
        self.prefix = prefix
        self.namespaces = Set(namespaces)
        for name in namespaces.map({ prefix + $0 })
        where !name.isKubernetesName || name.contains(".") || name.utf8.count > 63 {
            throw ComponentError(
                .misconfigured, operation: "restore with the prefix '\(prefix)'",
                "'\(name)' is not a valid name of a namespace",
                hint: "use lower-case letters, digits and '-', such as --prefix drill-")
        }
    }

    func moved(_ name: ObjectName) -> ObjectName {
        var name = name
        name.namespace = name.namespace.map(moved)
        if name.kind == "Namespace", name.group.isEmpty { name.name = moved(name.name) }
        return name
    }

    private func moved(_ namespace: String) -> String {
        namespaces.contains(namespace) ? prefix + namespace : namespace
    }

    private func movedName(_ namespace: JSONValue) -> JSONValue {
        namespace.text.map { .string(moved($0)) } ?? namespace
    }

    /// The reason why an object is not restored beside the live one; nil if it is.
    func obstacle(to name: ObjectName) -> String? {
        if name.kind == "Ingress" || name.group == "gateway.networking.k8s.io" {
            return "with --prefix it would take over requests to the live namespace"
        }
        let isShared = name.namespace == nil && !(name.kind == "Namespace" && name.group.isEmpty)
        guard isShared, RestoreStage(name) != .definitions else { return nil }
        return "it belongs to the whole cluster: --prefix restores the objects in namespaces only"
    }

    /// Changes the references to the namespaces.
    func moved(_ document: JSONValue) -> JSONValue {
        var document = document
        if document["kind"]?.text == "Namespace" {
            document["metadata"] = document["metadata"].map { member($0, "name") }
        }
        document["metadata"] = document["metadata"].map { member($0, "namespace") }
        if let subjects = document["subjects"]?.array {
            document["subjects"] = .array(subjects.map { member($0, "namespace") })
        }
        // Of monitors, of autoscalers and of network policies.
        if let names = document["spec"]?["namespaceSelector"]?["matchNames"]?.array {
            document["spec"]?["namespaceSelector"]?["matchNames"] = .array(names.map(movedName))
        }
        for list in ["ingress", "egress"] {
            guard let rules = document["spec"]?[list]?.array else { continue }
            document["spec"]?[list] = .array(rules.map(rule))
        }
        return isolated(document)
    }

    private func member(_ value: JSONValue, _ name: String) -> JSONValue {
        var value = value
        if let namespace = value[name] { value[name] = movedName(namespace) }
        return value
    }

    /// A rule of a network policy that selects a namespace by its name.
    private func rule(_ rule: JSONValue) -> JSONValue {
        var rule = rule
        for side in ["from", "to"] {
            guard let peers = rule[side]?.array else { continue }
            rule[side] = .array(
                peers.map { peer in
                    var peer = peer
                    let label = "kubernetes.io/metadata.name"
                    if let labels = peer["namespaceSelector"]?["matchLabels"] {
                        peer["namespaceSelector"]?["matchLabels"] = member(labels, label)
                    }
                    return peer
                })
        }
        return rule
    }

    /// A service that clients outside of the cluster would reach is reached from inside only.
    private func isolated(_ document: JSONValue) -> JSONValue {
        guard document["kind"]?.text == "Service", document["apiVersion"]?.text == "v1",
            ["LoadBalancer", "NodePort"].contains(document["spec"]?["type"]?.text ?? "")
        else { return document }
        var document = document
        document["spec"]?["type"] = "ClusterIP"
        document["spec"] = document["spec"]?.removing([
            "externalTrafficPolicy", "loadBalancerIP", "loadBalancerClass", "loadBalancerSourceRanges",
            "allocateLoadBalancerNodePorts", "externalIPs",
        ])
        return document
    }
}
