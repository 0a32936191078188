internal import Documents

/// The workloads whose number of replicas an autoscaler of the backup sets.
struct ScaledWorkloads: Sendable {
    private var targets: Set<String> = []

    /// Blocks.
    init(_ objects: [StoredObject]) throws {
        for object in objects where ["HorizontalPodAutoscaler", "ScaledObject"].contains(object.name.kind) {
            guard let document = try? object.document(), let target = document["spec"]?["scaleTargetRef"],
                let name = target["name"]?.text
            else { continue }
            // KEDA scales a deployment if the reference has no kind.
            targets.insert(Self.key(target["kind"]?.text ?? "Deployment", object.name.namespace, name: name))
        }
    }

    func contains(_ name: ObjectName) -> Bool { targets.contains(Self.key(name.kind, name.namespace, name: name.name)) }

    private static func key(_ kind: String, _ namespace: String?, name: String) -> String {
        "\(kind)/\(namespace ?? "")/\(name)"
    }
}
