internal import Components
internal import Documents
internal import Kubernetes
internal import Platform
internal import BackupRepository

/// Compares the objects of a cluster with those of the set: each exists, with the same specification.
struct ObjectsRestored: RecoveryCheck {
    let name = "kubernetes_objects"
    private let subject: CheckedComponent
    private let api: KubernetesAPI
    private let settings: NamespaceObjectsComponent

    init(_ subject: CheckedComponent, _ api: KubernetesAPI, settings: NamespaceObjectsComponent) {
        self.subject = subject
        self.api = api
        self.settings = settings
    }

    var component: String? { subject.name }
    var target: String { subject.facts == nil ? "readable" : "all objects of the set, unchanged" }
    var timeLimit: Duration? { .seconds(120) }

    func measure() throws -> Measurement {
        defer { api.end() }
        try settings.requireNamespace(operation: "check the objects")
        guard let facts = subject.facts else { return try measureNamespaces() }
        let digests = ObjectDigests(facts: facts)
        guard digests.count > 0 else { return .skipped("the set has no objects") }
        let discovery = try api.discover { group in !digests.names.contains { $0.group == group } }
        var missing: [String] = []
        var different: [String] = []
        for (type, names) in Dictionary(grouping: digests.names, by: TypeInNamespace.init).sorted(by: {
            $0.key < $1.key
        }) {
            guard let resource = discovery.resource(group: type.group, kind: type.kind) else {
                missing += names.map { "\(type.kind) \($0)" }
                continue
            }
            var left = Set(names)
            try api.list(resource, in: type.namespace) { object in
                guard let name = ObjectName(object), left.remove(name) != nil else { return }
                if !digests.matches(name, object) { different.append("\(type.kind) \(name)") }
            }
            missing += left.sorted().map { "\(type.kind) \($0)" }
        }
        let measured = "\(digests.count - missing.count - different.count) of \(digests.count)"
        guard missing.isEmpty, different.isEmpty else {
            let parts = [
                missing.isEmpty ? nil : "missing: \(Gap.list(missing).printable)",
                different.isEmpty ? nil : "different: \(Gap.list(different).printable)",
            ]
            return .failed(measured, parts.compactMap { $0 }.joined(separator: "; "))
        }
        return .passed(measured)
    }

    private func measureNamespaces() throws -> Measurement {
        for namespace in settings.namespaces {
            guard try api.document(at: "/api/v1/namespaces/\(namespace)") != nil else {
                return .failed("-", "there is no namespace '\(namespace)'")
            }
        }
        return .passed("\(settings.namespaces.count) namespace\(settings.namespaces.count == 1 ? "" : "s")")
    }

    /// A type of objects in one namespace, or outside of namespaces.
    private struct TypeInNamespace: Hashable, Comparable {
        var group: String
        var kind: String
        var namespace: String?

        init(_ name: ObjectName) {
            (group, kind, namespace) = (name.group, name.kind, name.namespace)
        }

        static func < (left: Self, right: Self) -> Bool {
            (left.group, left.kind, left.namespace ?? "") < (right.group, right.kind, right.namespace ?? "")
        }
    }
}
