/// The permissions of dr's jobs in a cluster. Verification and pruning use the store only, so they have none.
package enum AccessRules {
    /// Of a backup, in each namespace of the stack.
    package static let backup: [AccessRule] =
        movers + [
            AccessRule(
                ["persistentvolumeclaims"], ["get list": "find the claim of a workload, its class, size and labels"]),
            AccessRule(["services"], ["get": "find the port of a server behind a kube:// address"]),
            AccessRule(
                ["statefulsets", "deployments", "daemonsets", "replicasets"], in: "apps",
                ["get list": "find a workload, its pods and the template of its claims"]),
            AccessRule(
                ["statefulsets/scale", "deployments/scale", "replicasets/scale"], in: "apps",
                ["get": "find the pods of a workload without labels in its selector"]),
            AccessRule(
                ["*"], in: "monitoring.coreos.com",
                ["get": "find the pods of a workload that is one of these resources, by its scale"]),
        ]

    /// Of a backup, in the whole cluster.
    package static let backupOfCluster: [AccessRule] = [
        AccessRule(
            ["persistentvolumes"],
            ["get": "find the nodes that can mount a claim whose workload has no running pod"]),
        AccessRule(
            ["storageclasses"], in: "storage.k8s.io", ["get list": "record the class of each claim for its restore"]),
    ]

    /// Of a backup by volume snapshots, in each namespace of the stack.
    package static let snapshots: [AccessRule] = [
        AccessRule(
            ["volumesnapshots"], in: "snapshot.storage.k8s.io",
            [
                "create": "take a snapshot of a claim",
                "get list watch": "wait until it is ready; find the older ones that dr keeps",
                "delete": "remove snapshots that dr took",
            ]),
        AccessRule(
            ["persistentvolumeclaims"],
            ["create": "make a temporary claim from a snapshot", "delete": "remove the temporary claim"]),
    ]

    /// Of a backup of the namespaces' objects.
    package static let objects: [AccessRule] = [
        AccessRule(["*"], in: "*", ["get list": "read every object of the namespace, Secrets included"])
    ]

    /// Of a backup of the namespaces' objects, in the whole cluster.
    package static let objectsOfCluster: [AccessRule] = [
        AccessRule(["namespaces"], ["get": "record the labels of a namespace"]),
        AccessRule(
            ["customresourcedefinitions"], in: "apiextensions.k8s.io",
            ["get list": "record the definitions of custom resources"]),
        AccessRule(
            ["clusterroles", "clusterrolebindings"], in: "rbac.authorization.k8s.io",
            ["get list": "record those of the namespaces' service accounts"]),
        AccessRule(
            ["priorityclasses"], in: "scheduling.k8s.io", ["get list": "record the classes that workloads name"]),
    ]

    /// Of backup and restore: the pods that read and write volumes.
    private static let movers: [AccessRule] = [
        AccessRule(
            ["pods"],
            [
                "get list": "find the pod of a workload with its node, claims and user; find movers of earlier runs",
                "watch": "wait until a mover runs",
                "create": "start a mover",
                "delete": "remove a mover",
            ]),
        AccessRule(
            ["pods/exec"],
            [
                "get": "open the stream to a mover; API servers judge a WebSocket as get",
                "create":
                    "open the stream to a mover; API servers judge SPDY, and newer ones also a WebSocket, as create",
            ]),
        AccessRule(
            ["pods/portforward"],
            [
                "get": "reach a server behind a kube:// address; API servers judge a WebSocket as get",
                "create": "reach a server behind a kube:// address; for SPDY, and newer API servers",
            ]),
        AccessRule(["pods/log"], ["get": "report why a mover failed"]),
        AccessRule(["events"], ["list": "report why a pod does not start"]),
        AccessRule(
            ["jobs"], in: "batch",
            [
                "create": "start a mover that uses the store itself",
                "get list watch": "wait for its end; find those of earlier runs",
                "delete": "remove it",
            ]),
    ]

    /// Of a restore, in every namespace: a RoleBinding would be deleted with the namespace that a recovery rebuilds.
    package static let restore: [AccessRule] =
        movers + workloads + [
            AccessRule(
                ["secrets"],
                [
                    "get list": "compare with the recorded Secrets before a restore",
                    "create patch": "restore Secrets and apply manifests",
                ])
        ] + [
            AccessRule(
                ["roles", "rolebindings"], in: "rbac.authorization.k8s.io",
                ["get list": "compare with the recorded objects", "create patch": "restore them and apply manifests"])
        ]

    /// Of restores and drills: the objects of a stack. The cluster removes a temporary claim together with its mover, so
    /// that no permission to delete claims is needed.
    private static let workloads: [AccessRule] = [
        AccessRule(
            ["persistentvolumeclaims"],
            [
                "get list watch": "find the claims of a workload; wait until they are bound",
                "create patch":
                    "create claims as recorded, and temporary ones from volume snapshots; apply manifests",
            ]),
        AccessRule(
            ["volumesnapshots"], in: "snapshot.storage.k8s.io",
            ["get list": "find a snapshot that backups kept, to read content from it and not from the store"]),
        AccessRule(
            ["configmaps", "services", "serviceaccounts"],
            [
                "get list": "compare with the recorded objects; find the port of a server",
                "create patch": "restore them and apply manifests",
                "delete": "the step `delete` of a plan",
            ]),
        AccessRule(
            ["resourcequotas", "limitranges"],
            ["get list": "check before a recovery that its claims and pods fit in", "create patch": "restore them"]),
        AccessRule(
            ["statefulsets", "deployments", "daemonsets", "replicasets", "controllerrevisions"], in: "apps",
            [
                "get list watch": "find the workloads; wait for rollouts",
                "create patch": "restore them, apply manifests, remember the number of replicas",
                "delete": "the step `delete` of a plan",
            ]),
        AccessRule(
            ["statefulsets/scale", "deployments/scale", "replicasets/scale"], in: "apps",
            ["get": "read the number of replicas and the selector", "patch update": "stop and start a workload"]),
        AccessRule(
            ["cronjobs"], in: "batch",
            ["get list": "make a Job from a CronJob", "create patch": "restore them and apply manifests"]),
        AccessRule(["jobs"], in: "batch", ["patch": "apply manifests"]),
        AccessRule(
            ["networkpolicies", "ingresses"], in: "networking.k8s.io",
            ["get list": "compare with the recorded objects", "create patch": "restore them and apply manifests"]),
        AccessRule(
            ["poddisruptionbudgets"], in: "policy",
            ["get list": "compare with the recorded objects", "create patch": "restore them and apply manifests"]),
        AccessRule(
            ["horizontalpodautoscalers"], in: "autoscaling",
            [
                "get list": "find what scales a workload",
                "create patch": "restore them, apply manifests, pause them during a restore",
            ]),
        AccessRule(
            ["*"], in: "monitoring.coreos.com",
            [
                "get list watch": "find the resource that manages a workload",
                "create patch": "restore them, apply manifests, pause them during a restore",
                "update": "scale them",
            ]),
        AccessRule(
            ["scaledobjects"], in: "keda.sh",
            ["get list": "find what scales a workload", "create patch": "restore them, pause them during a restore"]),
        AccessRule(
            ["applications"], in: "argoproj.io",
            ["get list": "find what applies a workload", "patch": "pause it during a restore"]),
        AccessRule(
            ["kustomizations"], in: "kustomize.toolkit.fluxcd.io",
            ["get list": "find what applies a workload", "patch": "pause it during a restore"]),
        AccessRule(
            ["helmreleases"], in: "helm.toolkit.fluxcd.io",
            ["get list": "find what applies a workload", "patch": "pause it during a restore"]),
    ]

    /// Of a restore, outside of namespaces.
    package static let restoreOfCluster: [AccessRule] = [
        AccessRule(
            ["namespaces"],
            [
                "get list": "see if a namespace exists, or what keeps it from its end",
                "create patch": "create the namespace that was lost, with its labels",
            ]),
        AccessRule(["persistentvolumes"], ["get list": "find the nodes that can mount a claim"]),
        AccessRule(
            ["storageclasses"], in: "storage.k8s.io",
            ["get list": "check before a recovery that the classes of its claims exist"]),
        AccessRule(
            ["customresourcedefinitions"], in: "apiextensions.k8s.io",
            [
                "get list watch": "wait until a definition is established",
                "create patch": "restore the definitions of custom resources",
            ]),
        AccessRule(
            ["priorityclasses"], in: "scheduling.k8s.io",
            ["get": "see if a class exists", "create patch": "restore the classes that workloads name"]),
        AccessRule(
            ["clusterroles", "clusterrolebindings"], in: "rbac.authorization.k8s.io",
            ["get list": "compare with the recorded objects", "create patch": "restore those of service accounts"]),
    ]

    /// Of a restore where backups read the namespaces' objects. Kubernetes lets an account restore only Roles whose
    /// permissions it has, and the backup's own Role is one of these objects.
    package static let restoreOfObjects: [AccessRule] = [
        AccessRule(
            ["*"], in: "*",
            [
                "get list":
                    "compare with the recorded objects, and restore the Role of the backup, which has the same rule"
            ])
    ]

    /// Of a restore that may restore any Role. It can get every permission in the cluster this way.
    package static let restoreOfAccess: [AccessRule] = [
        AccessRule(
            ["roles", "clusterroles"], in: "rbac.authorization.k8s.io",
            [
                "escalate": "restore Roles with permissions that the restore does not have itself",
                "bind": "restore bindings to such Roles",
            ])
    ]

    /// Of a drill. An admission policy limits all verbs but get, list and watch to the namespaces of drills.
    package static let drill: [AccessRule] =
        movers + workloads + [
            AccessRule(["secrets"], ["create patch": "apply manifests in the namespace of the drill"]),
            AccessRule(
                ["storageclasses"], in: "storage.k8s.io",
                ["get list": "forbid the classes whose volumes are made by hand and may have live data"]),
            AccessRule(
                ["namespaces"],
                [
                    "get list": "see if a namespace of an earlier drill is left",
                    "create patch": "create the namespace of the drill",
                    "delete": "remove the namespace of the drill",
                ]),
        ]
}
