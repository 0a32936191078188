internal import Kubernetes

/// The types of objects that are backed up.
struct TypeSelection: Sendable {
    let included: [String]
    let excluded: [String]
    /// False if no Secret is backed up.
    let takesSecrets: Bool

    /// True for a namespaced type whose objects are backed up.
    func contains(_ resource: APIResource) -> Bool {
        guard resource.isNamespaced, resource.verbs.contains("list"), resource.verbs.contains("get"),
            !Self.names(excluded, resource), takesSecrets || !Self.isSecrets(resource)
        else { return false }
        // An explicit name also selects a type that dr skips by default.
        return included.isEmpty
            ? !Self.transient.contains(resource.name) && !skips(group: resource.group) : Self.names(included, resource)
    }

    /// True for a group of which no type is backed up, so that the server need not be asked for its types.
    func skips(group: String) -> Bool {
        let isMeant = included.contains { $0 == group || $0.hasSuffix(".\(group)") }
        return !isMeant && Self.transientGroups.contains(group)
    }

    static func isSecrets(_ resource: APIResource) -> Bool { resource.name == "secrets" }

    /// True if a list of the configuration names a type: by its plural, with or without the group, or by its kind.
    private static func names(_ list: [String], _ resource: APIResource) -> Bool {
        list.contains { name in
            let name = name.lowercased()
            return name == resource.plural || name == resource.name || name == resource.kind.lowercased()
        }
    }

    /// Types whose objects a controller makes again, or that are of no use in another cluster.
    private static let transient: Set<String> = [
        "pods", "endpoints", "events", "replicasets.apps", "controllerrevisions.apps", "leases.coordination.k8s.io",
        "endpointslices.discovery.k8s.io", "events.events.k8s.io", "csistoragecapacities.storage.k8s.io",
        "volumesnapshots.snapshot.storage.k8s.io", "resourceclaims.resource.k8s.io", "ciliumendpoints.cilium.io",
    ]

    /// Groups of measured values.
    private static let transientGroups: Set<String> = [
        "metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io",
    ]
}
