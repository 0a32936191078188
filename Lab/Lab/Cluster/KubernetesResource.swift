internal import Documents

/// A type of object that the stand-in serves.
package struct KubernetesResource: Hashable, Sendable {
    /// The paths of the fields that the subresource `scale` reads, such as ".spec.replicas".
    struct Scale: Sendable {
        var specReplicas = ".spec.replicas"
        var statusReplicas = ".status.replicas"
        /// The field with the selector as text; nil if the selector is that of `.spec.selector`.
        var selector: String?
    }

    /// The API group; empty for the core group.
    var group: String
    /// The served versions; the first one is preferred.
    var versions: [String]
    var plural: String
    var kind: String
    var short: [String] = []
    var isNamespaced = true
    /// True if only the subresource `status` changes the status.
    var hasStatus = false
    var scale: Scale?
    /// True if a CustomResourceDefinition describes the type.
    var isCustom = false

    package static func == (first: KubernetesResource, second: KubernetesResource) -> Bool {
        first.plural == second.plural && first.group == second.group
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(plural)
        hasher.combine(group)
    }

    var version: String { versions.first ?? "v1" }
    var apiVersion: String { apiVersion(version) }
    /// The name in messages: "deployments.apps".
    var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

    func apiVersion(_ version: String) -> String { group.isEmpty ? version : "\(group)/\(version)" }
}

extension KubernetesResource {
    /// The types that every server has: group, version, plural, kind, short name, and traits.
    private static let table = """
        core v1 namespaces Namespace ns cluster,status
        core v1 nodes Node no cluster,status
        core v1 persistentvolumes PersistentVolume pv cluster,status
        core v1 pods Pod po status
        core v1 configmaps ConfigMap cm -
        core v1 secrets Secret - -
        core v1 services Service svc status
        core v1 endpoints Endpoints ep -
        core v1 events Event ev -
        core v1 serviceaccounts ServiceAccount sa -
        core v1 persistentvolumeclaims PersistentVolumeClaim pvc status
        core v1 resourcequotas ResourceQuota quota status
        core v1 limitranges LimitRange limits -
        core v1 replicationcontrollers ReplicationController rc status,scale
        core v1 podtemplates PodTemplate - -
        apps v1 deployments Deployment deploy status,scale
        apps v1 statefulsets StatefulSet sts status,scale
        apps v1 daemonsets DaemonSet ds status
        apps v1 replicasets ReplicaSet rs status,scale
        apps v1 controllerrevisions ControllerRevision - -
        batch v1 jobs Job - status
        batch v1 cronjobs CronJob cj status
        autoscaling v2,v1 horizontalpodautoscalers HorizontalPodAutoscaler hpa status
        policy v1 poddisruptionbudgets PodDisruptionBudget pdb status
        networking.k8s.io v1 networkpolicies NetworkPolicy netpol -
        networking.k8s.io v1 ingresses Ingress ing status
        discovery.k8s.io v1 endpointslices EndpointSlice - -
        coordination.k8s.io v1 leases Lease - -
        storage.k8s.io v1 storageclasses StorageClass sc cluster
        storage.k8s.io v1 volumeattachments VolumeAttachment - cluster,status
        storage.k8s.io v1 csidrivers CSIDriver - cluster
        scheduling.k8s.io v1 priorityclasses PriorityClass pc cluster
        rbac.authorization.k8s.io v1 roles Role - -
        rbac.authorization.k8s.io v1 rolebindings RoleBinding - -
        rbac.authorization.k8s.io v1 clusterroles ClusterRole - cluster
        rbac.authorization.k8s.io v1 clusterrolebindings ClusterRoleBinding - cluster
        admissionregistration.k8s.io v1 validatingadmissionpolicies ValidatingAdmissionPolicy - cluster,status
        admissionregistration.k8s.io v1 validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding - cluster
        apiextensions.k8s.io v1 customresourcedefinitions CustomResourceDefinition crd cluster,status
        snapshot.storage.k8s.io v1 volumesnapshots VolumeSnapshot vs status
        snapshot.storage.k8s.io v1 volumesnapshotcontents VolumeSnapshotContent vsc cluster,status
        snapshot.storage.k8s.io v1 volumesnapshotclasses VolumeSnapshotClass vsclass cluster
        """

    static let builtIn = table.split(separator: "\n").compactMap { line -> KubernetesResource? in
        let columns = line.split(separator: " ").map(String.init)
        guard columns.count == 6 else { return nil }
        let traits = columns[5].split(separator: ",")
        return KubernetesResource(
            group: columns[0] == "core" ? "" : columns[0], versions: columns[1].split(separator: ",").map(String.init),
            plural: columns[2], kind: columns[3], short: columns[4] == "-" ? [] : [columns[4]],
            isNamespaced: !traits.contains("cluster"), hasStatus: traits.contains("status"),
            scale: traits.contains("scale") ? Scale() : nil)
    }

    /// A type of the core group, or of the group after the first dot.
    static func builtIn(_ qualifiedName: String) -> KubernetesResource {
        builtIn.first { $0.qualifiedName == qualifiedName }
            ?? KubernetesResource(group: "", versions: ["v1"], plural: qualifiedName, kind: qualifiedName)
    }

    static let namespaces = builtIn("namespaces")
    static let nodes = builtIn("nodes")
    static let pods = builtIn("pods")
    static let secrets = builtIn("secrets")
    static let services = builtIn("services")
    static let events = builtIn("events")
    static let claims = builtIn("persistentvolumeclaims")
    static let volumes = builtIn("persistentvolumes")
    static let storageClasses = builtIn("storageclasses.storage.k8s.io")
    static let quotas = builtIn("resourcequotas")
    static let deployments = builtIn("deployments.apps")
    static let statefulSets = builtIn("statefulsets.apps")
    static let daemonSets = builtIn("daemonsets.apps")
    static let replicaSets = builtIn("replicasets.apps")
    static let revisions = builtIn("controllerrevisions.apps")
    static let jobs = builtIn("jobs.batch")
    static let autoscalers = builtIn("horizontalpodautoscalers.autoscaling")
    static let definitions = builtIn("customresourcedefinitions.apiextensions.k8s.io")
    static let snapshots = builtIn("volumesnapshots.snapshot.storage.k8s.io")
    static let snapshotContents = builtIn("volumesnapshotcontents.snapshot.storage.k8s.io")
    static let snapshotClasses = builtIn("volumesnapshotclasses.snapshot.storage.k8s.io")
    static let serviceAccounts = builtIn("serviceaccounts")
    static let configMaps = builtIn("configmaps")

    /// The type that a CustomResourceDefinition describes.
    init?(definition: JSONValue) {
        let spec = definition["spec"]
        guard let group = spec?["group"]?.text, let plural = spec?["names"]?["plural"]?.text,
            let kind = spec?["names"]?["kind"]?.text
        else { return nil }
        let versions = (spec?["versions"]?.array ?? []).filter { $0["served"]?.bool != false }
        // The stored version is preferred here; real servers prefer by the version's name.
        let stored = versions.filter { $0["storage"]?.bool == true } + versions.filter { $0["storage"]?.bool != true }
        let subresources = stored.first?["subresources"]
        self.init(
            group: group, versions: stored.compactMap { $0["name"]?.text }, plural: plural, kind: kind,
            short: (spec?["names"]?["shortNames"]?.array ?? []).compactMap(\.text),
            isNamespaced: spec?["scope"]?.text != "Cluster", hasStatus: subresources?["status"] != nil,
            isCustom: true)
        guard let scale = subresources?["scale"] else { return }
        self.scale = Scale(
            specReplicas: scale["specReplicasPath"]?.text ?? ".spec.replicas",
            statusReplicas: scale["statusReplicasPath"]?.text ?? ".status.replicas",
            selector: scale["labelSelectorPath"]?.text ?? "")
    }
}
