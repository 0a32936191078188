internal import BackupRepository
internal import Documents
internal import Kubernetes
internal import Platform

/// One capture of the objects. Blocks.
struct CaptureRun {
    private let source: NamespaceObjectsSource
    private let tree: DocumentTree
    private let progress: WorkProgress
    private var ledger = ObjectLedger()
    private var digests = ObjectDigests()
    /// The objects outside of namespaces that captured ones need.
    private var needs = ClusterNeeds()
    private var version = ""
    private var controlled = 0
    private(set) var withheld: [Withheld] = []
    private(set) var damage: [Damage] = []
    private(set) var warnings: [String] = []

    init(_ source: NamespaceObjectsSource, into tree: DocumentTree, progress: WorkProgress) {
        self.source = source
        self.tree = tree
        self.progress = progress
    }

    mutating func run() throws {
        try source.settings.requireNamespace(operation: "capture the objects")
        let api = source.api
        let discovery: APIDiscovery
        do {
            version = try api.document(at: "/version")?["gitVersion"]?.text ?? "unknown"
            discovery = try api.discover(skipping: source.selection.skips)
        } catch let error as KubernetesError { throw ComponentError(error, operation: "capture the objects") }
        for failure in discovery.failures {
            let group = failure.groupVersion.split(separator: "/").first.map(String.init) ?? failure.groupVersion
            damage.append(
                Damage(
                    path: DocumentTree.name(for: group),
                    reason: "the types of \(failure.groupVersion) cannot be listed: \(failure.reason)"))
        }
        for namespace in source.settings.namespaces { try captureNamespace(namespace) }
        let types = discovery.resources.filter(source.selection.contains)
        for resource in types {
            for namespace in source.settings.namespaces {
                try Task.checkCancellation()
                try captureObjects(of: resource, in: namespace)
            }
        }
        leaveOutControlled()
        if source.settings.clusterObjects == .auto { try captureClusterObjects(discovery) }
        try tree.removeTheRest()
    }

    // MARK: Namespaces

    private mutating func captureNamespace(_ name: String) throws {
        let identity = ObjectName(group: "", kind: "Namespace", namespace: nil, name: name)
        do {
            guard let object = try source.api.document(at: "/api/v1/namespaces/\(name)") else {
                throw ComponentError(
                    .misconfigured, operation: "capture the objects", "the cluster has no namespace '\(name)'",
                    hint: "check `namespace` and `context` in dr.yaml")
            }
            try write(object.adding(["kind": "Namespace", "apiVersion": "v1"]), identity)
        } catch let error as KubernetesError {
            guard error.means("Forbidden") else { throw ComponentError(error, operation: "capture the objects") }
            damage.append(Damage(path: identity.path, reason: "the namespace cannot be read: \(error.detail)"))
        }
    }

    private mutating func captureObjects(of resource: APIResource, in namespace: String) throws {
        do {
            try source.api.list(resource, in: namespace) { try take($0, of: resource, in: namespace) }
        } catch let error as KubernetesError {
            // One type only: its objects are missing, those of all others are not.
            let folder = ObjectName(group: resource.group, kind: resource.kind, namespace: namespace, name: "-").path
            damage.append(
                Damage(
                    path: folder.split(separator: "/").dropLast().joined(separator: "/"),
                    reason: "\(resource.name) of namespace '\(namespace)' cannot be listed: \(error.detail)"))
        }
    }

    private mutating func take(_ object: JSONValue, of resource: APIResource, in namespace: String) throws {
        guard let name = ObjectName(object), name.namespace == namespace, !Self.isMadeByCluster(object) else { return }
        ledger.add(name, object)
        needs.note(object, resource)
        if TypeSelection.isSecrets(resource), !source.isEncrypted {
            withheld.append(Withheld(path: name.path, object: "Secret \(name)", secrets: []))
            return
        }
        try write(object, name)
    }

    /// True for an object that every namespace gets by itself, or that is of no use after its time.
    private static func isMadeByCluster(_ object: JSONValue) -> Bool {
        let name = object["metadata"]?["name"]?.text ?? ""
        switch object["kind"]?.text ?? "" {
        case "ConfigMap": return name == "kube-root-ca.crt"
        case "Secret": return object["type"]?.text == "kubernetes.io/service-account-token"
        case "Job":
            if ObjectLedger.controller(of: object)?["kind"]?.text == "CronJob" { return true }
            // A job that has ended must not run again because of a restore.
            return (object["status"]?["conditions"]?.array ?? []).contains {
                ["Complete", "Failed"].contains($0["type"]?.text ?? "") && $0["status"]?.text == "True"
            }
        default: return false
        }
    }

    private mutating func write(_ object: JSONValue, _ name: ObjectName, below folder: String? = nil) throws {
        let document = CanonicalObject.make(from: object)
        try tree.write((folder.map { "\($0)/" } ?? "") + name.path, document.document)
        if folder == nil { digests.add(name, document) }
        progress.update { $0.files += 1 }
    }

    private mutating func leaveOutControlled() {
        let names = ledger.controlled
        for name in names {
            tree.forget(name.path)
            digests.remove(name)
        }
        withheld.removeAll { entry in names.contains { $0.path == entry.path } }
        controlled = names.count
    }

    // MARK: Objects outside of namespaces

    private mutating func captureClusterObjects(_ discovery: APIDiscovery) throws {
        for type in needs.definitions {
            try capture("CustomResourceDefinition", "apiextensions.k8s.io", name: type, discovery: discovery)
        }
        try captureBindings(discovery)
        for role in needs.roles.sorted() {
            try capture("ClusterRole", "rbac.authorization.k8s.io", name: role, discovery: discovery)
        }
        for name in needs.priorityClasses.sorted() {
            try capture("PriorityClass", "scheduling.k8s.io", name: name, discovery: discovery)
        }
        for name in needs.storageClasses.sorted() {
            try capture("StorageClass", "storage.k8s.io", name: name, discovery: discovery, below: ObjectTree.reference)
        }
        for name in needs.volumes.sorted() {
            try capture("PersistentVolume", "", name: name, discovery: discovery, below: ObjectTree.reference)
        }
    }

    /// Bindings that give rights in the whole cluster to accounts of the namespaces.
    private mutating func captureBindings(_ discovery: APIDiscovery) throws {
        guard let resource = discovery.resource(group: "rbac.authorization.k8s.io", kind: "ClusterRoleBinding") else {
            return
        }
        do {
            try source.api.list(resource, in: nil) { binding in
                guard let name = ObjectName(binding), needs.add(binding: binding, to: source.settings.namespaces) else {
                    return
                }
                try write(binding, name)
            }
        } catch let error as KubernetesError { note(error, "ClusterRoleBinding", group: resource.group, name: "-") }
    }

    private mutating func capture(
        _ kind: String, _ group: String, name: String, discovery: APIDiscovery, below folder: String? = nil
    ) throws {
        guard let resource = discovery.resource(group: group, kind: kind) else { return }
        let identity = ObjectName(group: group, kind: kind, namespace: nil, name: name)
        do {
            guard let object = try source.api.object(resource, name, in: nil) else { return }
            if ClusterNeeds.isBuiltIn(object) { return }
            try write(
                object.adding(["kind": .string(kind), "apiVersion": .string(resource.apiVersion)]), identity,
                below: folder)
        } catch let error as KubernetesError {
            guard folder == nil else {
                warnings.append("\(kind) '\(name)' is not documented in the backup: \(error.detail)")
                return
            }
            note(error, kind, group: group, name: name)
        }
    }

    private mutating func note(_ error: KubernetesError, _ kind: String, group: String, name: String) {
        let identity = ObjectName(group: group, kind: kind, namespace: nil, name: name)
        let path = name == "-" ? identity.path.split(separator: "/").dropLast().joined(separator: "/") : identity.path
        guard !damage.contains(where: { $0.path == path }) else { return }
        damage.append(
            Damage(
                path: path,
                reason:
                    "\(kind)\(name == "-" ? "s" : " '\(name)'") cannot be read: \(error.detail); grant the access, or "
                    + "set `cluster_objects: never`"))
    }

    // MARK: Facts

    var facts: [String: String] {
        var facts = digests.facts
        facts["namespaces"] = source.settings.namespaces.joined(separator: ", ")
        facts["context"] = source.settings.context ?? "the current one"
        facts["version"] = version
        facts["objects"] = "\(digests.count)"
        facts["objects that controllers make"] = "\(controlled)"
        return facts
    }
}
