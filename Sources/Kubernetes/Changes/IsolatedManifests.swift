internal import Documents

/// The manifests of a stack for a drill's namespace: nothing in them can reach the live stack, and nothing outside can
/// reach them.
///
/// Objects outside of namespaces and ways into the cluster stay out; services become internal; objects that name a
/// namespace move to the drill's; claims get new volumes; CronJobs are suspended.
struct IsolatedManifests {
    private(set) var objects: [JSONValue] = []
    /// The objects that stay out: "ClusterRole/metrics".
    private(set) var leftOut: [String] = []

    /// - Parameters:
    ///   - documents: of the live stack.
    ///   - namespace: the drill's.
    ///   - clusterKinds: the kinds of objects outside of namespaces, as the cluster knows them.
    init(_ documents: [JSONValue], in namespace: String, clusterKinds: Set<String>) {
        for document in documents {
            let kind = document["kind"]?.text ?? ""
            guard !clusterKinds.contains(kind), !Self.waysIn.contains(kind) else {
                leftOut.append("\(kind)/\(document["metadata"]?["name"]?.text ?? "?")")
                continue
            }
            objects.append(Self.isolated(document, kind, in: namespace))
        }
    }

    /// Kinds that publish a server outside of the cluster.
    private static let waysIn: Set<String> = [
        "Ingress", "IngressRoute", "Gateway", "HTTPRoute", "GRPCRoute", "TCPRoute", "Route",
    ]

    private static func isolated(_ document: JSONValue, _ kind: String, in namespace: String) -> JSONValue {
        var object = document
        object["metadata"]?["namespace"] = .string(namespace)
        switch kind {
        case "Service": object = internalService(object)
        case "PersistentVolumeClaim":
            if let spec = object["spec"] { object["spec"] = spec.removing(["volumeName", "selector"]) }
        case "CronJob": object["spec"]?["suspend"] = true
        case "RoleBinding":
            let subjects = (object["subjects"]?.array ?? []).map { subject -> JSONValue in
                var own = subject
                if own["namespace"] != nil { own["namespace"] = .string(namespace) }
                return own
            }
            object["subjects"] = .array(subjects)
        default: break
        }
        return object
    }

    private static func internalService(_ document: JSONValue) -> JSONValue {
        var object = document
        guard let spec = object["spec"] else { return object }
        var internalSpec = spec.removing([
            "externalIPs", "externalTrafficPolicy", "externalName", "loadBalancerIP", "loadBalancerClass",
            "loadBalancerSourceRanges", "healthCheckNodePort", "allocateLoadBalancerNodePorts",
        ])
        if internalSpec["type"]?.text != nil { internalSpec["type"] = "ClusterIP" }
        if internalSpec["clusterIP"]?.text != "None" {
            internalSpec = internalSpec.removing(["clusterIP", "clusterIPs"])
        }
        if let ports = internalSpec["ports"]?.array {
            internalSpec["ports"] = .array(ports.map { $0.removing(["nodePort"]) })
        }
        object["spec"] = internalSpec
        return object
    }
}

extension Kubectl {
    /// Returns the kinds of objects outside of namespaces.
    func clusterKinds() async throws -> Set<String> {
        // Columns: name, short names (maybe none), API version, "false", kind.
        let text = try await run(["api-resources", "--namespaced=false", "--no-headers"], limit: 4 << 20)
        let kinds = text.split(separator: "\n").compactMap { $0.split(separator: " ").last.map(String.init) }
        // A cluster that reports none would let everything through.
        return Set(kinds).union([
            "Namespace", "Node", "PersistentVolume", "StorageClass", "ClusterRole", "ClusterRoleBinding",
            "CustomResourceDefinition", "PriorityClass", "MutatingWebhookConfiguration",
            "ValidatingWebhookConfiguration",
            "APIService", "CSIDriver", "IngressClass", "VolumeSnapshotClass", "VolumeSnapshotContent",
        ])
    }
}
