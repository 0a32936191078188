/// The target of a path: a list, an object, or a subresource of it.
struct KubernetesTarget {
    var resource: KubernetesResource
    /// The version in the path, which the response has.
    var version: String
    var namespace: String?
    var name: String?
    /// "status", "scale", "exec" and so on.
    var subresource: String?
    /// True for the newer form of events, in events.k8s.io.
    var isNewEvent = false

    var apiVersion: String { isNewEvent ? "events.k8s.io/v1" : resource.apiVersion(version) }
    /// The resource as access rules name it, such as "statefulsets/scale".
    var path: String { resource.plural + (subresource.map { "/\($0)" } ?? "") }

    init?(_ segments: [String], among resources: [KubernetesResource]) {
        var rest = segments[...]
        var group: String
        switch rest.popFirst() {
        case "api": group = ""
        case "apis":
            guard let first = rest.popFirst() else { return nil }
            group = first
        default: return nil
        }
        guard let version = rest.popFirst() else { return nil }
        self.version = version
        // "namespaces/x" is an object, "namespaces/x/pods" a list in it.
        let isOfNamespace = rest.count == 3 && ["status", "finalize"].contains(rest.last)
        if rest.first == "namespaces", rest.count > 2, !isOfNamespace {
            namespace = rest[rest.startIndex + 1]
            rest = rest.dropFirst(2)
        }
        guard let plural = rest.popFirst() else { return nil }
        if group == "events.k8s.io", plural == "events" {
            group = ""
            isNewEvent = true
        }
        let found = resources.first {
            $0.plural == plural && $0.group == group && $0.versions.contains(version)
        }
        guard let found else { return nil }
        resource = found
        name = rest.popFirst()
        subresource = rest.popFirst()
        guard rest.isEmpty, subresource.map(isKnown) ?? true else { return nil }
    }

    private func isKnown(_ subresource: String) -> Bool {
        switch subresource {
        case "status": resource.hasStatus
        case "scale": resource.scale != nil
        case "finalize": resource == .namespaces
        case "exec", "portforward", "log", "attach", "eviction", "binding": resource == .pods
        case "token": resource == .serviceAccounts
        default: false
        }
    }
}
