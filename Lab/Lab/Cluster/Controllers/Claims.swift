internal import Documents
internal import Foundation

/// The binder and the provisioner of volumes: https://kubernetes.io/docs/concepts/storage/persistent-volumes/
///
/// The annotation `lab/path` of a PersistentVolume is its directory on this machine.
extension KubernetesCluster {
    static let pathAnnotation = "lab/path"

    mutating func settleClaims() {
        for (key, claim) in all(.claims) {
            if claim.isTerminating {
                let isUsed = all(.pods, in: key.namespace).contains { pod in
                    Self.claims(of: pod.value).contains(key.name)
                        && !["Succeeded", "Failed"].contains(pod.value["status"]?["phase"]?.text)
                }
                if !isUsed { withoutFinalizer("kubernetes.io/pvc-protection", key) }
            } else if claim["status"]?["phase"]?.text == "Bound" {
                expand(key, claim)
            } else {
                bind(key, claim)
            }
        }
        for (key, volume) in all(.volumes) { release(key, volume) }
    }

    private mutating func bind(_ key: Key, _ claim: JSONValue) {
        var claim = claim
        if claim["spec"]?["storageClassName"] == nil, let name = defaultStorageClass {
            claim["spec"]?["storageClassName"] = .string(name)
            put(key, claim)
        }
        let className = claim["spec"]?["storageClassName"]?.text ?? ""
        let storageClass = storageClass(of: key)
        let selected = claim["metadata"]?["annotations"]?["volume.kubernetes.io/selected-node"]?.text
        let waits = storageClass?["volumeBindingMode"]?.text == "WaitForFirstConsumer"
        if let volume = volume(for: claim, className, mayWait: waits && selected == nil) {
            return bind(key, to: volume)
        }
        guard claim["spec"]?["volumeName"] == nil else { return }
        guard !className.isEmpty else {
            return event(
                key, reason: "FailedBinding",
                "no persistent volumes available for this claim and no storage class is set", isWarning: false,
                from: "persistentvolume-controller")
        }
        guard let storageClass else {
            return event(
                key, reason: "ProvisioningFailed", "storageclass.storage.k8s.io \"\(className)\" not found",
                from: "persistentvolume-controller")
        }
        guard !waits || selected != nil else {
            return event(
                key, reason: "WaitForFirstConsumer", "waiting for first consumer to be created before binding",
                isWarning: false, from: "persistentvolume-controller")
        }
        guard storageClass["provisioner"]?.text != "kubernetes.io/no-provisioner" else { return }
        guard timers.hasPassed(lag.provisioning, since: "provisioning/\(claim.uid)") else {
            let provisioner = storageClass["provisioner"]?.text ?? ""
            return event(
                key, reason: "ExternalProvisioning",
                "Waiting for a volume to be created either by the external provisioner '\(provisioner)' or manually by "
                    + "the system administrator. If volume creation is delayed, please verify that the provisioner is "
                    + "running and correctly registered.", isWarning: false, from: "persistentvolume-controller")
        }
        provision(key, claim, storageClass, node: selected)
    }

    private var defaultStorageClass: String? {
        all(.storageClasses).first {
            $0.value["metadata"]?["annotations"]?["storageclass.kubernetes.io/is-default-class"]?.text == "true"
        }?.key.name
    }

    /// Returns an existing volume that satisfies a claim.
    private func volume(for claim: JSONValue, _ className: String, mayWait: Bool) -> Key? {
        let name = claim["spec"]?["volumeName"]?.text
        let size = KubernetesQuantity(claim["spec"]?["resources"]?["requests"]?["storage"])
        let modes = claim["spec"]?["accessModes"]?.array ?? []
        let fitting = all(.volumes).filter { key, volume in
            let owner = volume["spec"]?["claimRef"]
            let isReserved = owner?["name"]?.text == claim.name && owner?["namespace"]?.text == claim.namespace
            if let owner {
                guard isReserved, owner["uid"]?.text.map({ $0 == claim.uid }) ?? true else { return false }
            }
            if let name { return key.name == name }
            guard isReserved || !mayWait, !volume.isTerminating else { return false }
            return volume["spec"]?["storageClassName"]?.text ?? "" == className
                && ["Available", "Pending"].contains(volume["status"]?["phase"]?.text)
                && KubernetesQuantity(volume["spec"]?["capacity"]?["storage"]) >= size
                && modes.allSatisfy { volume["spec"]?["accessModes"]?.array?.contains($0) == true }
                && KubernetesSelector(claim["spec"]?["selector"]).fits(volume["metadata"]?["labels"])
        }
        return fitting.min {
            KubernetesQuantity($0.value["spec"]?["capacity"]?["storage"])
                < KubernetesQuantity($1.value["spec"]?["capacity"]?["storage"])
        }?.key
    }

    private mutating func bind(_ key: Key, to volumeKey: Key) {
        guard var claim = self[key], var volume = self[volumeKey] else { return }
        volume["spec"]?["claimRef"] = [
            "kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": .string(key.namespace),
            "name": .string(key.name), "uid": .string(claim.uid),
        ]
        volume["status"] = ["phase": "Bound"]
        put(volumeKey, volume)
        let annotations = (claim["metadata"]?["annotations"] ?? [:]).adding([
            "pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes",
        ])
        claim["metadata"]?["annotations"] = annotations
        claim["spec"]?["volumeName"] = .string(volumeKey.name)
        claim["status"] = [
            "phase": "Bound", "accessModes": volume["spec"]?["accessModes"] ?? [],
            "capacity": volume["spec"]?["capacity"] ?? [:],
        ]
        put(key, claim)
    }

    private mutating func expand(_ key: Key, _ claim: JSONValue) {
        let wanted = claim["spec"]?["resources"]?["requests"]?["storage"]
        guard KubernetesQuantity(wanted) > KubernetesQuantity(claim["status"]?["capacity"]?["storage"]), let wanted,
            timers.hasPassed(lag.provisioning, since: "expansion/\(claim.uid)/\(wanted.text ?? "")")
        else { return }
        var claim = claim
        claim["status"]?["capacity"] = ["storage": wanted]
        put(key, claim)
        let volumeKey = Key(resource: .volumes, namespace: "", name: claim["spec"]?["volumeName"]?.text ?? "")
        guard var volume = self[volumeKey] else { return }
        volume["spec"]?["capacity"] = ["storage": wanted]
        put(volumeKey, volume)
    }

    // MARK: Provisioning

    private mutating func provision(_ key: Key, _ claim: JSONValue, _ storageClass: JSONValue, node: String?) {
        let volumeKey = Key(resource: .volumes, namespace: "", name: "pvc-\(claim.uid)")
        guard self[volumeKey] == nil else { return }
        var source: URL?
        if let data = claim["spec"]?["dataSource"] ?? claim["spec"]?["dataSourceRef"] {
            guard let found = self.source(data, of: key) else { return }
            source = found.folder
        }
        var metadata: JSONValue = [
            "annotations": ["pv.kubernetes.io/provisioned-by": storageClass["provisioner"] ?? ""],
            "finalizers": ["kubernetes.io/pv-protection"],
        ]
        let mode = storageClass["parameters"]?["mode"]?.text ?? "0755"
        do {
            if let folder = volumeFolder {
                let path = folder.appending(path: volumeKey.name)
                try Self.makeFolder(path, copyOf: source, mode: mode)
                metadata["annotations"]?[Self.pathAnnotation] = .string(path.path)
            }
        } catch {
            return event(
                key, reason: "ProvisioningFailed",
                "failed to provision volume with StorageClass \"\(storageClass.name)\": \(error)",
                from: "lab.example/directory")
        }
        var spec: JSONValue = [
            "capacity": ["storage": claim["spec"]?["resources"]?["requests"]?["storage"] ?? "1Gi"],
            "accessModes": claim["spec"]?["accessModes"] ?? ["ReadWriteOnce"],
            "volumeMode": claim["spec"]?["volumeMode"] ?? "Filesystem",
            "storageClassName": .string(storageClass.name),
            "persistentVolumeReclaimPolicy": storageClass["reclaimPolicy"] ?? "Delete",
            "csi": ["driver": storageClass["provisioner"] ?? "", "volumeHandle": .string(volumeKey.name)],
        ]
        // A local volume stays on its node; others can be attached to any node.
        if storageClass["parameters"]?["local"]?.text == "true", let node {
            let expression: JSONValue = [
                "key": "kubernetes.io/hostname", "operator": "In", "values": [.string(node)],
            ]
            spec["nodeAffinity"] = ["required": ["nodeSelectorTerms": [["matchExpressions": [expression]]]]]
        }
        put(volumeKey, ["metadata": metadata, "spec": spec])
        bind(key, to: volumeKey)
        event(
            key, reason: "ProvisioningSucceeded", "Successfully provisioned volume \(volumeKey.name)", isWarning: false,
            from: "lab.example/directory")
    }

    /// Creates the directory of a volume, empty or as a copy with owners and modes.
    static func makeFolder(_ folder: URL, copyOf source: URL?, mode: String) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if let source {
            let copy = Process()
            copy.executableURL = URL(filePath: "/bin/cp")
            copy.arguments = ["--archive", "--reflink=auto", "--", source.path + "/.", folder.path]
            try copy.run()
            copy.waitUntilExit()
            guard copy.terminationStatus == 0 else { throw LabError("cannot copy '\(source.path)'") }
        } else {
            let permissions = Int(mode, radix: 8) ?? 0o755
            try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: folder.path)
        }
    }

    // MARK: Release

    private mutating func release(_ key: Key, _ volume: JSONValue) {
        guard let owner = volume["spec"]?["claimRef"], let uid = owner["uid"]?.text else {
            if volume.isTerminating { withoutFinalizer("kubernetes.io/pv-protection", key) }
            return
        }
        let claimKey = Key(
            resource: .claims, namespace: owner["namespace"]?.text ?? "", name: owner["name"]?.text ?? "")
        guard self[claimKey]?.uid != uid else { return }
        if volume["spec"]?["persistentVolumeReclaimPolicy"]?.text == "Delete" {
            if let path = volume["metadata"]?["annotations"]?[Self.pathAnnotation]?.text, let folder = volumeFolder,
                path.hasPrefix(folder.path + "/")
            {
                try? FileManager.default.removeItem(atPath: path)
            }
            if !volume.isTerminating { delete(key) }
            withoutFinalizer("kubernetes.io/pv-protection", key)
        } else if volume.isTerminating {
            withoutFinalizer("kubernetes.io/pv-protection", key)
        } else if volume["status"]?["phase"]?.text != "Released" {
            var volume = volume
            volume["status"] = ["phase": "Released"]
            put(key, volume)
        }
    }
}
