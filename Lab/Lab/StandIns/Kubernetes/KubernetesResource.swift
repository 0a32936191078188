internal import Documents

/// A type of object that the stand-in stores, with its description for the API's discovery.
struct KubernetesResource: Hashable, Sendable {
    /// The API group; empty for the core group.
    var group: String
    var plural: String
    var kind: String
    var short: String?
    var isNamespaced = true
    /// True if it has replicas and therefore pods.
    var isWorkload = false

    static let all = [
        KubernetesResource(group: "", plural: "namespaces", kind: "Namespace", short: "ns", isNamespaced: false),
        KubernetesResource(group: "", plural: "pods", kind: "Pod", short: "po"),
        KubernetesResource(group: "", plural: "configmaps", kind: "ConfigMap", short: "cm"),
        KubernetesResource(group: "", plural: "secrets", kind: "Secret"),
        KubernetesResource(group: "", plural: "services", kind: "Service", short: "svc"),
        KubernetesResource(group: "", plural: "serviceaccounts", kind: "ServiceAccount", short: "sa"),
        KubernetesResource(group: "", plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim", short: "pvc"),
        KubernetesResource(group: "apps", plural: "deployments", kind: "Deployment", short: "deploy", isWorkload: true),
        KubernetesResource(group: "apps", plural: "statefulsets", kind: "StatefulSet", short: "sts", isWorkload: true),
    ]

    static let namespaces = all[0]
    static let pods = all[1]

    var apiVersion: String { group.isEmpty ? "v1" : "\(group)/v1" }
    /// The name in messages: "deployments.apps".
    var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }
}

/// The discovery responses, which kubectl requests first.
enum KubernetesDiscovery {
    static func answer(_ path: String) -> StandInAnswer? {
        switch path {
        case "/version":
            .json(200, ["major": "1", "minor": "36", "gitVersion": "v1.36.0", "platform": "linux/amd64"])
        case "/api": .json(200, ["kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []])
        case "/apis": .json(200, groups)
        case "/api/v1": .json(200, resources(of: ""))
        case "/apis/apps/v1": .json(200, resources(of: "apps"))
        case "/openapi/v3":
            .json(
                200,
                [
                    "paths": [
                        "api/v1": ["serverRelativeURL": "/openapi/v3/api/v1?hash=1"],
                        "apis/apps/v1": ["serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=1"],
                    ]
                ])
        case "/openapi/v3/api/v1": .json(200, openAPI(of: ""))
        case "/openapi/v3/apis/apps/v1": .json(200, openAPI(of: "apps"))
        default: nil
        }
    }

    private static let groups: JSONValue = [
        "kind": "APIGroupList", "apiVersion": "v1",
        "groups": [
            [
                "name": "apps", "versions": [["groupVersion": "apps/v1", "version": "v1"]],
                "preferredVersion": ["groupVersion": "apps/v1", "version": "v1"],
            ]
        ],
    ]

    private static func resources(of group: String) -> JSONValue {
        let own = KubernetesResource.all.filter { $0.group == group }
        let entries = own.flatMap { resource -> [JSONValue] in
            var entry: JSONValue = [
                "name": .string(resource.plural), "singularName": .string(resource.kind.lowercased()),
                "namespaced": .bool(resource.isNamespaced), "kind": .string(resource.kind),
                "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
            ]
            if let short = resource.short { entry["shortNames"] = [.string(short)] }
            guard resource.isWorkload else { return [entry] }
            return [
                entry,
                [
                    "name": "\(resource.plural)/scale", "singularName": "", "namespaced": true, "kind": "Scale",
                    "group": "autoscaling", "version": "v1", "verbs": ["get", "patch", "update"],
                ],
            ]
        }
        return [
            "kind": "APIResourceList", "groupVersion": group.isEmpty ? "v1" : "\(group)/v1",
            "resources": .array(entries),
        ]
    }

    /// Returns a minimal document that tells kubectl that the server validates fields.
    private static func openAPI(of group: String) -> JSONValue {
        let paths = KubernetesResource.all.filter { $0.group == group }.map { resource -> (String, JSONValue) in
            (
                "/\(group.isEmpty ? "api" : "apis/\(group)")/v1/\(resource.plural)/{name}",
                [
                    "patch": [
                        "parameters": [["name": "fieldValidation", "in": "query"]],
                        "x-kubernetes-group-version-kind": [
                            "group": .string(group), "version": "v1", "kind": .string(resource.kind),
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
