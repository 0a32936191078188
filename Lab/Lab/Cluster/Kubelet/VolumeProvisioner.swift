internal import Documents
internal import Foundation

/// Creates volumes for claims on an API server without a provisioner, and removes released ones.
struct VolumeProvisioner {
    let context: KubeletContext

    static let name = "laboratory.example/provisioner"

    private static let classes: [(name: String, mode: String, isDefault: Bool)] = [
        ("standard", "WaitForFirstConsumer", true), ("immediate", "Immediate", false),
    ]

    /// Creates the storage classes that do not exist.
    func createClasses() throws {
        for entry in Self.classes {
            _ = try context.client.call(
                "POST", "/apis/storage.k8s.io/v1/storageclasses",
                [
                    "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": .string(Self.name),
                    "volumeBindingMode": .string(entry.mode), "reclaimPolicy": "Delete", "allowVolumeExpansion": true,
                    "metadata": [
                        "name": .string(entry.name),
                        "annotations": ["storageclass.kubernetes.io/is-default-class": "\(entry.isDefault)"],
                    ],
                ])
        }
    }

    /// Looks at all claims and volumes once.
    func provision() throws {
        let volumes = try context.client.list("/api/v1/persistentvolumes")
        let names = Set(volumes.compactMap { $0["metadata"]?["name"]?.text })
        for claim in try context.client.list("/api/v1/persistentvolumeclaims") { try provision(claim, names) }
        for volume in volumes where volume["status"]?["phase"]?.text == "Released" {
            guard volume["spec"]?["persistentVolumeReclaimPolicy"]?.text == "Delete",
                volume["metadata"]?["annotations"]?["pv.kubernetes.io/provisioned-by"]?.text == Self.name,
                let name = volume["metadata"]?["name"]?.text
            else { continue }
            try? FileManager.default.removeItem(atPath: context.directory(of: volume, name: name))
            _ = try context.client.call("DELETE", "/api/v1/persistentvolumes/\(name)")
        }
    }

    private func provision(_ claim: JSONValue, _ volumes: Set<String>) throws {
        let metadata = claim["metadata"], spec = claim["spec"]
        guard claim["status"]?["phase"]?.text == "Pending", spec?["volumeName"]?.text == nil,
            metadata?["deletionTimestamp"]?.text == nil, let uid = metadata?["uid"]?.text,
            !volumes.contains("pvc-\(uid)"),
            let storageClass = Self.classes.first(where: { $0.name == spec?["storageClassName"]?.text })
        else { return }
        let selected = metadata?["annotations"]?["volume.kubernetes.io/selected-node"]?.text
        guard storageClass.mode == "Immediate" || selected != nil else { return }
        let path = context.folder.appending(path: "volumes/pvc-\(uid)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        _ = try context.client.call(
            "POST", "/api/v1/persistentvolumes",
            [
                "apiVersion": "v1", "kind": "PersistentVolume",
                "metadata": [
                    "name": "pvc-\(uid)", "annotations": ["pv.kubernetes.io/provisioned-by": .string(Self.name)],
                ],
                "spec": [
                    "capacity": ["storage": spec?["resources"]?["requests"]?["storage"] ?? "1Gi"],
                    "accessModes": spec?["accessModes"] ?? ["ReadWriteOnce"], "hostPath": ["path": .string(path)],
                    "persistentVolumeReclaimPolicy": "Delete", "storageClassName": .string(storageClass.name),
                    "claimRef": [
                        "kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": metadata?["namespace"] ?? "",
                        "name": metadata?["name"] ?? "", "uid": .string(uid),
                    ],
                ],
            ])
    }
}
