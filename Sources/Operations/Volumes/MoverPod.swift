import Cryptography
import Cryptography
import Documents
import FoundationEssentials
import StackConfiguration

/// The pod in which a part of dr works on a component's volume.
struct MoverPod: Sendable {
    enum Purpose: Sendable {
        /// - Parameter writes: true for a kind that writes into its data directory, such as snapshots.
        case backup(writes: Bool)
        case restore

        /// The value of the label ``MoverPod/purposeLabel``.
        var label: String {
            switch self {
            case .backup: "backup"
            case .restore: "restore"
            }
        }
    }

    static let purposeLabel = "dr/purpose"

    static let container = "mover"
    /// The place of the volume of ``seedClaim``.
    static let seedPath = "/dr-seed"
    static let socket = "/run/dr/mover.sock"
    /// The time without a coordinator after which a mover ends.
    static let idle = Period.minutes(10)

    let name: String
    let purpose: Purpose
    let place: VolumePlacement
    let cluster: KubernetesConfiguration
    let labels: [String: String]
    var allowsRoot = false
    /// A claim with content for a restore, which is only read.
    var seedClaim: String?
    /// The pod that dr itself runs in.
    var owner: JSONValue?
    /// True for one of several pods on a volume that many nodes can mount: each runs on another node, if there is one.
    var spreads = false

    /// The labels of everything that dr creates for a component.
    static func labels(run: String, component: String, stack: String) -> [String: String] {
        [
            "app.kubernetes.io/managed-by": "dr", "app.kubernetes.io/component": "mover", "dr/run": run,
            "dr/component": component, "dr/stack": label(stack),
        ]
    }

    /// The labels of a mover that a recovery run makes: those of its run and of this process of it.
    ///
    /// Only one process at a time works on a run. So a mover of this run and of another process has lost its
    /// coordinator for good.
    static func labels(recovery: String) -> [String: String] {
        [Self.recoveryLabel: label(recovery), Self.processLabel: process]
    }

    static let recoveryLabel = "dr/recovery"
    static let processLabel = "dr/process"
    /// Random, because another host may have a process of the same number.
    private static let process = RandomID.make()

    /// The name of an object that a run creates once for a component. Names of components are cut, so a hash tells apart
    /// those that begin alike.
    static func objectName(component: String, run: String) -> String {
        "dr-\(component.prefix(24))-\(Digest(of: Array(component.utf8)).hex.prefix(8))-\(run.prefix(12))"
    }

    /// Returns a text as the value of a label.
    static func label(_ text: String) -> String {
        let allowed = text.prefix(63).map {
            $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "-"
        }
        func isEnd(_ character: Character) -> Bool { !"-_.".contains(character) }
        guard let first = allowed.firstIndex(where: isEnd), let last = allowed.lastIndex(where: isEnd) else {
            return ""
        }
        return String(allowed[first...last])
    }

    /// - Throws: ``VolumeError`` if the pod could not use the volume as the workload does.
    func document() throws(VolumeError) -> JSONValue {
        guard let image = cluster.image else {
            throw VolumeError(
                place.workload ?? place.claim, "dr does not know its image", hint: "set `kubernetes: image:` in dr.yaml"
            )
        }
        var metadata: [String: JSONValue] = [
            "name": .string(name),
            "labels": .object(labels.merging([Self.purposeLabel: purpose.label]) { $1 }.mapValues { .string($0) }),
        ]
        if let namespace = place.namespace { metadata["namespace"] = .string(namespace) }
        if let owner { metadata["ownerReferences"] = [owner] }
        var spec: [String: JSONValue] = [
            "restartPolicy": "Never", "automountServiceAccountToken": false, "enableServiceLinks": false,
            "activeDeadlineSeconds": JSONValue(Int(cluster.deadline.duration.components.seconds)),
            "terminationGracePeriodSeconds": 10,
            "securityContext": try podSecurity(),
            "containers": [container(image)],
            "volumes": .array(
                [
                    ["name": "data", "persistentVolumeClaim": ["claimName": .string(place.claim)]],
                    ["name": "work", "emptyDir": [:]],
                ]
                    + (seedClaim.map { [["name": "seed", "persistentVolumeClaim": ["claimName": .string($0)]]] } ?? [])
            ),
        ]
        spec["tolerations"] = place.tolerations
        spec["nodeSelector"] = place.pod == nil || spreads ? place.nodeSelector : nil
        let secrets = cluster.imagePullSecrets.map { JSONValue.object(["name": .string($0)]) }
        spec["imagePullSecrets"] = secrets.isEmpty ? place.imagePullSecrets : .array(secrets)
        spec["priorityClassName"] = cluster.priorityClass.map { .string($0) }
        place(in: &spec)
        return ["apiVersion": "v1", "kind": "Pod", "metadata": .object(metadata), "spec": .object(spec)]
    }

    private var isReadOnly: Bool {
        switch purpose {
        case .backup(let writes): !writes
        case .restore: false
        }
    }

    private func podSecurity() throws(VolumeError) -> JSONValue {
        guard let user = place.user else {
            throw VolumeError(
                place.workload ?? place.claim, "its image decides the user, and dr cannot ask it",
                hint: "set `kubernetes: run_as_user:` and `run_as_group:` to the user of the workload")
        }
        guard user != 0 || allowsRoot else {
            throw VolumeError(
                place.workload ?? place.claim, "the workload runs as root, and dr does not",
                hint: "`kubernetes: allow_root: true` lets the pod of dr run as root, where the namespace admits it; "
                    + "`run_as_user:` names another user who can read the data")
        }
        var security: [String: JSONValue] = [
            "runAsUser": JSONValue(user), "runAsNonRoot": .bool(user != 0),
            "seccompProfile": ["type": "RuntimeDefault"],
        ]
        security["runAsGroup"] = place.group.map { JSONValue($0) }
        if !place.groups.isEmpty { security["supplementalGroups"] = .array(place.groups.map { JSONValue($0) }) }
        if case .restore = purpose, let fsGroup = place.fsGroup {
            // The volume is not in use. The workload's own pod gives it to the same group when it starts; a new volume
            // belongs to root until then. A backup never does this to a volume that a server uses.
            security["fsGroup"] = JSONValue(fsGroup)
            security["fsGroupChangePolicy"] = place.fsGroupChangePolicy.map { .string($0) } ?? "OnRootMismatch"
        }
        return .object(security)
    }

    private func container(_ image: String) -> JSONValue {
        var requests: [String: JSONValue] = [:]
        var limits: [String: JSONValue] = [:]
        requests["cpu"] = .string(cluster.resources.cpu)
        requests["memory"] = .string(cluster.resources.memory)
        limits["cpu"] = cluster.resources.cpuLimit.map { .string($0) }
        limits["memory"] = .string(cluster.resources.memoryLimit)
        var mount: [String: JSONValue] = [
            "name": "data", "mountPath": .string(place.mountPath), "readOnly": .bool(isReadOnly),
        ]
        mount["subPath"] = place.subPath.map { .string($0) }
        var mounts: [JSONValue] = [.object(mount), ["name": "work", "mountPath": "/run/dr"]]
        if seedClaim != nil {
            mount.merge(["name": "seed", "mountPath": .string(Self.seedPath), "readOnly": true]) { $1 }
            mounts.append(.object(mount))
        }
        var container: [String: JSONValue] = [
            "name": .string(Self.container), "image": .string(image),
            "command": [
                "dr", "mover", "serve", "--socket", .string(Self.socket), "--idle", .string("\(Self.idle)"),
            ],
            "env": [
                ["name": "HOME", "value": "/run/dr"], ["name": "TMPDIR", "value": "/run/dr"],
                ["name": "XDG_STATE_HOME", "value": "/run/dr"],
            ],
            "workingDir": "/run/dr",
            "resources": ["requests": .object(requests), "limits": .object(limits)],
            "securityContext": [
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": ["drop": ["ALL"]],
            ],
            "volumeMounts": .array(mounts),
        ]
        container["imagePullPolicy"] = cluster.imagePullPolicy.map { .string($0) }
        return .object(container)
    }

    /// Puts the pod on the node of the workload's pod: only there a volume for one node can be mounted as well. Pods that
    /// spread need no more than the nodes that the workload itself may use.
    private func place(in spec: inout [String: JSONValue]) {
        guard place.pod != nil, !spreads else {
            spec["affinity"] = place.affinity
            guard spreads else { return }
            spec["topologySpreadConstraints"] = [
                [
                    "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": ["matchLabels": .object(labels.mapValues { .string($0) })],
                ]
            ]
            return
        }
        let unique = "statefulset.kubernetes.io/pod-name"
        if let pod = place.podLabels[unique] {
            spec["affinity"] = [
                "podAffinity": [
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        [
                            "labelSelector": ["matchLabels": [unique: .string(pod)]],
                            "topologyKey": "kubernetes.io/hostname",
                        ]
                    ]
                ]
            ]
        } else if let node = place.node {
            // The labels of other pods are those of all replicas.
            spec["affinity"] = [
                "nodeAffinity": [
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        "nodeSelectorTerms": [
                            [
                                "matchFields": [
                                    ["key": "metadata.name", "operator": "In", "values": [.string(node)]]
                                ]
                            ]
                        ]
                    ]
                ]
            ]
        }
    }
}
