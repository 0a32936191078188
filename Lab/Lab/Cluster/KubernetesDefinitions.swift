package import Documents

/// The CustomResourceDefinitions of well-known operators, in the short form that the stand-in needs.
package enum KubernetesDefinitions: String, CaseIterable, Sendable {
    case prometheuses = "prometheuses.monitoring.coreos.com"
    case alertmanagers = "alertmanagers.monitoring.coreos.com"
    case prometheusRules = "prometheusrules.monitoring.coreos.com"
    case serviceMonitors = "servicemonitors.monitoring.coreos.com"
    case podMonitors = "podmonitors.monitoring.coreos.com"
    case scaledObjects = "scaledobjects.keda.sh"
    case applications = "applications.argoproj.io"
    case kustomizations = "kustomizations.kustomize.toolkit.fluxcd.io"
    case helmReleases = "helmreleases.helm.toolkit.fluxcd.io"
    case veleroRestores = "restores.velero.io"
    case veleroBackups = "backups.velero.io"

    private var kind: String {
        switch self {
        case .prometheuses: "Prometheus"
        case .alertmanagers: "Alertmanager"
        case .prometheusRules: "PrometheusRule"
        case .serviceMonitors: "ServiceMonitor"
        case .podMonitors: "PodMonitor"
        case .scaledObjects: "ScaledObject"
        case .applications: "Application"
        case .kustomizations: "Kustomization"
        case .helmReleases: "HelmRelease"
        case .veleroRestores: "Restore"
        case .veleroBackups: "Backup"
        }
    }

    private var version: String {
        switch self {
        case .scaledObjects, .applications: "v1alpha1"
        case .helmReleases: "v2"
        default: "v1"
        }
    }

    /// The definition, to create in a cluster.
    package var object: JSONValue {
        let parts = rawValue.split(separator: ".", maxSplits: 1).map(String.init)
        var version: JSONValue = [
            "name": .string(self.version), "served": true, "storage": true,
            "schema": [
                "openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
            ],
        ]
        if [.prometheuses, .alertmanagers].contains(self) {
            version["subresources"] = [
                "status": [:],
                "scale": [
                    "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
                    "labelSelectorPath": ".status.selector",
                ],
            ]
        } else if [.scaledObjects, .applications, .kustomizations, .helmReleases].contains(self) {
            version["subresources"] = ["status": [:]]
        }
        return [
            "kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1",
            "metadata": ["name": .string(rawValue)],
            "spec": [
                "group": .string(parts.last ?? ""), "scope": "Namespaced",
                "names": [
                    "plural": .string(parts.first ?? ""), "singular": .string(kind.lowercased()),
                    "kind": .string(kind), "listKind": .string("\(kind)List"),
                ], "versions": [version],
            ],
        ]
    }
}

extension KubernetesCluster {
    /// Creates CustomResourceDefinitions, whose types are then served.
    package mutating func install(_ definitions: [KubernetesDefinitions]) {
        for definition in definitions { set(definition.object) }
        settle()
    }
}
