import BackupRepository
import Documents
import Kubernetes
import ObjectStorage
import Platform

/// The first phase of a component with several shards: the pods of an indexed Job store a share of its files each.
///
/// It never fails for the component: the pod of the second phase reads what a shard did not store.
struct ShardedBackup {
    let component: String
    let count: Int
    /// The time within which a pod must run.
    let within: Period
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
            let marks = try await wait(name, progress)
            let outcome = await outcome(of: marks, name)
            await kubectl.removeJob(name)
            progress.begin("merging \(count) shards")
            return outcome
        } catch {
            await kubectl.removeJob(name)
            throw error
        }
    }

    // MARK: Waiting

    /// Waits until each shard has left its result, or cannot leave one any more.
    /// - Returns: the results, by the index of the shard.
    private func wait(_ name: String, _ progress: WorkProgress) async throws -> [Int: PartMark] {
        let limit = ContinuousClock.now + within.duration
        var marks: [Int: PartMark] = [:]
        while true {
            // The state before the results: a pod leaves its result before it ends.
            let state = await JobState(of: name, kubectl)
            let found = try await pool.run { try parts.take() }
            for mark in found.marks { if let shard = mark.shard, shard.count == count { marks[shard.index] = mark } }
            if marks.count == count { return marks }
            switch state {
            case .ended, .gone: return marks
            case .running(let ready) where ready == 0 && ContinuousClock.now > limit: return marks
            case .running, .unknown: break
            }
            await tell(name, done: marks.count, progress)
            try await Task.sleep(for: .seconds(1))
        }
    }

    private enum JobState {
        /// - Parameter ready: the number of pods that run.
        case running(ready: Int)
        case ended
        case gone
        /// The API server does not answer. The Job works all the same.
        case unknown

        init(of name: String, _ kubectl: Kubectl) async {
            do {
                guard let job = try await kubectl.object("job/\(name)") else {
                    self = .gone
                    return
                }
                let hasEnded = (job["status"]?["conditions"]?.array ?? []).contains {
                    ["Failed", "Complete"].contains($0["type"]?.text) && $0["status"]?.text == "True"
                }
                self = hasEnded ? .ended : .running(ready: job["status"]?["ready"]?.integer ?? 1)
            } catch {
                self = .unknown
            }
        }
    }

    /// Shows the sum of the pods' progress.
    private func tell(_ name: String, done: Int, _ progress: WorkProgress) async {
        let lines = try? await kubectl.run([
            "logs", "--selector=batch.kubernetes.io/job-name=\(name)", "--container=\(MoverPod.container)", "--tail=1",
            "--ignore-errors", "--max-log-requests=\(count)",
        ])
        let states = (lines ?? "").split(whereSeparator: \.isNewline)
            .compactMap { try? JSONDecoding.decode(WorkProgress.State.self, String($0)) }
        progress.update { $0 = Self.sum(states, phase: "\(done) of \(count) shards stored") }
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

    private func outcome(of marks: [Int: PartMark], _ name: String) async -> Outcome {
        var outcome = Outcome()
        let pods =
            marks.count == count
            ? [] : try? await kubectl.objects("pods", ["--selector=batch.kubernetes.io/job-name=\(name)"])
        for index in 0..<count {
            if let mark = marks[index], let shard = mark.shard, let result = mark.result {
                outcome.parts.append(ComponentJob.Part(shard, result))
                outcome.added = outcome.added + result.added
                continue
            }
            let reason = marks[index]?.failure ?? Self.reason(of: index, in: pods)
            outcome.warnings.append(
                "\(component): shard \(index) of \(count) failed, one pod reads its files instead: \(reason)")
        }
        return outcome
    }

    /// The reason for which a pod left no result.
    /// - Parameter pods: nil if the API server did not tell.
    static func reason(of index: Int, in pods: [JSONValue]?) -> String {
        guard let pods else { return "its pod left no result" }
        let label = "batch.kubernetes.io/job-completion-index"
        let pod = pods.last {
            ($0["metadata"]?["labels"]?[label] ?? $0["metadata"]?["annotations"]?[label])?.text == "\(index)"
        }
        guard let pod else { return "its pod was deleted" }
        if let end = MoverStatus(pod).end { return "its pod ended: \(end)" }
        guard pod["status"]?["phase"]?.text != "Running" else { return "its pod left no result" }
        let scheduled = (pod["status"]?["conditions"]?.array ?? []).first { $0["type"]?.text == "PodScheduled" }
        let message = scheduled?["status"]?.text == "False" ? scheduled?["message"]?.text : nil
        return "its pod did not start" + (message.map { ": \($0.prefix(300))" } ?? "")
    }
}
