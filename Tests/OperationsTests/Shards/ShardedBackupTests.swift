@testable import BackupRepository
import Documents
import Platform
import StackConfiguration
import Testing

@testable import Operations

/// The pods that store a component together, as their coordinator sees them.
@Suite struct ShardedBackupTests {
    @Test func `the progress of shards is added up`() {
        var one = WorkProgress.State(of: "storing")
        (one.files, one.totalFiles, one.bytes, one.totalBytes, one.transferred) = (1, 10, 100, 1000, 50)
        var two = one
        (two.files, two.bytes) = (2, Int.max)
        let sum = ShardedBackup.sum([one, two], phase: "1 of 3 parts stored")
        #expect(sum.phase == "1 of 3 parts stored")
        #expect(sum.files == 3 && sum.totalFiles == 20 && sum.totalBytes == 2000 && sum.transferred == 100)
        #expect(sum.bytes == Int.max)
    }

    @Test(
        arguments: [
            (nil, nil),
            ([], "its pod was deleted"),
            ([podOfShard("0", ["phase": "Running"])], "its pod was deleted"),
            ([podOfShard("1", ["phase": "Running"])], nil),
            ([podOfShard("1", ["phase": "Failed", "reason": "Evicted"])], "its pod ended: Evicted"),
            (
                [
                    podOfShard(
                        "1",
                        [
                            "phase": "Failed",
                            "containerStatuses": [["state": ["terminated": ["reason": "OOMKilled", "exitCode": 137]]]],
                        ])
                ], "its pod ended: OOMKilled, exit code 137"
            ),
            (
                [
                    podOfShard(
                        "1",
                        [
                            "phase": "Pending",
                            "conditions": [["type": "PodScheduled", "status": "False", "message": "no CPU"]],
                        ])
                ], "its pod did not start: no CPU"
            ),
        ] as [([JSONValue]?, String?)])
    func `a pod without a result has a reason`(pods: [JSONValue]?, reason: String?) {
        #expect(IndexedJob.reason(of: 1, in: pods) == reason)
    }

    @Test(arguments: [("prometheus, url: 'http://127.0.0.1:1'", true), ("files", false)])
    func `a component that works together with its server has no shards`(kind: String, isRefused: Bool) async throws {
        let stack = try await StackFixture(components: [
            "web: {kind: \(kind), kubernetes: {workload: statefulset/web, path: /web, mode: in_cluster, config_map: dr, "
                + "shards: 3}}"
        ])
        let component = try #require(try stack.session.chosen(["web"]).first)
        if isRefused {
            let error = #expect(throws: UsageError.self) { try stack.session.access(component) }
            #expect(error.map { "\($0)".contains("several pods cannot capture it at once") } == true)
        } else {
            _ = try stack.session.access(component)
        }
    }

    @Test func `a job that no variable of a container can hold is refused`() throws {
        func text(packs: Int) throws -> String {
            let packs = (0..<packs).map { String(repeating: "0", count: 24) + "\(10_000_000 + $0)" }
            return try InClusterBackup.text(
                of: ComponentJob(
                    component: "web", kind: "files", run: "ab", now: Timestamp(seconds: 0), lanes: 1,
                    unwanted: Set(packs), base: nil))
        }
        #expect(try text(packs: 3000).utf8.count < 128 << 10)
        let error = #expect(throws: VolumeError.self) { try text(packs: 4000) }
        #expect(error?.detail.contains("128 KiB") == true && error?.hint?.contains("mode: stream") == true)
    }

    private func pod(_ accessModes: JSONValue) throws -> JSONValue {
        var place = try VolumePlacement(claim: "data", path: "/srv", subPath: nil)
        (place.user, place.pod, place.node) = (1000, "server-0", "node-1")
        place.podLabels = ["statefulset.kubernetes.io/pod-name": "server-0"]
        place.nodeSelector = ["disk": "fast"]
        var cluster = KubernetesConfiguration()
        cluster.image = "dr:1"
        let claim = ClaimRecord(["metadata": ["name": "data"], "spec": ["accessModes": accessModes]])
        var pod = MoverPod(
            name: "dr-x", purpose: .backup(writes: false), place: place, cluster: cluster,
            labels: MoverPod.labels(run: "ab", component: "web", stack: "main"))
        pod.spreads = claim?.isForManyNodes == true
        return try pod.document()["spec"] ?? [:]
    }

    @Test func `shards spread over the nodes if these can mount the volume`() throws {
        let many = try pod(["ReadWriteMany"])
        #expect(many["affinity"] == nil)
        #expect(many["nodeSelector"] == ["disk": "fast"])
        let spread = many["topologySpreadConstraints"]?.array?.first
        #expect(spread?["topologyKey"] == "kubernetes.io/hostname" && spread?["whenUnsatisfiable"] == "ScheduleAnyway")
        #expect(spread?["labelSelector"]?["matchLabels"]?["dr/run"] == "ab")
        let one = try pod(["ReadWriteOnce"])
        #expect(one["affinity"]?["podAffinity"] != nil)
        #expect(one["topologySpreadConstraints"] == nil)
    }
}

private func podOfShard(_ index: String, _ status: JSONValue) -> JSONValue {
    ["metadata": ["labels": ["batch.kubernetes.io/job-completion-index": .string(index)]], "status": status]
}
