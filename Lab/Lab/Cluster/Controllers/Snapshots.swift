internal import Documents
internal import Foundation

/// The snapshot controller: https://kubernetes.io/docs/concepts/storage/volume-snapshots/
///
/// A snapshot is a copy of the volume's directory at the moment of its creation.
extension KubernetesCluster {
    private static let finalizers = [
        "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection",
        "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection",
    ]
    private static let contentFinalizer = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"

    mutating func settleSnapshots() {
        for (key, snapshot) in all(.snapshots) {
            if snapshot.isTerminating {
                discard(key, snapshot)
            } else if snapshot["status"]?["boundVolumeSnapshotContentName"] == nil {
                take(key, snapshot)
            } else if snapshot["status"]?["readyToUse"]?.bool != true,
                timers.hasPassed(lag.snapshot, since: "snapshot/\(snapshot.uid)")
            {
                setReady(key, snapshot)
            }
        }
        for (key, content) in all(.snapshotContents) where content.isTerminating {
            let owner = content["spec"]?["volumeSnapshotRef"]
            let snapshot = Key(
                resource: .snapshots, namespace: owner?["namespace"]?.text ?? "", name: owner?["name"]?.text ?? "")
            guard self[snapshot] == nil || self[snapshot]?.isTerminating == true else { continue }
            remove(content, key)
        }
    }

    private mutating func take(_ key: Key, _ snapshot: JSONValue) {
        let name = snapshot["spec"]?["volumeSnapshotClassName"]?.text
        let classes = all(.snapshotClasses)
        let found = classes.first { entry in
            name.map { entry.key.name == $0 }
                ?? (entry.value["metadata"]?["annotations"]?["snapshot.storage.kubernetes.io/is-default-class"]?.text
                    == "true")
        }
        guard let found else {
            return fail(
                key, "SnapshotContentCreationFailed",
                "failed to get input parameters to create snapshot \(key.name): "
                    + (name.map { "volumesnapshotclass.snapshot.storage.k8s.io \"\($0)\" not found" }
                        ?? "cannot find default snapshot class"))
        }
        if let content = snapshot["spec"]?["source"]?["volumeSnapshotContentName"]?.text {
            return adopt(key, snapshot, content: content)
        }
        let claim = snapshot["spec"]?["source"]?["persistentVolumeClaimName"]?.text ?? ""
        let claimKey = Key(resource: .claims, namespace: key.namespace, name: claim)
        guard let volumeName = self[claimKey]?["spec"]?["volumeName"]?.text,
            let volume = self[Key(resource: .volumes, namespace: "", name: volumeName)]
        else {
            return fail(
                key, "SnapshotContentCreationFailed",
                self[claimKey] == nil
                    ? "failed to get input parameters to create snapshot \(key.name): persistentvolumeclaim "
                        + "\"\(claim)\" not found"
                    : "failed to take snapshot of the volume: the PVC \(claim) is not yet bound to a PV")
        }
        let contentKey = Key(resource: .snapshotContents, namespace: "", name: "snapcontent-\(snapshot.uid)")
        var metadata: JSONValue = ["finalizers": [.string(Self.contentFinalizer)]]
        if let folder = volumeFolder, let path = volume["metadata"]?["annotations"]?[Self.pathAnnotation]?.text {
            let copy = folder.appending(path: contentKey.name)
            do { try Self.makeFolder(copy, copyOf: URL(filePath: path), mode: "0755") } catch {
                return fail(key, "SnapshotCreationFailed", "\(error)")
            }
            metadata["annotations"] = [Self.pathAnnotation: .string(copy.path)]
        }
        let size = JSONValue(
            Int(clamping: Int64(KubernetesQuantity(volume["spec"]?["capacity"]?["storage"]).thousandths / 1000)))
        put(
            contentKey,
            [
                "metadata": metadata,
                "spec": [
                    "deletionPolicy": found.value["deletionPolicy"] ?? "Delete", "driver": found.value["driver"] ?? "",
                    "volumeSnapshotClassName": .string(found.key.name),
                    "source": ["volumeHandle": .string(volumeName)],
                    "volumeSnapshotRef": [
                        "kind": "VolumeSnapshot", "apiVersion": "snapshot.storage.k8s.io/v1",
                        "namespace": .string(key.namespace), "name": .string(key.name), "uid": .string(snapshot.uid),
                    ],
                ],
                "status": ["readyToUse": false, "restoreSize": size, "snapshotHandle": .string(contentKey.name)],
            ])
        var snapshot = snapshot
        snapshot["metadata"]?["finalizers"] = .array(Self.finalizers.map { .string($0) })
        snapshot["spec"]?["volumeSnapshotClassName"] = .string(found.key.name)
        snapshot["status"] = [
            "boundVolumeSnapshotContentName": .string(contentKey.name), "readyToUse": false, "creationTime": .now,
        ]
        put(key, snapshot)
        event(
            key, reason: "SnapshotCreated",
            "Snapshot \(key.namespace)/\(key.name) was successfully created by the CSI driver.",
            isWarning: false, from: "snapshot-controller")
    }

    private mutating func adopt(_ key: Key, _ snapshot: JSONValue, content name: String) {
        guard self[Key(resource: .snapshotContents, namespace: "", name: name)] != nil else {
            return fail(key, "SnapshotContentMissing", "VolumeSnapshotContent is missing")
        }
        var snapshot = snapshot
        snapshot["status"] = ["boundVolumeSnapshotContentName": .string(name), "readyToUse": false]
        put(key, snapshot)
    }

    private mutating func setReady(_ key: Key, _ snapshot: JSONValue) {
        let name = snapshot["status"]?["boundVolumeSnapshotContentName"]?.text ?? ""
        let contentKey = Key(resource: .snapshotContents, namespace: "", name: name)
        guard var content = self[contentKey] else { return }
        content["status"]?["readyToUse"] = true
        put(contentKey, content)
        let size = content["status"]?["restoreSize"]?.integer ?? 0
        var snapshot = snapshot
        snapshot["status"]?["readyToUse"] = true
        snapshot["status"]?["restoreSize"] = .string(KubernetesQuantity(text: "\(size)").text)
        put(key, snapshot)
        event(
            key, reason: "SnapshotReady", "Snapshot \(key.namespace)/\(key.name) is ready to use.", isWarning: false,
            from: "snapshot-controller")
    }

    private mutating func fail(_ key: Key, _ reason: String, _ message: String) {
        guard var snapshot = self[key] else { return }
        let error = snapshot["status"]?["error"]
        guard error?["message"]?.text != message else { return }
        snapshot["status"] = ["readyToUse": false, "error": ["message": .string(message), "time": .now]]
        put(key, snapshot)
        event(key, reason: reason, message, from: "snapshot-controller")
    }

    private mutating func discard(_ key: Key, _ snapshot: JSONValue) {
        let name = snapshot["status"]?["boundVolumeSnapshotContentName"]?.text ?? ""
        let contentKey = Key(resource: .snapshotContents, namespace: "", name: name)
        let isSource = all(.claims, in: key.namespace).contains { claim in
            claim.value["status"]?["phase"]?.text != "Bound"
                && claim.value["spec"]?["dataSource"]?["name"]?.text == key.name
        }
        guard !isSource else { return }
        if let content = self[contentKey], content["spec"]?["deletionPolicy"]?.text == "Delete" {
            remove(content, contentKey)
        }
        for finalizer in Self.finalizers { withoutFinalizer(finalizer, key) }
    }

    private mutating func remove(_ content: JSONValue, _ key: Key) {
        if let path = content["metadata"]?["annotations"]?[Self.pathAnnotation]?.text, let folder = volumeFolder,
            path.hasPrefix(folder.path + "/")
        {
            try? FileManager.default.removeItem(atPath: path)
        }
        remove(key)
    }

    /// Returns the directory of a claim's data source; nil if the source is not ready.
    mutating func source(_ source: JSONValue, of claim: Key) -> (folder: URL?, isReady: Bool)? {
        let name = source["name"]?.text ?? ""
        if source["kind"]?.text == "PersistentVolumeClaim" {
            let other = self[Key(resource: .claims, namespace: claim.namespace, name: name)]
            guard let volume = other?["spec"]?["volumeName"]?.text else { return nil }
            return (folder(of: Key(resource: .volumes, namespace: "", name: volume)), true)
        }
        let key = Key(resource: .snapshots, namespace: claim.namespace, name: name)
        guard let snapshot = self[key] else {
            event(
                claim, reason: "ProvisioningFailed",
                "error getting handle for DataSource Type VolumeSnapshot by Name \(name): error getting snapshot \(name) "
                    + "from api server: volumesnapshots.snapshot.storage.k8s.io \"\(name)\" not found",
                from: "lab.example/directory")
            return nil
        }
        guard snapshot["status"]?["readyToUse"]?.bool == true else { return nil }
        let content = snapshot["status"]?["boundVolumeSnapshotContentName"]?.text ?? ""
        let size = KubernetesQuantity(snapshot["status"]?["restoreSize"])
        let wanted = KubernetesQuantity(self[claim]?["spec"]?["resources"]?["requests"]?["storage"])
        guard wanted >= size else {
            event(
                claim, reason: "ProvisioningFailed",
                "requested volume size \(wanted.text) is less than the size \(size.text) for the source snapshot \(name)",
                from: "lab.example/directory")
            return nil
        }
        return (folder(of: Key(resource: .snapshotContents, namespace: "", name: content)), true)
    }

    private func folder(of key: Key) -> URL? {
        (self[key]?["metadata"]?["annotations"]?[Self.pathAnnotation]?.text).map { URL(filePath: $0) }
    }
}
