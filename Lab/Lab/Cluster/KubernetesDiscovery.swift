internal import Documents

/// The discovery responses, which kubectl requests first.
struct KubernetesDiscovery {
    var resources: [KubernetesResource]

    func answer(_ request: StandInRequest) -> StandInAnswer? {
        switch request.path {
        case "/version":
            return .json(200, ["major": "1", "minor": "36", "gitVersion": "v1.36.0", "platform": "linux/amd64"])
        case "/readyz", "/livez", "/healthz": return .text(200, "ok")
        case "/api":
            return .json(200, ["kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []])
        case "/apis": return .json(200, groups)
        case "/openapi/v3": return .json(200, openAPIPaths)
        default: break
        }
        let segments = request.segments
        let isOpenAPI = segments.starts(with: ["openapi", "v3"])
        guard let (group, version) = groupVersion(isOpenAPI ? Array(segments.dropFirst(2)) : segments) else {
            return nil
        }
        let own = resources.filter { $0.group == group && $0.versions.contains(version) }
        guard !own.isEmpty || group == "authorization.k8s.io" || group == "events.k8s.io" else { return nil }
        return .json(200, isOpenAPI ? openAPI(own, version) : list(own, group: group, version: version))
    }

    private func groupVersion(_ segments: [String]) -> (group: String, version: String)? {
        if segments.count == 2, segments[0] == "api" { return ("", segments[1]) }
        if segments.count == 3, segments[0] == "apis" { return (segments[1], segments[2]) }
        return nil
    }

    private var groupNames: [String] {
        Set(resources.map(\.group)).union(["authorization.k8s.io", "events.k8s.io"]).subtracting([""]).sorted()
    }

    private func servedVersions(of group: String) -> [String] {
        var seen: [String] = []
        for version in resources.filter({ $0.group == group }).flatMap(\.versions) where !seen.contains(version) {
            seen.append(version)
        }
        return seen.isEmpty ? ["v1"] : seen
    }

    private var groups: JSONValue {
        let groups = groupNames.map { group -> JSONValue in
            let versions = servedVersions(of: group).map { version -> JSONValue in
                ["groupVersion": .string("\(group)/\(version)"), "version": .string(version)]
            }
            return ["name": .string(group), "versions": .array(versions), "preferredVersion": versions.first ?? .null]
        }
        return ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups)]
    }

    private func list(_ resources: [KubernetesResource], group: String, version: String) -> JSONValue {
        var entries: [JSONValue] = resources.flatMap { self.entries($0, version) }
        if group == "authorization.k8s.io" {
            entries = ["SelfSubjectAccessReview", "SelfSubjectRulesReview"].map { kind -> JSONValue in
                [
                    "name": .string("\(kind.lowercased())s"), "singularName": .string(kind.lowercased()),
                    "namespaced": false, "kind": .string(kind), "verbs": ["create"],
                ]
            }
        }
        if group == "events.k8s.io" { entries = self.entries(.events, version) }
        return [
            "kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"), "resources": .array(entries),
        ]
    }

    private func entries(_ resource: KubernetesResource, _ version: String) -> [JSONValue] {
        var entry: JSONValue = [
            "name": .string(resource.plural), "singularName": .string(resource.kind.lowercased()),
            "namespaced": .bool(resource.isNamespaced), "kind": .string(resource.kind),
            "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        ]
        let categories = [
            "pods", "services", "deployments", "statefulsets", "replicasets", "daemonsets", "jobs", "cronjobs",
        ]
        if !resource.isCustom, categories.contains(resource.plural) { entry["categories"] = ["all"] }
        if !resource.short.isEmpty { entry["shortNames"] = .array(resource.short.map { .string($0) }) }
        var entries = [entry]
        func subresource(_ name: String, _ kind: String, verbs: [JSONValue], group: String? = nil) {
            var entry: JSONValue = [
                "name": .string("\(resource.plural)/\(name)"), "singularName": "",
                "namespaced": .bool(resource.isNamespaced), "kind": .string(kind), "verbs": .array(verbs),
            ]
            if let group { entry = entry.adding(["group": .string(group), "version": "v1"]) }
            entries.append(entry)
        }
        if resource.hasStatus { subresource("status", resource.kind, verbs: ["get", "patch", "update"]) }
        if resource.scale != nil {
            subresource("scale", "Scale", verbs: ["get", "patch", "update"], group: "autoscaling")
        }
        if resource == .pods {
            subresource("exec", "PodExecOptions", verbs: ["create", "get"])
            subresource("portforward", "PodPortForwardOptions", verbs: ["create", "get"])
            subresource("log", "Pod", verbs: ["get"])
            subresource("eviction", "Eviction", verbs: ["create"], group: "policy")
            subresource("binding", "Binding", verbs: ["create"])
        }
        return entries
    }

    // MARK: OpenAPI

    private var openAPIPaths: JSONValue {
        var paths: [String: JSONValue] = ["api/v1": ["serverRelativeURL": "/openapi/v3/api/v1?hash=1"]]
        for group in groupNames {
            for version in servedVersions(of: group) {
                paths["apis/\(group)/\(version)"] = [
                    "serverRelativeURL": .string("/openapi/v3/apis/\(group)/\(version)?hash=1")
                ]
            }
        }
        return ["paths": .object(paths)]
    }

    /// Returns a minimal document that tells kubectl that the server validates fields.
    private func openAPI(_ resources: [KubernetesResource], _ version: String) -> JSONValue {
        let paths = resources.map { resource -> (String, JSONValue) in
            let group = resource.group
            return (
                "/\(group.isEmpty ? "api" : "apis/\(group)")/\(version)/\(resource.plural)/{name}",
                [
                    "patch": [
                        "parameters": [
                            ["name": "fieldValidation", "in": "query"], ["name": "dryRun", "in": "query"],
                        ],
                        "x-kubernetes-group-version-kind": [
                            "group": .string(group), "version": .string(version), "kind": .string(resource.kind),
                        ],
                    ]
                ]
            )
        }
        return [
            "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": "v1.36.0"],
            "paths": .object(Dictionary(paths) { $1 }),
        ]
    }
}
