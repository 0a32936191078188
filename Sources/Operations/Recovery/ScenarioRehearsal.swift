import BackupRepository
import Cryptography
import FoundationEssentials
import Platform
import RecoveryPlan

/// The rehearsal of a plan: each restore step reads and verifies its data, in the order and with the parallelism of the
/// plan. The other steps are not done.
extension ScenarioRun {
    package func rehearse() async throws -> RehearsalResult {
        try await recovery.refuseArchived(for: plan, to: .rehearse)
        let (steps, start) = (plan.steps, ContinuousClock.now)
        var result = RehearsalResult(scenario: plan.scenario, restores: [])
        result.skipped = steps.filter { $0.restoredComponent == nil }.map(\.id)
        let display = RunDisplay(
            session.options, RunFollower(record, progress: recovery.progress), progress: recovery.progress,
            environment: ProcessInfo.processInfo.environment)
        let restores = try await display.during { try await rehearsed(steps) }
        result.seconds = (ContinuousClock.now - start) / .seconds(1)
        let order = Dictionary(steps.enumerated().map { ($1.id, $0) }) { first, _ in first }
        result.restores = restores.sorted { order[$0.step ?? "", default: 0] < order[$1.step ?? "", default: 0] }
        result.works = Dictionary(steps.compactMap { step in step.work.map { (step.id, $0) } }) { first, _ in first }
        return result
    }

    /// Starts each restore when the restores that it needs have ended, directly or through other steps.
    private func rehearsed(_ steps: [Step]) async throws -> [RehearsedRestore] {
        try await withThrowingTaskGroup(of: (String, RehearsedRestore).self) { group in
            var (begun, ended): (Set<String>, Set<String>) = ([], [])
            func begin() {
                var isProgress = true
                while isProgress {
                    isProgress = false
                    for step in steps where !begun.contains(step.id) && step.needs.allSatisfy(ended.contains) {
                        begun.insert(step.id)
                        guard let restore = step.action?.action as? RestoreAction else {
                            ended.insert(step.id)
                            isProgress = true
                            continue
                        }
                        group.addTask { (step.id, try await rehearse(restore, as: step)) }
                    }
                }
            }
            begin()
            var results: [RehearsedRestore] = []
            while let (id, result) = try await group.next() {
                results.append(result)
                ended.insert(id)
                begin()
            }
            return results
        }
    }

    /// - Returns: also for a restore that cannot be rehearsed, so that the others are.
    private func rehearse(_ restore: RestoreAction, as step: Step) async throws -> RehearsedRestore {
        var set: String?
        do {
            set = (try? await session.set(of: restore.component, in: recovery.selection, recovery.repository))
                .map { "\($0.name)" }
            let (job, _) = try await recovery.job(restore.request)
            recovery.progress.begin(job.component, job.progress)
            defer { recovery.progress.end(job.component) }
            var result = try await job.rehearse()
            result.step = step.id
            return result
        } catch  where !Task.isCancelled {
            var result = RehearsedRestore(step: step.id, component: restore.component)
            result.set = set
            result.error = "\(error)"
            result.isDamaged = (error as? RepositoryError)?.reason == .damaged
            result.isRequired = step.onFailure.isFatal
            return result
        }
    }
}

extension RehearsalResult {
    /// The rehearsal of one component.
    /// - Parameter isWhole: false for a slice, whose time says nothing about a plan.
    package init(of restore: RehearsedRestore, isWhole: Bool, paths: [String]) {
        self.init(restores: [restore])
        seconds = restore.seconds
        guard isWhole else { return }
        var action = RestoreAction()
        action.component = restore.component
        action.paths = paths
        var step = Step()
        step.action = AnyAction(action, location: step.location)
        works = step.work.map { [restore.component: $0] } ?? [:]
    }

    /// The times for the forecast: of the restores that read everything.
    fileprivate var steps: [RehearsalRecord.Step] {
        restores.compactMap { restore in
            guard restore.error == nil, restore.damage.isEmpty, let work = works[restore.step ?? restore.component]
            else { return nil }
            return RehearsalRecord.Step(work: work, seconds: restore.seconds, bytes: restore.bytes)
        }
    }
}

extension Session {
    /// Keeps the times of a rehearsal for the forecast. A failure is a warning, because the rehearsal itself is done.
    package func remember(_ rehearsal: RehearsalResult) {
        guard !rehearsal.steps.isEmpty else { return }
        let record = RehearsalRecord(scenario: rehearsal.scenario, at: clock.now, steps: rehearsal.steps)
        do {
            try RehearsalFolder(state: stateRoot).add(record, as: "\(now())-\(RandomID.make().prefix(8))")
        } catch { Output(options: options).warn("the times are not kept for the forecast: \(error)") }
    }
}
