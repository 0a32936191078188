import BackupRepository
import Documents
import FoundationEssentials
import Kubernetes
import ObjectStorage
import Platform

/// The first phase of a component with several shards: the pods of an indexed Job store a share of its files each.
///
/// It never fails for the component: the pod of the second phase reads what a shard did not store.
struct ShardedBackup {
    let component: String
    let count: Int
    /// The time within which a pod must run, since the last moment in which one did.
    let within: Period
    /// The time after which shards that make no progress count as failed. It is shorter than the component's own limit:
    /// the second phase must still run.
    let stallLimit: Duration
    let kubectl: Kubectl
    let parts: PartCollection
    let pool: BlockingPool

    struct Outcome: Sendable {
        var parts: [ComponentJob.Part] = []
        var added = BackupSet.Added()
        var warnings: [String] = []

        /// Removes the manifests of the shards, once that of the component is written. A prune removes those that stay.
        func removeManifests(of component: String, from store: any ObjectStore) {
            guard !parts.isEmpty else { return }
            _ = try? store.delete(parts.map { Layout.manifest(component, $0.manifest) })
        }
    }

    /// - Parameters:
    ///   - document: the Job to create.
    ///   - name: the name of the Job.
    /// - Throws: errors of the store; `CancellationError`; `KubernetesError` if the Job cannot be created.
    func run(_ document: JSONValue, named name: String, progress: WorkProgress) async throws -> Outcome {
        progress.begin("starting \(count) shards")
        try await kubectl.create(document)
        do {
            let found = try await wait(name, progress)
            let outcome = await outcome(of: found, name)
            await kubectl.removeJob(name)
            progress.begin("merging \(count) shards")
            return outcome
        } catch {
            await kubectl.removeJob(name)
            throw error
        }
    }

    // MARK: Waiting

    private struct Found {
        /// The results, by the index of the shard.
        var marks: [Int: PartMark] = [:]
        /// True if the others are given up because they made no progress.
        var isStalled = false
    }

    /// Waits until each shard has left its result, or cannot leave one any more, or none makes progress.
    private func wait(_ name: String, _ progress: WorkProgress) async throws -> Found {
        var found = Found()
        var idle = SignTime()
        var moved = ContinuousClock.now
        var recent: [WorkProgress.State] = []
        var pace = JobPace()
        pace.pause = min(pace.pause, stallLimit / 4)
        while true {
            // The state before the results: a pod leaves its result before it ends.
            let state = pace.isDue() ? await JobState(of: name, kubectl) : nil
            let known = found.marks.count
            for mark in try await pool.run({ try parts.take() }).marks {
                if let shard = mark.shard, shard.count == count { found.marks[shard.index] = mark }
            }
            if found.marks.count == count { return found }
            if found.marks.count > known { moved = .now }
            guard let state else {
                try await Task.sleep(for: .seconds(1))
                continue
            }
            pace.note(state)
            switch state {
            case .ended, .gone: return found
            case .running(let ready, _): idle.note(ready == 0)
            case .unknown, .denied: idle.note(nil)
            }
            if idle.duration > within.duration { return found }
            let states = await states(name)
            // Answers lack some pods now and then: a state that comes again is not progress.
            let new = states.filter { !recent.contains($0) }
            if !new.isEmpty { moved = .now }
            recent = (recent + new).suffix(8 * count)
            if ContinuousClock.now - moved > stallLimit {
                found.isStalled = true
                return found
            }
            progress.update { [found] in
                $0 = Self.sum(states, phase: "\(found.marks.count) of \(count) shards stored")
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Returns the progress of those pods that tell it.
    private func states(_ name: String) async -> [WorkProgress.State] {
        let lines = try? await kubectl.run([
            "logs", "--selector=\(JobState.selector(name))", "--container=\(MoverPod.container)", "--tail=1",
            "--ignore-errors", "--max-log-requests=\(count)",
        ])
        return (lines ?? "").split(whereSeparator: \.isNewline)
            .compactMap { try? JSONDecoding.decode(WorkProgress.State.self, String($0)) }
    }

    /// Adds up the progress of several pods.
    static func sum(_ states: [WorkProgress.State], phase: String) -> WorkProgress.State {
        states.reduce(into: WorkProgress.State(of: phase)) { sum, state in
            sum.files = sum.files.addingClamped(state.files)
            sum.totalFiles = sum.totalFiles.addingClamped(state.totalFiles)
            sum.bytes = sum.bytes.addingClamped(state.bytes)
            sum.totalBytes = sum.totalBytes.addingClamped(state.totalBytes)
            sum.transferred = sum.transferred.addingClamped(state.transferred)
        }
    }

    // MARK: Results

    private func outcome(of found: Found, _ name: String) async -> Outcome {
        var outcome = Outcome()
        let marks = found.marks
        let limit = Units.spelled(stallLimit)
        let silence = found.isStalled ? "no progress within \(limit)" : Self.noResult
        let pods =
            marks.count == count
            ? [] : try? await kubectl.objects("pods", ["--selector=\(JobState.selector(name))"])
        for index in 0..<count {
            if let mark = marks[index], let shard = mark.shard, let result = mark.result {
                outcome.parts.append(ComponentJob.Part(shard, result))
                outcome.added = outcome.added + result.added
                continue
            }
            let reason = marks[index]?.failure ?? Self.reason(of: index, in: pods, silence: silence)
            outcome.warnings.append(
                "\(component): shard \(index) of \(count) failed, one pod reads its files instead: \(reason)")
        }
        return outcome
    }

    private static let noResult = "its pod left no result"

    /// The reason for which a pod left no result.
    /// - Parameters:
    ///   - pods: nil if the API server did not tell.
    ///   - silence: the reason of a pod that may still run.
    static func reason(of index: Int, in pods: [JSONValue]?, silence: String = Self.noResult) -> String {
        guard let pods else { return silence }
        let label = "batch.kubernetes.io/job-completion-index"
        let pod = pods.last {
            ($0["metadata"]?["labels"]?[label] ?? $0["metadata"]?["annotations"]?[label])?.text == "\(index)"
        }
        guard let pod else { return "its pod was deleted" }
        if let end = MoverStatus(pod).end { return "its pod ended: \(end)" }
        guard pod["status"]?["phase"]?.text != "Running" else { return silence }
        let scheduled = (pod["status"]?["conditions"]?.array ?? []).first { $0["type"]?.text == "PodScheduled" }
        let message = scheduled?["status"]?.text == "False" ? scheduled?["message"]?.text : nil
        return "its pod did not start" + (message.map { ": \($0.prefix(300))" } ?? "")
    }
}
