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
            let name = "\(kind)/\(document["metadata"]?["name"]?.text ?? "?")"
            guard !clusterKinds.contains(kind), !Self.waysIn.contains(kind) else {
                leftOut.append(name)
                continue
            }
            if let volume = Self.podTemplates(of: document, kind).lazy.compactMap(Self.foreignVolume).first {
                leftOut.append("\(name), which mounts a volume of the type \(volume)")
                continue
            }
            objects.append(Self.isolated(document, kind, in: namespace))
        }
    }

    /// Kinds that publish a server outside of the cluster.
    private static let waysIn: Set<String> = [
        "Ingress", "IngressRoute", "Gateway", "HTTPRoute", "GRPCRoute", "TCPRoute", "Route",
    ]

    /// The types of volumes whose content belongs to the drill's namespace. All others can be data of the live stack.
    private static let ownVolumes: Set<String> = [
        "configMap", "secret", "emptyDir", "projected", "downwardAPI", "persistentVolumeClaim", "ephemeral",
    ]

    private static func isolated(_ document: JSONValue, _ kind: String, in namespace: String) -> JSONValue {
        var object = document
        object["metadata"]?["namespace"] = .string(namespace)
        switch kind {
        case "Service": object = internalService(object)
        case "PersistentVolumeClaim": object["spec"] = object["spec"].map(newClaim)
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
        if let templates = object["spec"]?["volumeClaimTemplates"]?.array {
            object["spec"]?["volumeClaimTemplates"] = .array(
                templates.map { template in
                    var own = template
                    own["spec"] = own["spec"].map(newClaim)
                    return own
                })
        }
        switch kind {
        case "Pod": object["spec"] = object["spec"].map(ordinaryPod)
        case "CronJob":
            if let pod = object["spec"]?["jobTemplate"]?["spec"]?["template"]?["spec"] {
                object["spec"]?["jobTemplate"]?["spec"]?["template"]?["spec"] = ordinaryPod(pod)
            }
        default:
            if let pod = object["spec"]?["template"]?["spec"] {
                object["spec"]?["template"]?["spec"] = ordinaryPod(pod)
            }
        }
        return object
    }

    /// A claim that gets its own volume: not a named one, and none that waits for a claim without a class.
    private static func newClaim(_ spec: JSONValue) -> JSONValue {
        let own = spec.removing(["volumeName", "selector"])
        return own["storageClassName"]?.text == "" ? own.removing(["storageClassName"]) : own
    }

    /// A pod that uses neither the node's network nor its processes.
    private static func ordinaryPod(_ spec: JSONValue) -> JSONValue {
        var own = spec.removing(["hostNetwork", "hostPID", "hostIPC", "nodeName"])
        for list in ["containers", "initContainers"] {
            guard let containers = own[list]?.array else { continue }
            own[list] = .array(
                containers.map { container in
                    guard let ports = container["ports"]?.array else { return container }
                    var quiet = container
                    quiet["ports"] = .array(ports.map { $0.removing(["hostPort", "hostIP"]) })
                    return quiet
                })
        }
        if let volumes = own["volumes"]?.array {
            own["volumes"] = .array(
                volumes.map { volume in
                    guard let claim = volume["ephemeral"]?["volumeClaimTemplate"]?["spec"] else { return volume }
                    var quiet = volume
                    quiet["ephemeral"]?["volumeClaimTemplate"]?["spec"] = newClaim(claim)
                    return quiet
                })
        }
        return own
    }

    /// The specs of the pods that an object creates.
    private static func podTemplates(of object: JSONValue, _ kind: String) -> [JSONValue] {
        let specs = [
            kind == "Pod" ? object["spec"] : nil, object["spec"]?["template"]?["spec"],
            object["spec"]?["jobTemplate"]?["spec"]?["template"]?["spec"],
        ]
        return specs.compactMap { $0 }
    }

    /// The type of a volume that may hold data of others; nil without one.
    private static func foreignVolume(_ pod: JSONValue) -> String? {
        for volume in pod["volumes"]?.array ?? [] {
            let types = (volume.object ?? [:]).keys.filter { $0 != "name" }
            if let foreign = types.sorted().first(where: { !ownVolumes.contains($0) }) { return foreign }
        }
        return nil
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
