internal import BackupRepository
package import Documents
internal import Kubernetes

/// The objects of namespaces in a cluster, as configured in `dr.yaml`.
package struct NamespaceObjectsComponent: Equatable, Sendable {
    /// The context in the kubeconfig; nil for that of the stack.
    package var context: String?
    package var namespace: String?
    package var others: [String] = []
    /// Types to back up: "configmaps", "statefulsets.apps"; empty for all but those that dr skips by default.
    package var included: [String] = []
    package var excluded: [String] = []
    package var secrets = SecretUse.auto
    package var clusterObjects = ClusterObjectUse.auto

    package init() {}

    package var namespaces: [String] {
        ((namespace.map { [$0] } ?? []) + others).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// - Throws: `ComponentError` if neither the component nor the stack names a namespace.
    func requireNamespace(operation: String) throws(ComponentError) {
        guard namespaces.isEmpty else { return }
        throw ComponentError(
            .misconfigured, operation: operation,
            "neither the component nor the section 'kubernetes' names a namespace",
            hint: "add `namespace:` to one of them in dr.yaml")
    }

    package enum SecretUse: String, CaseIterable, Sendable {
        /// Secrets are backed up into an encrypted store only.
        case auto
        case never
    }

    package enum ClusterObjectUse: String, CaseIterable, Sendable {
        /// Objects of the whole cluster that the namespaces need are backed up too.
        case auto
        case never
    }
}

extension NamespaceObjectsComponent: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "context", \.context, as: .text,
            about: "Context in the kubeconfig (default: that of the section 'kubernetes')."),
        Key(
            "namespace", \.namespace, as: .text,
            about: "Namespace whose objects are backed up (default: that of the section 'kubernetes')."),
        Key("namespaces", \.others, as: .list(of: .text), about: "Several namespaces, in place of 'namespace'."),
        Key(
            "include", \.included, as: .list(of: .text),
            about: "Types to back up, such as configmaps or statefulsets.apps (default: all types)."),
        Key(
            "exclude", \.excluded, as: .list(of: .text), about: "Types not to back up, in addition to pods and others."),
        Key(
            "secrets", \.secrets, as: .word(),
            about: "Secrets: 'auto' backs them up into an encrypted store only, 'never' does not (default: auto)."),
        Key(
            "cluster_objects", \.clusterObjects, as: .word(),
            about:
                "Objects outside of namespaces that these need, such as resource definitions and cluster roles: 'auto' or 'never' (default: auto)."
        ),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if written.contains("namespace"), written.contains("namespaces") {
            reader.complain(written.section, "expected 'namespace' or 'namespaces', found both")
        }
        if written.contains("namespaces"), others.isEmpty {
            reader.complain(written["namespaces"], "'namespaces' is empty: it needs a namespace")
        }
        for name in namespaces where !name.isKubernetesName || name.contains(".") {
            reader.complain(
                written[namespace == nil ? "namespaces" : "namespace"],
                "'\(name)' is not a valid name of a namespace: use lower-case letters, digits and '-'")
        }
        if context?.hasPrefix("-") == true {
            reader.complain(written["context"], "'context' must not begin with '-'")
        }
    }
}
