import Documents
import Platform
import StackConfiguration
import Testing

@testable import Operations

@Suite struct VolumePlacementTests {
    private static let spec: JSONValue = [
        "nodeName": "node-1",
        "securityContext": [
            "runAsUser": 1000, "runAsGroup": 2000, "fsGroup": 2001, "supplementalGroups": [5],
            "fsGroupChangePolicy": "Always",
        ],
        "tolerations": [["key": "dedicated", "operator": "Exists"]],
        "containers": [
            [
                "name": "proxy", "volumeMounts": [["name": "certificates", "mountPath": "/certificates"]],
            ],
            [
                "name": "server", "securityContext": ["runAsUser": 1001],
                "volumeMounts": [
                    ["name": "config", "mountPath": "/etc/server"],
                    ["name": "data", "mountPath": "/var/lib/server/", "subPath": "db"],
                ],
            ],
        ],
        "volumes": [
            ["name": "config", "configMap": ["name": "server"]],
            ["name": "data", "persistentVolumeClaim": ["claimName": "data-server-0"]],
        ],
    ]

    private func place(
        _ spec: JSONValue, claim: String? = nil, container: String? = nil, path: String? = nil
    ) throws -> VolumePlacement {
        try VolumePlacement(
            in: spec, workload: "statefulset/server", claim: claim, container: container, path: path, subPath: nil)
    }

    @Test func `claim, path and identity are those of the workload's pod`() throws {
        let place = try place(Self.spec)
        #expect(place.claim == "data-server-0")
        #expect(place.container == "server")
        #expect(place.mountPath == "/var/lib/server" && place.data == "/var/lib/server" && place.subPath == "db")
        #expect(place.user == 1001 && place.group == 2000)
        #expect(place.groups == [5, 2001])
    }

    @Test func `a path below the mount is the data directory`() throws {
        let place = try place(Self.spec, path: "/var/lib/server/data")
        #expect(place.data == "/var/lib/server/data" && place.mountPath == "/var/lib/server")
    }

    @Test func `the claim of a workload without pods is that of its first pod`() {
        let workload: JSONValue = [
            "metadata": ["name": "server"],
            "spec": ["volumeClaimTemplates": [["metadata": ["name": "data"]]], "ordinals": ["start": 3]],
        ]
        #expect(VolumeSearch.claims(of: workload) == ["data": "data-server-3"])
    }

    private static let replicas: JSONValue = [
        "metadata": ["name": "web"],
        "spec": ["replicas": 3, "volumeClaimTemplates": [["metadata": ["name": "data"]]]],
    ]

    @Test(
        arguments: [
            (nil, "web-0", "data-web-0"), ("data-web-2", "web-2", "data-web-2"), ("shared", nil, nil),
            ("data-web-x", nil, nil),
        ] as [(String?, String?, String?)])
    func `the data of a StatefulSet are those of its first replica, or of the configured claim`(
        claim: String?, pod: String?, found: String?
    ) {
        let replica = VolumeSearch.replica(of: Self.replicas, claim: claim)
        #expect(replica?.pod == pod && replica?.claims["data"] == found)
        #expect(replica == nil || replica?.siblings == 2)
    }

    @Test func `another replica that runs does not stand in for the first one`() {
        let pods: [JSONValue] = [["metadata": ["name": "web-1"]], ["metadata": ["name": "web-0"]]]
        let replica = VolumeSearch.replica(of: Self.replicas, claim: nil)
        #expect(VolumeSearch.choose(among: pods, replica: replica, claim: nil)?["metadata"]?["name"] == "web-0")
        #expect(VolumeSearch.choose(among: [pods[0]], replica: replica, claim: nil) == nil)
    }

    @Test(
        arguments: [
            ("data-web-1", nil, true), ("data-web-1", "data-web-0", false), ("data-web-0", nil, false),
            (nil, nil, false),
        ] as [(String?, String?, Bool)])
    func `the data of another claim are only restored if the configuration names the target`(
        recorded: String?, configured: String?, isRefused: Bool
    ) {
        let error = VolumeRestore.mismatch(recorded: recorded, found: "data-web-0", configured: configured)
        #expect((error != nil) == isRefused)
    }

    @Test func `access exec is refused for a user who cannot give files to others`() throws {
        try ExecSource.refuseUser(0, component: "web")
        #expect(throws: UsageError.self) { try ExecSource.refuseUser(1000, component: "web") }
    }

    @Test func `a mover's pod tells its purpose`() throws {
        #expect(try pod(.restore)["metadata"]?["labels"]?[MoverPod.purposeLabel] == "restore")
        #expect(try pod(.backup(writes: true))["metadata"]?["labels"]?[MoverPod.purposeLabel] == "backup")
    }

    @Test(
        arguments: [
            (claim: "other", container: nil, path: nil, words: "mounts the claim 'other'"),
            (claim: nil, container: "proxy", path: nil, words: "no container"),
            (claim: nil, container: nil, path: "/elsewhere", words: "at '/elsewhere'"),
        ] as [(claim: String?, container: String?, path: String?, words: String)])
    func `a choice that does not fit is refused`(
        claim: String?, container: String?, path: String?, words: String
    ) {
        let error = #expect(throws: VolumeError.self) {
            try place(Self.spec, claim: claim, container: container, path: path)
        }
        #expect(error.map { "\($0)".contains(words) } == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test(arguments: ["/", "/etc", "/usr", "/tmp", "/run"])
    func `a volume that would hide the program is refused`(path: String) {
        #expect(throws: VolumeError.self) { try VolumePlacement(claim: "c", path: path, subPath: nil) }
    }

    @Test(
        arguments: [
            (["matchLabels": ["app": "a", "tier": "b"]], "app=a,tier=b"),
            (
                [
                    "matchExpressions": [
                        ["key": "app", "operator": "In", "values": ["a", "b"]],
                        ["key": "old", "operator": "DoesNotExist"], ["key": "new", "operator": "Exists"],
                    ]
                ], "app in (a,b),!old,new"
            ),
            ([:], nil),
        ] as [(JSONValue, String?)])
    func `selectors take the form of requests`(selector: JSONValue, text: String?) {
        #expect(VolumeSearch.selector(in: selector) == text)
    }

    // MARK: The pod

    private func pod(_ purpose: MoverPod.Purpose, _ change: (inout VolumePlacement) -> Void = { _ in }) throws
        -> JSONValue
    {
        var place = try place(Self.spec)
        place.pod = "server-0"
        place.podLabels = ["app": "server", "statefulset.kubernetes.io/pod-name": "server-0"]
        place.node = "node-1"
        change(&place)
        var cluster = KubernetesConfiguration()
        cluster.image = "dr:1"
        return try MoverPod(
            name: "dr-server", purpose: purpose, place: place, cluster: cluster,
            labels: MoverPod.labels(run: "ab", component: "server", stack: "my stack!")
        ).document()
    }

    @Test func `the pod conforms to PodSecurity restricted`() throws {
        for purpose in [MoverPod.Purpose.backup(writes: false), .backup(writes: true), .restore] {
            let spec = try #require(try pod(purpose)["spec"])
            let security = try #require(spec["securityContext"])
            #expect(security["runAsNonRoot"] == true)
            #expect(security["seccompProfile"]?["type"] == "RuntimeDefault")
            #expect(security["runAsUser"] == 1001 && security["runAsGroup"] == 2000)
            #expect(security["supplementalGroups"] == [5, 2001])
            let container = try #require(spec["containers"]?.array?.first)
            #expect(container["securityContext"]?["allowPrivilegeEscalation"] == false)
            #expect(container["securityContext"]?["capabilities"]?["drop"] == ["ALL"])
            #expect(container["securityContext"]?["readOnlyRootFilesystem"] == true)
            #expect(spec["automountServiceAccountToken"] == false)
            #expect(spec["restartPolicy"] == "Never")
            #expect((spec["activeDeadlineSeconds"]?.integer ?? 0) > 0)
            #expect(spec["tolerations"] == Self.spec["tolerations"])
            #expect(container["resources"]?["limits"]?["memory"] != nil)
        }
    }

    @Test func `a backup never changes the group of a volume in use, and only reads what it need not write`() throws {
        let reading = try #require(try pod(.backup(writes: false))["spec"])
        #expect(reading["securityContext"]?["fsGroup"] == nil)
        let mount = reading["containers"]?.array?.first?["volumeMounts"]?.array?.first
        #expect(mount?["readOnly"] == true && mount?["subPath"] == "db" && mount?["mountPath"] == "/var/lib/server")
        let writing = try #require(try pod(.backup(writes: true))["spec"])
        #expect(writing["securityContext"]?["fsGroup"] == nil)
        #expect(writing["containers"]?.array?.first?["volumeMounts"]?.array?.first?["readOnly"] == false)
        #expect(try pod(.restore)["spec"]?["securityContext"]?["fsGroup"] == 2001)
    }

    @Test func `the pod runs on the node of the workload's pod`() throws {
        let affinity = try pod(.backup(writes: false))["spec"]?["affinity"]?["podAffinity"]
        let term = affinity?["requiredDuringSchedulingIgnoredDuringExecution"]?.array?.first
        #expect(term?["topologyKey"] == "kubernetes.io/hostname")
        #expect(term?["labelSelector"]?["matchLabels"] == ["statefulset.kubernetes.io/pod-name": "server-0"])
        // The labels of a replica are those of its siblings on other nodes.
        let other = try pod(.backup(writes: false)) { $0.podLabels = ["app": "server"] }["spec"]?["affinity"]
        #expect("\(other.map { String(decoding: $0.compact, as: UTF8.self) } ?? "")".contains("node-1"))
    }

    @Test func `root and an unknown user are refused`() {
        #expect(throws: VolumeError.self) { try pod(.restore) { $0.user = 0 } }
        #expect(throws: VolumeError.self) { try pod(.restore) { $0.user = nil } }
    }

    @Test func `labels are valid whatever the stack is called`() {
        let labels = MoverPod.labels(run: "ab", component: "server", stack: "my stack! ")
        #expect(labels["dr/stack"] == "my-stack")
        #expect(labels["app.kubernetes.io/managed-by"] == "dr")
    }
}
