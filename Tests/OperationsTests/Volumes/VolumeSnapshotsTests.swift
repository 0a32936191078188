import Documents
import Foundation
import Kubernetes
import Lab
import Platform
import StackConfiguration
import Testing

@testable import Operations

@Suite struct VolumeSnapshotsTests {
    private static let pool = BlockingPool(threads: 4)
    private let folder: TemporaryFolder

    /// A program in place of kubectl that knows the snapshots of a folder.
    init() async throws {
        folder = try TemporaryFolder("snapshots")
        let program = """
            #!/bin/sh
            cd '\(folder.path)'
            case "$*" in
            *" get volumesnapshots.snapshot.storage.k8s.io --selector="*)
                printf '{"items": ['; comma=; for f in *.json; do [ -e "$f" ] || continue; printf '%s' "$comma"; cat "$f"; comma=,; done
                echo ']}' ;;
            *" get volumesnapshots.snapshot.storage.k8s.io/"*)
                cat "$(echo "$*" | sed 's,.*k8s.io/\\([^ ]*\\) .*,\\1,').json" ;;
            *" delete volumesnapshots.snapshot.storage.k8s.io/"*)
                rm "$(echo "$*" | sed 's,.*k8s.io/\\([^ ]*\\) .*,\\1,').json" ;;
            *) exit 9 ;;
            esac

            """
        // Another process writes it: a child of another test that still has the descriptor would make it busy.
        let text = folder.url.appending(path: "kubectl.txt").path
        try Data(program.utf8).write(to: URL(filePath: text))
        let made = try await CommandRun.run("/usr/bin/install", ["-m", "755", text, "\(folder.path)/kubectl"])
        try #require(made.status == 0, "\(made.errors)")
    }

    private var snapshots: VolumeSnapshots {
        var snapshots = VolumeSnapshots(
            component: "web", stack: "s", namespace: "lab",
            kubectl: Kubectl(
                context: "east", namespace: "lab", environment: ["PATH": "\(folder.path):/usr/bin:/bin"],
                folder: folder.path, pool: Self.pool), tell: { _ in })
        snapshots.pause = .milliseconds(10)
        return snapshots
    }

    private static func snapshot(
        _ name: String, run: String = "", age: Int, isReady: Bool = true, error: String? = nil
    ) -> JSONValue {
        var status: [String: JSONValue] = ["readyToUse": .bool(isReady), "restoreSize": "1Gi"]
        status["error"] = error.map { ["message": .string($0)] }
        let time = Date(timeIntervalSince1970: Double(WallClock.system.seconds - age)).formatted(.iso8601)
        return [
            "metadata": [
                "name": .string(name), "creationTimestamp": .string(time), "labels": ["dr/run": .string(run)],
            ], "status": .object(status),
        ]
    }

    private func add(_ snapshot: JSONValue) throws {
        try Data(snapshot.compact).write(to: folder.url.appending(path: "\(snapshot.objectName ?? "").json"))
    }

    private var names: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }.sorted()
        }
    }

    @Test(arguments: [("b", 500, "own"), ("lost", 500, "old"), ("lost", 90, "new"), (nil, 0, "new")])
    func `the snapshot of the same backup is nearest, otherwise the nearest in time`(
        _ run: String?, _ age: Int, _ name: String
    ) {
        let all = [
            Self.snapshot("new", run: "c", age: 60), Self.snapshot("own", run: "b", age: 200),
            Self.snapshot("old", run: "a", age: 600), Self.snapshot("begun", run: "lost", age: 90, isReady: false),
        ]
        let found = VolumeSnapshots.nearest(to: run, time: WallClock.system.seconds - age, among: all)
        #expect(found?.objectName == name)
    }

    @Test func `without a ready snapshot there is none`() {
        #expect(VolumeSnapshots.nearest(to: "a", time: 0, among: []) == nil)
        let begun = Self.snapshot("begun", run: "a", age: 1, isReady: false)
        #expect(VolumeSnapshots.nearest(to: "a", time: 0, among: [begun]) == nil)
        #expect(VolumeSnapshots.nearest(to: "a", time: .min, among: [Self.snapshot("x", age: 1)]) != nil)
    }

    @Test func `the newest ready snapshots stay, and those of dead runs go`() async throws {
        try add(Self.snapshot("a", age: 10))
        try add(Self.snapshot("b", age: 20))
        try add(Self.snapshot("c", age: 30))
        try add(Self.snapshot("running", age: 5, isReady: false))
        try add(Self.snapshot("dead", age: 7200, isReady: false))
        try await snapshots.trim(keep: 2)
        #expect(try names == ["a.json", "b.json", "running.json"])
    }

    @Test func `an error that lasts ends the wait, and one that passes does not`() async throws {
        try add(Self.snapshot("failing", age: 1, isReady: false, error: "no such class"))
        let began = ContinuousClock.now
        let failure = await #expect(throws: KubernetesError.self) {
            _ = try await snapshots.size(
                ofReady: "failing", within: .seconds(60), tolerance: .milliseconds(100))
        }
        #expect(failure?.detail == "no such class")
        #expect(ContinuousClock.now - began < .seconds(30))
        try add(Self.snapshot("ready", age: 1, error: "an earlier attempt failed"))
        #expect(try await snapshots.size(ofReady: "ready", within: .seconds(5), tolerance: .zero) == "1Gi")
    }

    /// Only a snapshot on which the driver still works stays.
    @Test(arguments: [
        (nil, KubernetesError.Reason.notSo), ("quota exceeded", .failed),
    ]) func `a snapshot that is not ready in time is told apart from one that failed`(
        _ error: String?, _ reason: KubernetesError.Reason
    ) async throws {
        try add(Self.snapshot("slow", age: 1, isReady: false, error: error))
        let failure = await #expect(throws: KubernetesError.self) {
            _ = try await snapshots.size(ofReady: "slow", within: .milliseconds(50), tolerance: .seconds(60))
        }
        #expect(failure?.reason == reason)
    }

    @Test func `a temporary claim has the larger size, and belongs to its pod`() throws {
        let claim = try #require(
            ClaimRecord([
                "metadata": ["name": "data-web-0"],
                "spec": ["storageClassName": "fast", "resources": ["requests": ["storage": "10Gi"]]],
            ]))
        let owner: JSONValue = ["kind": "Pod", "name": "mover"]
        let copy = snapshots.copy("s", as: "s-seed", run: "r", like: claim, size: "12Gi", owner: owner)
        #expect(copy["spec"]?["resources"]?["requests"]?["storage"] == "12Gi")
        #expect(copy["spec"]?["storageClassName"] == "fast" && copy["spec"]?["dataSource"]?["name"] == "s")
        #expect(copy["metadata"]?["ownerReferences"]?.array == [owner])
        #expect(copy["metadata"]?["labels"]?["app.kubernetes.io/managed-by"] == "dr")
    }
}
