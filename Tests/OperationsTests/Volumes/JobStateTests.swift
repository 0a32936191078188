import BackupRepository
import Documents
import Foundation
import Kubernetes
import Lab
import ObjectStorage
import Platform
import Synchronization
import Testing

@testable import Operations

/// The Jobs of `in_cluster`, as their coordinator sees them.
@Suite struct JobStateTests {
    private let site: ScriptedKubectl
    private let folder: TemporaryFolder
    private let repository: Repository
    private let proof = PartProof()

    /// A program in place of kubectl that knows one Job, and refuses requests with the text of a file.
    init() async throws {
        site = try await ScriptedKubectl(
            """
            *" create "*) cat >/dev/null ;;
            *" delete "*) : >deleted ;;
            *) if [ -e refusal ]; then cat refusal >&2; exit 1; fi
              case "$*" in
              *" get job/"*) cat job.json 2>/dev/null || : ;;
              *" get pods "*) cat pods.json 2>/dev/null || echo '{"items": []}' ;;
              *" get events "*) cat events.json 2>/dev/null || echo '{"items": []}' ;;
              *" get persistentvolumeclaims "*) echo '{"items": []}' ;;
              *" logs "*) cat log 2>/dev/null || : ;;
              esac ;;
            """)
        folder = try TemporaryFolder("jobs")
        repository = try Repository.create(
            in: try DirectoryStore(path: folder.path), tool: "test", now: Timestamp(seconds: 1_800_000_000)
        ).0
    }

    private var parts: PartCollection {
        PartCollection(run: "ab", component: "web", proof: proof, life: .hours(12), repository: repository)
    }

    private func job(_ status: JSONValue) throws {
        let job: JSONValue = ["kind": "Job", "metadata": ["name": "j"], "spec": [:], "status": status]
        try site.write("job.json", job.compact)
    }

    private func pod(_ index: String, _ status: JSONValue) -> JSONValue {
        [
            "kind": "Pod",
            "metadata": [
                "name": .string("j-\(index)"), "labels": ["batch.kubernetes.io/job-completion-index": .string(index)],
            ], "status": status,
        ]
    }

    private func pods(_ pods: [JSONValue]) throws {
        try site.write("pods.json", (["items": .array(pods)] as JSONValue).compact)
    }

    private func put(_ shard: Shard?) throws {
        var mark = PartMark(
            at: Timestamp(seconds: 1_800_000_000), run: "ab", component: "web", shard: shard, isStoreFull: false)
        mark.result = try JSONDecoding.decode(
            ComponentJob.Result.self,
            """
            {"manifest": "20261123T010000Z", "sha256": "\(String(repeating: "ab", count: 32))",
            "added": {"files": 1, "bytes": 3, "stored": 4, "packs": 1}, "warnings": [], "notes": [], "seconds": 1}
            """)
        _ = try Marks(repository).put(try proof.signed(mark))
    }

    // MARK: States

    @Test(
        arguments: [
            ([:], "running 0"), (["ready": 2], "running 2"),
            (["conditions": [["type": "Complete", "status": "True"]]], "complete"),
            (["conditions": [["type": "Failed", "status": "True", "message": "x"]]], "failed x"),
            (
                ["conditions": [["type": "FailureTarget", "status": "True", "message": "late"]], "ready": 1],
                "failed late"
            ),
            (["conditions": [["type": "Failed", "status": "False"]], "ready": 1], "running 1"),
        ] as [(JSONValue, String)])
    func `the status of a job tells its state`(status: JSONValue, expected: String) {
        let state =
            switch JobState(["status": status]) {
            case .running(let ready, _): "running \(ready)"
            case .ended(let failure?): "failed \(failure.message ?? "")"
            case .ended(nil): "complete"
            case .gone, .denied, .unknown: "no state"
            }
        #expect(state == expected)
    }

    @Test func `a sign counts from its first look since an interruption`() {
        var sign = SignTime()
        let start = ContinuousClock.now
        func note(_ isSeen: Bool?, _ second: Int) { sign.note(isSeen, at: start + .seconds(second)) }
        note(false, 0)
        note(true, 3600)
        #expect(sign.duration == .zero)
        note(true, 3610)
        #expect(sign.duration == .seconds(10))
        note(nil, 4000)
        note(true, 4005)
        #expect(sign.duration == .seconds(15))
        note(false, 4006)
        note(true, 4010)
        #expect(sign.duration == .zero)
    }

    @Test func `a job is looked at each second until its pods run, and then rarely`() {
        var pace = JobPace()
        let start = ContinuousClock.now
        #expect(pace.isDue(at: start))
        pace.note(.running(ready: 0, job: [:]), at: start)
        #expect(pace.isDue(at: start + .seconds(1)))
        pace.note(.running(ready: 1, job: [:]), at: start)
        #expect(!pace.isDue(at: start + .seconds(4)))
        #expect(pace.isDue(at: start + .seconds(5)))
        pace.note(.unknown, at: start + .seconds(5))
        #expect(pace.isDue(at: start + .seconds(6)))
    }

    // MARK: One pod

    @Test(.timeLimit(.minutes(2))) func `a result counts that a pod leaves after the store was listed`() async throws {
        try job(["active": 1, "ready": 1])
        let remembering = RememberedObjects(repository.store)
        let remembered = try Repository(opening: remembering)
        try remembering.list(prefix: "marks/", after: nil) { _ in .proceed }
        let parts = PartCollection(
            run: "ab", component: "web", proof: proof, life: .hours(12), repository: remembered)
        try put(nil)
        #expect(try parts.take().marks.count == 1)
    }

    private func wait(within: Period = .minutes(5), denial: Duration = .seconds(60)) async throws -> String? {
        let stack = try await StackFixture(components: [
            "web: {kind: files, kubernetes: {workload: statefulset/web, path: /web, mode: in_cluster, config_map: dr}}"
        ])
        let component = try #require(try stack.session.chosen(["web"]).first)
        guard case .remote(let remote) = try stack.session.access(component) else { return "no remote component" }
        var backup = try #require(remote as? InClusterBackup)
        backup.denialPatience = denial
        do {
            _ = try await backup.wait(
                for: "j", parts: parts, kubectl: site.kubectl, within: within, progress: WorkProgress(), tell: { _ in })
            return nil
        } catch { return "\(error)" }
    }

    @Test(.timeLimit(.minutes(2))) func `a deleted job ends the wait`() async throws {
        let failure = try await wait()
        #expect(failure?.contains("job 'j'") == true && failure?.contains("it was deleted") == true)
    }

    @Test(.timeLimit(.minutes(2))) func `the result of a deleted job counts`() async throws {
        try put(nil)
        #expect(try await wait() == nil)
    }

    @Test(.timeLimit(.minutes(2))) func `a job whose pod cannot start is explained by its pod`() async throws {
        try job(["active": 1, "ready": 0])
        let waiting: JSONValue = ["reason": "ImagePullBackOff", "message": "no such image"]
        try pods([
            pod("0", ["phase": "Pending", "containerStatuses": [["name": "mover", "state": ["waiting": waiting]]]])
        ])
        let failure = try await wait(within: .seconds(1))
        #expect(failure?.contains("its pod did not run within") == true, "\(failure ?? "none")")
        #expect(failure?.contains("ImagePullBackOff in pod j-0: no such image") == true, "\(failure ?? "none")")
    }

    @Test(.timeLimit(.minutes(2))) func `a job without a pod is explained by its newest event`() async throws {
        try job([:])
        let event: JSONValue = [
            "type": "Warning", "reason": "FailedCreate", "message": "exceeded quota",
            "lastTimestamp": "2026-11-23T01:00:00Z", "involvedObject": ["kind": "Job", "name": "j"],
        ]
        try site.write("events.json", (["items": [event]] as JSONValue).compact)
        let failure = try await wait(within: .seconds(1))
        #expect(failure?.contains("exceeded quota (FailedCreate)") == true, "\(failure ?? "none")")
    }

    @Test(
        .timeLimit(.minutes(2)),
        arguments: [
            "error: You must be logged in to the server (Unauthorized)",
            #"Error from server (Forbidden): jobs "j" is forbidden: User "u" cannot get resource "jobs""#,
        ])
    func `credentials that stay refused end the wait for a job`(_ text: String) async throws {
        try site.write("refusal", "\(text)\n".utf8)
        let failure = try await wait(denial: .milliseconds(300))
        #expect(failure?.contains("the API server does not") == true, "\(failure ?? "none")")
    }

    // MARK: Shards

    private func sharded(within: Period = .minutes(5), stall: Duration) async throws -> ShardedBackup.Outcome {
        let backup = ShardedBackup(
            component: "web", count: 2, within: within, stallLimit: stall,
            engine: IndexedJob(name: "j", count: 2, document: [:], kubectl: site.kubectl), parts: parts,
            pool: BlockingPool(threads: 2))
        return try await backup.run(progress: WorkProgress())
    }

    @Test(.timeLimit(.minutes(2))) func `shards without progress do not keep the others from being used`() async throws
    {
        try job(["active": 1, "ready": 1])
        try pods([pod("1", ["phase": "Running"])])
        try site.write("log", try JSONDecoding.text(WorkProgress.State(of: "storing")).utf8)
        try put(Shard(0, of: 2))
        let outcome = try await sharded(stall: .seconds(2))
        #expect(outcome.parts.map(\.shard) == [Shard(0, of: 2)])
        #expect(outcome.warnings.count == 1)
        #expect(outcome.warnings.first?.contains("part 1 of 2 failed") == true)
        #expect(outcome.warnings.first?.contains("no progress within 2 seconds") == true)
        #expect(site.has("deleted"))
    }

    @Test(.timeLimit(.minutes(2))) func `shards that progress are waited for`() async throws {
        try job(["active": 2, "ready": 2])
        try put(Shard(0, of: 2))
        let work = Task {
            var state = WorkProgress.State(of: "storing")
            for _ in 0..<16 {
                state.files += 1
                try site.write("log", try JSONDecoding.text(state).utf8)
                try await Task.sleep(for: .milliseconds(500))
            }
            try put(Shard(1, of: 2))
        }
        let outcome = try await sharded(stall: .seconds(5))
        try await work.value
        #expect(outcome.parts.count == 2 && outcome.warnings.isEmpty)
    }

    @Test(.timeLimit(.minutes(2))) func `shards of which none runs within the time are given up`() async throws {
        try job(["active": 2, "ready": 0])
        let outcome = try await sharded(within: .seconds(1), stall: .seconds(600))
        #expect(outcome.parts.isEmpty && outcome.warnings.count == 2)
    }

    /// Workers of which one does not end.
    private struct HangingWorkers: ShardEngine {
        let rest = "one process"
        let pause = Duration.zero

        func start() async throws {}
        func state() async -> ShardsState { .running(isAny: true) }
        func progress() async -> [WorkProgress.State] { [] }
        func reasons() async -> ShardReasons { ShardReasons() }
        func remove() async -> [String] { ["process 7 does not end"] }
    }

    @Test(.timeLimit(.minutes(2))) func `a worker that does not end is named although the run fails`() async throws {
        let warnings = Mutex<[String]>([])
        let backup = ShardedBackup(
            component: "web", count: 2, within: .minutes(5), stallLimit: .seconds(600), engine: HangingWorkers(),
            parts: parts, pool: BlockingPool(threads: 2), warn: { text in warnings.withLock { $0.append(text) } })
        let run = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try await backup.run(progress: WorkProgress())
        }
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(warnings.withLock { $0 } == ["web: process 7 does not end"])
    }
}
