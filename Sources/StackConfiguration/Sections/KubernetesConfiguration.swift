package import Documents

/// The cluster of the stack: defaults for all components with data in it.
package struct KubernetesConfiguration: Equatable, Sendable {
    /// The context in the kubeconfig; nil for the current one, or for the cluster that dr runs in.
    package var context: String?
    package var namespace: String?
    /// The image of the pods that dr starts.
    package var image: String?
    package var imagePullPolicy: String?
    package var imagePullSecrets: [String] = []
    /// The storage class of a created claim, by the recorded one.
    package var storageClasses: [String: String] = [:]
    package var resources = PodResources()
    package var priorityClass: String?
    /// The time after which the cluster ends a pod of dr.
    package var deadline = Period.hours(12)
    /// The time within which such a pod must run.
    package var within = Period.minutes(10)

    package init() {}
}

extension KubernetesConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "context", \.context, as: .text,
            about: "Context in the kubeconfig. Default: the current one, or the cluster that dr runs in."),
        Key("namespace", \.namespace, as: .kubernetesName, about: "Namespace of the components."),
        Key("image", \.image, as: .text, about: "Image of the pods that dr starts, with this version of dr."),
        Key("image_pull_policy", \.imagePullPolicy, as: .text, about: "Pull policy of the image."),
        Key(
            "image_pull_secrets", \.imagePullSecrets, as: .list(of: .kubernetesName),
            about: "Secrets for pulling the image. Default: those of the workload's pod."),
        Key(
            "storage_classes", \.storageClasses, as: .mapping(of: .kubernetesName),
            about: "Storage class of claims that a restore creates, by the recorded storage class."),
        Key("resources", \.resources, as: .section(), about: "Requests and limits of the pods that dr starts."),
        Key("priority_class", \.priorityClass, as: .kubernetesName, about: "Priority class of the pods."),
        Key(
            "deadline", \.deadline, as: .period,
            about: "Time after which the cluster ends a pod that dr started. Default: 12h."),
        Key("within", \.within, as: .period, about: "Time within which such a pod must run. Default: 10m."),
    ]
}

/// Requests and limits, in the notation of Kubernetes.
package struct PodResources: Equatable, Sendable {
    package var cpu = "100m"
    package var cpuLimit: String?
    package var memory = "256Mi"
    package var memoryLimit = "1Gi"

    package init() {}
}

extension PodResources: Section {
    package static let keys: [Key<Self>] = [
        Key("cpu", \.cpu, as: .text, about: "Requested CPU. Default: 100m."),
        Key("cpu_limit", \.cpuLimit, as: .text, about: "Limit of CPU. Default: none."),
        Key("memory", \.memory, as: .text, about: "Requested memory. Default: 256Mi."),
        Key("memory_limit", \.memoryLimit, as: .text, about: "Limit of memory. Default: 1Gi."),
    ]
}

/// The volume of one component in a cluster: the section `kubernetes` in place of `data`.
package struct KubernetesVolume: Equatable, Sendable {
    package enum Access: String, CaseIterable, Sendable {
        /// A pod beside the workload's pod.
        case mover
        /// A pod that mounts a snapshot of the claim.
        case snapshot
        /// tar in the workload's own container.
        case exec
    }

    package enum Mode: String, CaseIterable, Sendable {
        /// All data pass through dr, which has the credentials and keys.
        case stream
        /// The pod has its own configuration and writes to the store itself.
        case inCluster = "in_cluster"
    }

    package var context: String?
    package var namespace: String?
    /// `statefulset/metrics`; nil if the claim and path are given.
    package var workload: String?
    /// Nil for that of the workload.
    package var claim: String?
    /// The directory of the data, as the container sees it; nil for the volume's mount path.
    package var path: String?
    /// The directory in the volume that is mounted; nil for that of the workload.
    package var subPath: String?
    /// Nil for the only container with a claim.
    package var container: String?
    package var access = Access.mover
    package var mode = Mode.stream
    /// The user and group of the pod, instead of the workload's.
    package var user: Int?
    package var group: Int?
    /// Lets the pod run as root, as the workload does.
    package var allowsRoot = false
    package var storageClasses: [String: String] = [:]
    /// Access `exec`: the most bytes to copy.
    package var limit = 1 << 30
    /// The class of volume snapshots, and the number of those that stay.
    package var snapshotClass: String?
    package var keep = 0
    /// Mode `in_cluster`: the ConfigMap with the pod's dr.yaml, and the Secret with its environment.
    package var configMap: String?
    package var secret: String?
    /// Mode `in_cluster`: the number of pods that store the component together.
    package var shards = 1

    /// The most pods for one component.
    package static let mostShards = 64

    package init() {}
}

extension KubernetesVolume: Section {
    package static let keys: [Key<Self>] = [
        Key("context", \.context, as: .text, about: "Context in the kubeconfig, instead of the stack's."),
        Key("namespace", \.namespace, as: .kubernetesName, about: "Namespace, instead of the stack's."),
        Key(
            "workload", \.workload, as: .workload,
            about: "Workload whose pod has the data, such as statefulset/NAME. dr reads its claim, path, user and node."
        ),
        Key("claim", \.claim, as: .kubernetesName, about: "Persistent volume claim. Default: that of the workload."),
        Key(
            "path", \.path, as: .absolutePath,
            about: "Data directory, as the container sees it. Default: the mount path of the claim."),
        Key("sub_path", \.subPath, as: .text, about: "Directory of the volume to mount. Default: as in the workload."),
        Key(
            "container", \.container, as: .kubernetesName,
            about: "Container that mounts the claim. Default: the first one that does."),
        Key(
            "access", \.access, as: .word(),
            about: "'mover' (a pod beside the workload's, the default), 'snapshot' (of the claim) or 'exec' (tar)."),
        Key(
            "mode", \.mode, as: .word(),
            about: "'stream' (all data pass through dr, the default) or 'in_cluster' (the pod uses the store)."),
        Key("run_as_user", \.user, as: .count(0...Int(UInt32.max)), about: "User of the pod. Default: the workload's."),
        Key(
            "run_as_group", \.group, as: .count(0...Int(UInt32.max)),
            about: "Group of the pod. Default: the workload's."),
        Key("allow_root", \.allowsRoot, as: .flag, about: "Let the pod run as root, if the workload does."),
        Key(
            "storage_classes", \.storageClasses, as: .mapping(of: .kubernetesName),
            about: "Storage class of a claim that a restore creates, by the recorded one."),
        Key("limit", \.limit, as: .size(1...1 << 40, describedAs: "1 to 1TiB"), about: "Most bytes for 'exec': 1GiB."),
        Key("snapshot_class", \.snapshotClass, as: .kubernetesName, about: "Class of volume snapshots."),
        Key(
            "keep", \.keep, as: .count(0...100),
            about: "Number of volume snapshots that stay after backups, for faster restores. Default: 0."),
        Key(
            "config_map", \.configMap, as: .kubernetesName,
            about: "ConfigMap with dr.yaml, for the mode 'in_cluster'."),
        Key("secret", \.secret, as: .kubernetesName, about: "Secret with environment variables, for 'in_cluster'."),
        Key(
            "shards", \.shards, as: .count(1...mostShards),
            about: "Number of pods that read and store the component side by side, for 'in_cluster'. Default: 1."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if workload == nil, claim == nil {
            reader.complain(written.section, "'kubernetes' needs 'workload' or 'claim'")
        }
        if workload == nil, path == nil {
            reader.complain(written["claim"], "without 'workload', 'kubernetes' needs 'path'")
        }
        if access == .exec, workload == nil {
            reader.complain(written["access"], "access 'exec' needs 'workload'")
        }
        if mode == .inCluster, configMap == nil {
            reader.complain(written["mode"], "mode 'in_cluster' needs 'config_map'")
        }
        if access == .exec, mode == .inCluster {
            reader.complain(written["mode"], "access 'exec' reads through dr: it has no mode 'in_cluster'")
        }
        if shards > 1, mode != .inCluster {
            reader.complain(
                written["shards"], "'shards' needs mode 'in_cluster': only its pods use the store themselves")
        }
    }
}

extension Shape where Value == String {
    /// A name of an object in Kubernetes.
    static let kubernetesName = Shape(schema: ["type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"]) {
        node, reader in
        guard let name = text.read(node, &reader) else { return nil }
        guard name.wholeMatch(of: /[a-z0-9]([-a-z0-9.]*[a-z0-9])?/) != nil, name.utf8.count <= 253 else {
            reader.complain(node, "'\(name)' is not a valid name in Kubernetes: use a-z, 0-9, '-' and '.'")
            return nil
        }
        return name
    }

    fileprivate static let workload = Shape(schema: ["type": "string", "pattern": "^[a-z0-9.]+/[-a-z0-9.]+$"]) {
        node, reader in
        guard let name = text.read(node, &reader) else { return nil }
        guard name.wholeMatch(of: /[a-z][a-z0-9.]*\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?/) != nil else {
            reader.complain(node, "'\(name)' is not a workload", hint: "write TYPE/NAME, such as statefulset/metrics")
            return nil
        }
        return name
    }

    fileprivate static let absolutePath = Shape(schema: ["type": "string", "pattern": "^/"]) { node, reader in
        guard let path = text.read(node, &reader) else { return nil }
        guard path.hasPrefix("/"), path.count > 1, !path.split(separator: "/").contains("..") else {
            reader.complain(node, "'\(path)' is not an absolute path in the container")
            return nil
        }
        return path
    }
}
