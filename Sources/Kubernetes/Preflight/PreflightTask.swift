internal import Documents

/// One action of a plan, as the preflight sees it.
package struct PreflightTask: Sendable {
    package var step: String
    /// The namespace of the action; nil for the context's.
    package var namespace: String?
    package var needs: [AccessNeed]
    /// The absolute path of the manifests that it applies.
    package var manifests: String?
    package var force = true
    /// The namespace that it creates.
    package var creates: String?
    /// A workload that it scales to its previous number of replicas.
    package var scalesBack: KubernetesObject?
    /// A workload that it scales to any number of replicas.
    package var scales: KubernetesObject?

    package init(step: String, namespace: String?, needs: [AccessNeed]) {
        self.step = step
        self.namespace = namespace
        self.needs = needs
    }
}

/// The needs of the objects in manifests.
struct ManifestNeeds {
    let documents: [JSONValue]
    /// The namespace of objects that name none.
    let namespace: String?

    /// An apply creates an object or changes it.
    var access: [AccessNeed] {
        var seen: Set<AccessNeed> = []
        return documents.flatMap { document -> [AccessNeed] in
            guard let kind = document["kind"]?.text else { return [] }
            let group = document["apiVersion"]?.text?.split(separator: "/").dropLast().joined() ?? ""
            let type = group.isEmpty ? kind : "\(kind).\(group)"
            let place = document["metadata"]?["namespace"]?.text ?? namespace
            return ["patch", "create"].map { AccessNeed($0, type, namespace: place) }
        }.filter { seen.insert($0).inserted }
    }

    var namespaces: [String] { names(of: "Namespace") }
    var customKinds: [String] {
        documents.filter { $0["kind"]?.text == "CustomResourceDefinition" }.compactMap {
            $0["spec"]?["names"]?["kind"]?.text
        }
    }

    private func names(of kind: String) -> [String] {
        documents.filter { $0["kind"]?.text == kind }.compactMap { $0["metadata"]?["name"]?.text }
    }

    /// The storage classes that claims and templates name; nil stands for the default class.
    var storageClasses: Set<String?> {
        let own = Set(names(of: "StorageClass"))
        let claims = documents.flatMap { document -> [JSONValue] in
            switch document["kind"]?.text {
            case "PersistentVolumeClaim": document["spec"].map { [$0] } ?? []
            case "StatefulSet": (document["spec"]?["volumeClaimTemplates"]?.array ?? []).compactMap { $0["spec"] }
            case "Prometheus", "Alertmanager", "ThanosRuler", "PrometheusAgent":
                (document["spec"]?["storage"]?["volumeClaimTemplate"]?["spec"]).map { [$0] } ?? []
            default: []
            }
        }
        // An empty name and a named volume bind without a class.
        let open = claims.filter { $0["volumeName"] == nil && $0["storageClassName"]?.text != "" }
        return Set(open.map { $0["storageClassName"]?.text }.filter { $0.map { !own.contains($0) } ?? true })
    }
}
