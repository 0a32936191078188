internal import Documents

/// A permission that an action needs.
package struct AccessNeed: Hashable, Sendable {
    package var verb: String
    /// The type as plans and manifests write it: "statefulset", "horizontalpodautoscaler.autoscaling", "ConfigMap".
    package var type: String
    package var subresource: String?
    /// Nil for the namespace of the context; ignored for types without namespaces.
    package var namespace: String?

    package init(_ verb: String, _ type: String, subresource: String? = nil, namespace: String?) {
        self.verb = verb
        self.type = type
        self.subresource = subresource
        self.namespace = namespace
    }
}

/// A type of the API by its group and plural name.
package struct AccessTarget: Hashable, Sendable {
    var group: String
    var plural: String
    var isNamespaced: Bool
}

/// The types of a cluster, by the names that plans and manifests use.
struct APIResources: Sendable {
    private var resources: [String: AccessTarget]

    /// The common types, which are the same in each cluster.
    static let common: APIResources = {
        var all = APIResources(resources: [:])
        let lines = """
            namespaces ns v1 false Namespace
            pods po v1 true Pod
            configmaps cm v1 true ConfigMap
            secrets - v1 true Secret
            services svc v1 true Service
            serviceaccounts sa v1 true ServiceAccount
            persistentvolumeclaims pvc v1 true PersistentVolumeClaim
            persistentvolumes pv v1 false PersistentVolume
            events ev v1 true Event
            resourcequotas quota v1 true ResourceQuota
            deployments deploy apps/v1 true Deployment
            statefulsets sts apps/v1 true StatefulSet
            daemonsets ds apps/v1 true DaemonSet
            replicasets rs apps/v1 true ReplicaSet
            controllerrevisions - apps/v1 true ControllerRevision
            jobs - batch/v1 true Job
            cronjobs cj batch/v1 true CronJob
            horizontalpodautoscalers hpa autoscaling/v2 true HorizontalPodAutoscaler
            storageclasses sc storage.k8s.io/v1 false StorageClass
            ingresses ing networking.k8s.io/v1 true Ingress
            networkpolicies netpol networking.k8s.io/v1 true NetworkPolicy
            roles - rbac.authorization.k8s.io/v1 true Role
            rolebindings - rbac.authorization.k8s.io/v1 true RoleBinding
            clusterroles - rbac.authorization.k8s.io/v1 false ClusterRole
            clusterrolebindings - rbac.authorization.k8s.io/v1 false ClusterRoleBinding
            customresourcedefinitions crd apiextensions.k8s.io/v1 false CustomResourceDefinition
            """
        for line in lines.split(separator: "\n") { all.add(line) }
        return all
    }()

    /// Adds the lines of `kubectl api-resources --no-headers`.
    mutating func add(listing: String) {
        for line in listing.split(separator: "\n") { add(line) }
    }

    /// Adds "NAME SHORTNAMES APIVERSION NAMESPACED KIND"; the short names may be missing.
    private mutating func add(_ line: Substring) {
        var words = line.split(separator: " ").map(String.init)
        guard words.count >= 4, let kind = words.popLast(), let scope = words.popLast(), let version = words.popLast(),
            let plural = words.first
        else { return }
        let group = version.split(separator: "/").dropLast().joined()
        let resource = AccessTarget(group: group, plural: plural, isNamespaced: scope == "true")
        let short = words.dropFirst().flatMap { $0.split(separator: ",").map(String.init) }.filter { $0 != "-" }
        for name in [plural, kind.lowercased()] + short {
            // The core types come first, and keep their short names.
            if resources[name] == nil { resources[name] = resource }
            if !group.isEmpty { resources["\(name).\(group)"] = resource }
        }
    }

    /// - Parameter type: "statefulset", "sts", "statefulsets.apps", "StatefulSet" …
    subscript(type: String) -> AccessTarget? { resources[type.lowercased()] }
}

/// The scopes of the types that a cluster serves.
package struct TypeScopes: Sendable {
    private let resources: APIResources

    /// - Parameter listing: the output of `kubectl api-resources --no-headers`; empty for the common types only.
    package init(listing: String = "") {
        var resources = APIResources.common
        resources.add(listing: listing)
        self.resources = resources
    }

    /// Asks a cluster; one that does not answer is known by the common types.
    package init(of kubectl: Kubectl) async {
        self.init(listing: (try? await kubectl.run(["api-resources", "--no-headers"], limit: 4 << 20)) ?? "")
    }

    /// True if objects of a type belong to namespaces; nil for an unknown type.
    /// - Parameter type: "statefulset", "sts", "statefulsets.apps" …
    package func isNamespaced(_ type: String) -> Bool? { resources[type]?.isNamespaced }
}
