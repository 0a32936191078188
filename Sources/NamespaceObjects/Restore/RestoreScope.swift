internal import Documents
internal import Kubernetes
internal import Platform

/// The objects that a restore may write: those that a capture with the present settings would include. The documents
/// come from outside, and the settings may have changed since the backup.
struct RestoreScope: Sendable {
    private let namespaces: [String]
    private let settings: NamespaceObjectsComponent
    private var needs = ClusterNeeds()

    /// Reads the bindings, which decide about the roles. Blocks.
    init(_ settings: NamespaceObjectsComponent, _ objects: [StoredObject]) throws {
        self.settings = settings
        namespaces = settings.namespaces
        for object in objects where object.name.group == Self.access {
            try Task.checkCancellation()
            guard let document = try? object.document() else { continue }
            switch object.name.kind {
            case "RoleBinding" where object.name.namespace.map(namespaces.contains) == true:
                needs.note(
                    document,
                    APIResource(group: Self.access, version: "v1", plural: "rolebindings", kind: "RoleBinding"))
            case "ClusterRoleBinding" where object.name.namespace == nil && foreignSubject(of: document) == nil:
                _ = needs.add(binding: document, to: namespaces)
            default: break
            }
        }
    }

    private static let access = "rbac.authorization.k8s.io"

    /// The namespaces of the settings among some.
    func included(_ names: [String]) -> [String] { names.filter(namespaces.contains) }

    /// The reason why an object's place is not one of the settings; nil if it is.
    func obstacle(to name: ObjectName) -> String? {
        guard ![".", ".."].contains(name.name), !name.name.contains("/") else { return "its name is not valid" }
        let isNamespace = name.namespace == nil && name.group.isEmpty && name.kind == "Namespace"
        guard let namespace = name.namespace ?? (isNamespace ? name.name : nil), !namespaces.contains(namespace) else {
            return nil
        }
        return "the component's settings do not name the namespace '\(namespace.printable)'"
    }

    /// The reason why an object outside of namespaces must not be written; nil if it may.
    /// - Parameter live: the present object; nil if there is none.
    func refusal(of name: ObjectName, _ document: JSONValue, live: JSONValue?) -> String? {
        guard name.namespace == nil, RestoreStage(name) != .namespaces else { return nil }
        guard settings.clusterObjects == .auto else {
            return "it belongs to the whole cluster, and the settings say `cluster_objects: never`"
        }
        if live.map(ClusterNeeds.isBuiltIn) == true { return "the cluster makes it for itself" }
        switch (name.group, name.kind) {
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): return refusal(ofDefinition: document)
        case ("scheduling.k8s.io", "PriorityClass"): return nil
        case (Self.access, "ClusterRole"):
            return needs.roles.contains(name.name)
                ? nil : "no binding of the backup gives it to an account of the component's namespaces"
        case (Self.access, "ClusterRoleBinding"):
            return foreignSubject(of: document).map {
                "it gives rights to \($0), and not only to accounts of the component's namespaces"
            }
        default: return "it belongs to the whole cluster, and a backup of a namespace does not include its type"
        }
    }

    private func refusal(ofDefinition document: JSONValue) -> String? {
        guard let spec = document["spec"], let plural = spec["names"]?["plural"]?.text,
            let kind = spec["names"]?["kind"]?.text, let group = spec["group"]?.text,
            document["metadata"]?["name"]?.text == "\(plural).\(group)"
        else { return "its name is not that of its type" }
        guard spec["scope"]?.text == "Namespaced" else { return "the objects of its type are outside of namespaces" }
        var type = APIResource(group: group, version: "v1", plural: plural, kind: kind)
        type.verbs = ["get", "list"]
        let selection = TypeSelection(
            included: settings.included, excluded: settings.excluded, takesSecrets: settings.secrets == .auto)
        return selection.contains(type) ? nil : "the settings do not include its type"
    }

    /// A subject of a binding that is not an account of the namespaces.
    private func foreignSubject(of binding: JSONValue) -> String? {
        let subjects = binding["subjects"]?.array ?? []
        guard !subjects.isEmpty else { return "no account" }
        let foreign = subjects.first { subject in
            subject["kind"]?.text != "ServiceAccount"
                || subject["namespace"]?.text.map(namespaces.contains) != true
        }
        return foreign.map { subject in
            let name = "\(subject["kind"]?.text ?? "subject") '\(subject["name"]?.text ?? "")'"
            return (name + (subject["namespace"]?.text.map { ", namespace '\($0)'" } ?? "")).printable
        }
    }
}
