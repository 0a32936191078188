internal import Documents

/// An object without the fields that the cluster fills: the part of it that an operator or a program wanted.
///
/// An object that did not change has the same canonical form, whatever its status, its version and its owner are.
enum CanonicalObject {
    static func make(from object: JSONValue) -> JSONValue {
        var object = object.removing(["status"])
        object["metadata"] = metadata(object["metadata"] ?? [:])
        let group = (object["apiVersion"]?.text ?? "").split(separator: "/").dropLast().first.map(String.init) ?? ""
        switch (group, object["kind"]?.text ?? "") {
        case ("", "Namespace"):
            object = object.removing(["spec"])
            object["metadata"] = without(object["metadata"], member: "labels", ["kubernetes.io/metadata.name"])
        case ("", "Service"): object["spec"] = object["spec"].map(service)
        case ("", "ServiceAccount"): object = object.removing(["secrets"])
        case ("", "PersistentVolumeClaim"):
            object["spec"] = object["spec"]?.removing(["volumeName", "dataSource", "dataSourceRef"])
        case ("", "PersistentVolume"):
            object["spec"] = object["spec"].map { change($0, "claimRef") { $0.removing(["uid", "resourceVersion"]) } }
        case ("", "ReplicationController"), ("apps", "Deployment"), ("apps", "DaemonSet"), ("apps", "ReplicaSet"):
            object["spec"] = object["spec"].map(workload)
        case ("apps", "StatefulSet"):
            object["spec"] = object["spec"].map { statefulSet(workload($0)) }
        case ("batch", "Job"):
            object["metadata"] = without(object["metadata"], member: "labels", jobLabels)
            object["spec"] = object["spec"].map(job)
        case ("batch", "CronJob"):
            object["spec"] = object["spec"].map { spec in
                change(spec, "jobTemplate") { change(template($0), "spec", by: job) }
            }
        case ("rbac.authorization.k8s.io", "ClusterRole") where object["aggregationRule"]?.isNull == false:
            // A controller collects its rules from other roles.
            object = object.removing(["rules"])
        default: break
        }
        return object
    }

    /// Returns the object with a changed member, if it has this member.
    private static func change(
        _ object: JSONValue, _ name: String, by change: (JSONValue) -> JSONValue
    ) -> JSONValue {
        object[name].map { object.adding([name: change($0)]) } ?? object
    }

    // MARK: Metadata

    private static func metadata(_ metadata: JSONValue) -> JSONValue {
        var kept: [String: JSONValue] = [:]
        for key in ["name", "namespace"] { kept[key] = metadata[key] }
        if let labels = metadata["labels"]?.object, !labels.isEmpty { kept["labels"] = .object(labels) }
        let annotations = (metadata["annotations"]?.object ?? [:]).filter { !isOfCluster($0.key) }
        if !annotations.isEmpty { kept["annotations"] = .object(annotations) }
        return .object(kept)
    }

    /// True for an annotation that a controller, kubectl or dr writes.
    private static func isOfCluster(_ annotation: String) -> Bool {
        let prefixes = ["pv.kubernetes.io/", "endpoints.kubernetes.io/", "control-plane.alpha.kubernetes.io/", "dr/"]
        return annotations.contains(annotation) || prefixes.contains(where: annotation.hasPrefix)
    }

    private static let annotations: Set<String> = [
        "kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision",
        "deprecated.daemonset.template.generation", "volume.beta.kubernetes.io/storage-provisioner",
        "volume.kubernetes.io/storage-provisioner", "volume.kubernetes.io/selected-node",
        "volume.kubernetes.io/storage-resizer", "autoscaling.alpha.kubernetes.io/conditions",
        "autoscaling.alpha.kubernetes.io/current-metrics", "batch.kubernetes.io/job-tracking",
    ]

    /// Removes members of one object among the metadata, and the object itself once it is empty.
    private static func without(_ metadata: JSONValue?, member: String, _ names: [String]) -> JSONValue {
        var metadata = metadata ?? [:]
        let rest = metadata[member]?.removing(names)
        metadata[member] = rest?.object?.isEmpty == false ? rest : nil
        return metadata
    }

    // MARK: Specifications

    /// Addresses and ports that the cluster chooses. A service without an address of its own stays one.
    private static func service(_ spec: JSONValue) -> JSONValue {
        var spec = spec.removing(["healthCheckNodePort"])
        if spec["clusterIP"]?.text != "None" { spec = spec.removing(["clusterIP", "clusterIPs"]) }
        if let ports = spec["ports"]?.array { spec["ports"] = .array(ports.map { $0.removing(["nodePort"]) }) }
        return spec
    }

    private static func workload(_ spec: JSONValue) -> JSONValue {
        change(spec, "template", by: template)
    }

    private static func statefulSet(_ spec: JSONValue) -> JSONValue {
        var spec = spec
        if let templates = spec["volumeClaimTemplates"]?.array {
            spec["volumeClaimTemplates"] = .array(
                templates.map { claim in template(claim.removing(["status"])) })
        }
        return spec
    }

    private static func template(_ template: JSONValue) -> JSONValue {
        change(template, "metadata") { $0.removing(["creationTimestamp"]) }
    }

    private static let jobLabels = [
        "controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name",
    ]

    /// The selector and the labels of a job name its own identifier, unless the operator chose them.
    private static func job(_ spec: JSONValue) -> JSONValue {
        var spec = workload(spec)
        guard spec["manualSelector"]?.bool != true else { return spec }
        spec = spec.removing(["selector"])
        return change(spec, "template") { template in
            change(template, "metadata") { without($0, member: "labels", jobLabels) }
        }
    }
}
