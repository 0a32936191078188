import BackupRepository
import Documents
import FoundationEssentials
import ObjectStorage
import Platform

/// The first phase of a component with several shards: workers store a share of its files each.
///
/// It never fails for the component: the second phase reads what a shard did not store.
struct ShardedBackup {
    let component: String
    let count: Int
    /// The time within which a worker must run, since the last moment in which one did.
    let within: Period
    /// The time after which shards that make no progress count as failed. It is shorter than the component's own limit:
    /// the second phase must still run.
    let stallLimit: Duration
    let engine: any ShardEngine
    let parts: PartCollection
    let pool: BlockingPool
    /// Receives what could not be ended when the phase fails: no outcome names it then.
    var warn: @Sendable (String) -> Void = { _ in }
    /// Receives the number of workers that have work left, each time one has none any more.
    var noteLeft: @Sendable (Int) async -> Void = { _ in }

    struct Outcome: Sendable {
        var parts: [ComponentJob.Part] = []
        var added = BackupSet.Added()
        var warnings: [String] = []
        /// The time before the workers' start in which those of other components ran.
        var waited = Duration.zero

        /// Removes the manifests of the shards, once that of the component is written. A prune removes those that stay.
        func removeManifests(of component: String, from store: any ObjectStore) {
            guard !parts.isEmpty else { return }
            _ = try? store.delete(parts.map { Layout.manifest(component, $0.manifest) })
        }
    }

    /// - Throws: errors of the store; `CancellationError`; those of the engine if it cannot start.
    func run(progress: WorkProgress) async throws -> Outcome {
        progress.begin("starting \(count) parts")
        try await engine.start()
        do {
            let found = try await wait(progress)
            var outcome = await outcome(of: found)
            outcome.warnings += await removeWorkers()
            progress.begin("merging \(count) parts")
            return outcome
        } catch {
            for warning in await removeWorkers() { warn(warning) }
            throw error
        }
    }

    /// - Returns: what could not be ended.
    private func removeWorkers() async -> [String] { await engine.remove().map { "\(component): \($0)" } }

    // MARK: Waiting

    private struct Found {
        /// The results, by the index of the shard.
        var marks: [Int: PartMark] = [:]
        /// True if the others are given up because they made no progress.
        var isStalled = false
    }

    /// Waits until each shard has left its result, or cannot leave one any more, or none makes progress.
    private func wait(_ progress: WorkProgress) async throws -> Found {
        var found = Found()
        var idle = SignTime()
        var moved = ContinuousClock.now
        var recent: [WorkProgress.State] = []
        var pace = JobPace()
        pace.pause = min(engine.pause, stallLimit / 4)
        while true {
            // The state before the results: a worker leaves its result before it ends.
            let state = pace.isDue() ? await engine.state() : nil
            let known = found.marks.count
            for mark in try await pool.run({ try parts.take() }).marks {
                if let shard = mark.shard, shard.count == count { found.marks[shard.index] = mark }
            }
            if found.marks.count == count { return found }
            if found.marks.count > known {
                moved = .now
                await noteLeft(count - found.marks.count)
            }
            guard let state else {
                try await Task.sleep(for: .seconds(1))
                continue
            }
            switch state {
            case .ended: return found
            case .running(let isAny): idle.note(!isAny)
            case .unknown: idle.note(nil)
            }
            pace.note(isRunning: state == .running(isAny: true))
            if idle.duration > within.duration { return found }
            let states = await engine.progress()
            // Answers lack some pods now and then: a state that comes again is not progress.
            let new = states.filter { !recent.contains($0) }
            if !new.isEmpty { moved = .now }
            recent = (recent + new).suffix(8 * count)
            if ContinuousClock.now - moved > stallLimit {
                found.isStalled = true
                return found
            }
            progress.update { [found] in
                $0 = Self.sum(states, phase: "\(found.marks.count) of \(count) parts stored")
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Adds up the progress of several workers.
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

    private func outcome(of found: Found) async -> Outcome {
        var outcome = Outcome()
        let marks = found.marks
        let silence = found.isStalled ? "no progress within \(Units.spelled(stallLimit))" : nil
        let reasons = marks.count == count ? ShardReasons() : await engine.reasons()
        for index in 0..<count {
            if let mark = marks[index], let shard = mark.shard, let result = mark.result {
                outcome.parts.append(ComponentJob.Part(shard, result))
                outcome.added = outcome.added + result.added
                continue
            }
            let reason = marks[index]?.failure ?? reasons[index] ?? silence ?? reasons.silence
            outcome.warnings.append(
                "\(component): part \(index) of \(count) failed, \(engine.rest) reads its files instead: \(reason)")
        }
        return outcome
    }
}
