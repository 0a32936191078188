internal import Documents
internal import Foundation

/// The fields that the server sets when an object lacks them.
extension KubernetesCluster {
    mutating func complete(_ key: Key, _ object: inout JSONValue) {
        if ["apps", "batch"].contains(key.resource.group) { completeTemplate(&object) }
        switch key.resource {
        case .namespaces:
            object.setDefaults(["spec": ["finalizers": ["kubernetes"]], "status": ["phase": "Active"]])
            let labels = object.labels.adding(["kubernetes.io/metadata.name": .string(key.name)])
            object["metadata"]?["labels"] = labels
        case .secrets: completeSecret(&object)
        case .services: completeService(&object)
        case .pods: completePod(&object)
        case .claims:
            object.setDefaults(["spec": ["volumeMode": "Filesystem"], "status": ["phase": "Pending"]])
            if self[key] == nil { object["metadata"]?["finalizers"] = ["kubernetes.io/pvc-protection"] }
        case .volumes:
            object.setDefaults([
                "spec": ["volumeMode": "Filesystem", "persistentVolumeReclaimPolicy": "Retain"],
                "status": ["phase": "Available"],
            ])
        case .storageClasses: object.setDefaults(["reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"])
        case .deployments:
            object.setDefaults([
                "spec": [
                    "replicas": 1, "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10,
                    "strategy": ["type": "RollingUpdate"],
                ]
            ])
            if object["spec"]?["strategy"]?["type"]?.text == "RollingUpdate" {
                object.setDefaults([
                    "spec": ["strategy": ["rollingUpdate": ["maxSurge": "25%", "maxUnavailable": "25%"]]]
                ])
            }
        case .statefulSets:
            object.setDefaults([
                "spec": [
                    "replicas": 1, "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
                    "updateStrategy": ["type": "RollingUpdate"],
                    "persistentVolumeClaimRetentionPolicy": ["whenDeleted": "Retain", "whenScaled": "Retain"],
                ]
            ])
        case .daemonSets: object.setDefaults(["spec": ["updateStrategy": ["type": "RollingUpdate"]]])
        case .replicaSets: object.setDefaults(["spec": ["replicas": 1]])
        case .jobs: completeJob(&object)
        case .definitions:
            let kind = object["spec"]?["names"]?["kind"]?.text ?? ""
            object.setDefaults([
                "spec": [
                    "names": ["singular": .string(kind.lowercased()), "listKind": .string("\(kind)List")],
                    "conversion": ["strategy": "None"],
                ]
            ])
        case KubernetesResource.builtIn("cronjobs.batch"):
            object.setDefaults([
                "spec": [
                    "concurrencyPolicy": "Allow", "suspend": false, "successfulJobsHistoryLimit": 3,
                    "failedJobsHistoryLimit": 1,
                ]
            ])
        default: break
        }
    }

    /// Gives templates one form: clients send empty members or leave them away.
    private func completeTemplate(_ object: inout JSONValue) {
        guard let template = object["spec"]?["template"], let spec = template["spec"] else { return }
        if template["metadata"]?["creationTimestamp"] != nil {
            object["spec"]?["template"]?["metadata"]?["creationTimestamp"] = nil
        }
        for list in ["containers", "initContainers"] {
            guard let containers = spec[list]?.array else { continue }
            let defaults: JSONValue = ["resources": [:]]
            object["spec"]?["template"]?["spec"]?[list] = .array(containers.map { defaults.adding($0.object ?? [:]) })
        }
    }

    /// Moves `stringData` to `data`.
    private func completeSecret(_ object: inout JSONValue) {
        object.setDefaults(["type": "Opaque"])
        guard let texts = object["stringData"]?.object else { return }
        let data = texts.mapValues { JSONValue.string(Data(($0.text ?? "").utf8).base64EncodedString()) }
        object = object.removing(["stringData"]).adding(["data": (object["data"] ?? [:]).adding(data)])
    }

    private func completeService(_ object: inout JSONValue) {
        object.setDefaults(["spec": ["type": "ClusterIP", "sessionAffinity": "None"]])
        if object["spec"]?["clusterIP"] == nil, object["spec"]?["type"]?.text != "ExternalName" {
            let used = Set(all(.services).compactMap { $0.value["spec"]?["clusterIP"]?.text })
            let free = (1...65_000).lazy.map { "10.96.\($0 / 250).\($0 % 250 + 1)" }.first { !used.contains($0) }
            object["spec"]?["clusterIP"] = .string(free ?? "10.96.0.1")
        }
        if object["spec"]?["clusterIPs"] == nil, let address = object["spec"]?["clusterIP"] {
            object["spec"]?["clusterIPs"] = [address]
        }
        guard let ports = object["spec"]?["ports"]?.array else { return }
        let completed = ports.map { port -> JSONValue in
            let defaults: JSONValue = ["protocol": "TCP", "targetPort": port["port"] ?? 80]
            return defaults.adding(port.object ?? [:])
        }
        object["spec"]?["ports"] = .array(completed)
    }

    private func completePod(_ object: inout JSONValue) {
        object.setDefaults([
            "spec": [
                "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "serviceAccountName": "default",
                "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "securityContext": [:],
            ],
            "status": ["phase": "Pending", "qosClass": .string(qualityOfService(object))],
        ])
        for list in ["containers", "initContainers"] {
            guard let containers = object["spec"]?[list]?.array else { continue }
            let defaults: JSONValue = ["imagePullPolicy": "IfNotPresent"]
            object["spec"]?[list] = .array(containers.map { defaults.adding($0.object ?? [:]) })
        }
    }

    private func qualityOfService(_ pod: JSONValue) -> String {
        let containers = (pod["spec"]?["containers"]?.array ?? []) + (pod["spec"]?["initContainers"]?.array ?? [])
        let resources = containers.map { $0["resources"] ?? [:] }
        let names = ["cpu", "memory"]
        let isGuaranteed = resources.allSatisfy { resource in
            names.allSatisfy { name in
                guard let limit = resource["limits"]?[name] else { return false }
                return KubernetesQuantity(resource["requests"]?[name] ?? limit) == KubernetesQuantity(limit)
            }
        }
        if isGuaranteed { return "Guaranteed" }
        let hasAny = resources.contains { resource in
            names.contains { resource["limits"]?[$0] != nil || resource["requests"]?[$0] != nil }
        }
        return hasAny ? "Burstable" : "BestEffort"
    }

    private func completeJob(_ object: inout JSONValue) {
        let limit = object["spec"]?["backoffLimitPerIndex"] == nil ? 6 : Int(Int32.max)
        object.setDefaults([
            "spec": [
                "parallelism": 1, "completions": 1, "backoffLimit": JSONValue(limit), "completionMode": "NonIndexed",
                "suspend": false,
            ]
        ])
        guard object["spec"]?["selector"] == nil else { return }
        let uid: JSONValue = .string(object.uid)
        object["spec"]?["selector"] = ["matchLabels": ["batch.kubernetes.io/controller-uid": uid]]
        let labels = (object["spec"]?["template"]?["metadata"]?["labels"] ?? [:]).adding([
            "batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": .string(object.name),
            "controller-uid": uid, "job-name": .string(object.name),
        ])
        object = object.setting(labels, at: "/spec/template/metadata/labels")
    }

    /// Creates what every new cluster has.
    mutating func installDefaults() {
        func storageClass(_ name: String, mode: String, binding: String) -> JSONValue {
            [
                "kind": "StorageClass", "apiVersion": "storage.k8s.io/v1", "metadata": ["name": .string(name)],
                "provisioner": "lab.example/directory", "volumeBindingMode": .string(binding),
                "allowVolumeExpansion": true, "parameters": ["mode": .string(mode)],
            ]
        }
        var standard = storageClass("standard", mode: "0777", binding: "WaitForFirstConsumer")
        standard["metadata"]?["annotations"] = ["storageclass.kubernetes.io/is-default-class": "true"]
        set(standard)
        // As a new file system of a block device: only its owner may write.
        set(storageClass("immediate", mode: "0755", binding: "Immediate"))
        set([
            "kind": "VolumeSnapshotClass", "apiVersion": "snapshot.storage.k8s.io/v1",
            "metadata": [
                "name": "standard",
                "annotations": ["snapshot.storage.kubernetes.io/is-default-class": "true"],
            ], "driver": "lab.example/directory", "deletionPolicy": "Delete",
        ])
        set(Self.simulatedNode)
    }
}

extension JSONValue {
    /// Sets members that are missing, also within objects.
    mutating func setDefaults(_ defaults: JSONValue) {
        guard let members = defaults.object else { return }
        for (name, value) in members {
            if var own = self[name] {
                guard own.object != nil else { continue }
                own.setDefaults(value)
                self[name] = own
            } else {
                self[name] = value
            }
        }
    }
}
