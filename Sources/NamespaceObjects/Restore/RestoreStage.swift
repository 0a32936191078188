/// The order of a restore: an object comes after those that it may need.
enum RestoreStage: Int, CaseIterable, Comparable {
    case definitions, namespaces, accounts, bindings, limits, configuration, claims, services, workloads, rest

    init(_ name: ObjectName) {
        self =
            switch (name.group, name.kind) {
            case ("apiextensions.k8s.io", "CustomResourceDefinition"): .definitions
            case ("", "Namespace"): .namespaces
            case ("", "ServiceAccount"), ("scheduling.k8s.io", "PriorityClass"): .accounts
            case ("rbac.authorization.k8s.io", "Role"), ("rbac.authorization.k8s.io", "ClusterRole"): .accounts
            case ("rbac.authorization.k8s.io", _): .bindings
            case ("", "ResourceQuota"), ("", "LimitRange"), ("networking.k8s.io", "NetworkPolicy"): .limits
            case ("", "ConfigMap"), ("", "Secret"): .configuration
            case ("", "PersistentVolumeClaim"): .claims
            case ("", "Service"): .services
            case ("", "ReplicationController"), ("apps", _), ("batch", _): .workloads
            default: .rest
            }
    }

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
