internal import Documents
internal import Kubernetes

/// The objects outside of namespaces that the objects in them need.
struct ClusterNeeds {
    private(set) var roles: Set<String> = []
    private(set) var priorityClasses: Set<String> = []
    private(set) var storageClasses: Set<String> = []
    private(set) var volumes: Set<String> = []
    /// The names of the types of captured objects, by group.
    private var types: Set<String> = []

    mutating func note(_ object: JSONValue, _ resource: APIResource) {
        // Only groups of the project itself have types without a definition.
        if resource.group.contains("."), !resource.group.hasSuffix(".k8s.io") || Self.hasDefinitions(resource.group) {
            types.insert(resource.name)
        }
        switch (resource.group, resource.kind) {
        case ("rbac.authorization.k8s.io", "RoleBinding"): addRole(object)
        case ("", "PersistentVolumeClaim"):
            if let name = object["spec"]?["storageClassName"]?.text, !name.isEmpty { storageClasses.insert(name) }
            if let name = object["spec"]?["volumeName"]?.text, !name.isEmpty { volumes.insert(name) }
        case ("apps", _), ("batch", _), ("", "ReplicationController"):
            let spec = object["spec"]?["jobTemplate"]?["spec"] ?? object["spec"]
            if let name = spec?["template"]?["spec"]?["priorityClassName"]?.text, !name.hasPrefix("system-") {
                priorityClasses.insert(name)
            }
            for template in spec?["volumeClaimTemplates"]?.array ?? [] {
                if let name = template["spec"]?["storageClassName"]?.text, !name.isEmpty { storageClasses.insert(name) }
            }
        default: break
        }
    }

    /// The names of the definitions of custom types.
    var definitions: [String] { types.sorted() }

    /// Adds the role of a binding if it gives rights to an account of the namespaces.
    /// - Returns: true if it does.
    mutating func add(binding: JSONValue, to namespaces: [String]) -> Bool {
        let isMeant = (binding["subjects"]?.array ?? []).contains { subject in
            subject["kind"]?.text == "ServiceAccount" && subject["namespace"]?.text.map(namespaces.contains) == true
        }
        guard isMeant, !Self.isBuiltIn(binding) else { return false }
        addRole(binding)
        return true
    }

    private mutating func addRole(_ binding: JSONValue) {
        guard binding["roleRef"]?["kind"]?.text == "ClusterRole", let name = binding["roleRef"]?["name"]?.text,
            !name.isEmpty
        else { return }
        roles.insert(name)
    }

    /// True for an object that every cluster makes for itself.
    static func isBuiltIn(_ object: JSONValue) -> Bool {
        object["metadata"]?["labels"]?["kubernetes.io/bootstrapping"] != nil
    }

    /// True for a group of the project whose types have definitions.
    private static func hasDefinitions(_ group: String) -> Bool {
        ["snapshot.storage.k8s.io", "gateway.networking.k8s.io", "cluster.x-k8s.io"].contains(group)
            || group.hasSuffix(".x-k8s.io")
    }
}
