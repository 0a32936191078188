internal import Documents
internal import FoundationEssentials
internal import Platform
package import Components

/// Runs a plan and records each step in the journal before and after it runs.
///
/// Steps that do not depend on each other run concurrently. Cancelling the task interrupts the run; the run can be
/// resumed from its journal. Blocking actions run on separate threads.
package struct PlanRun: Sendable {
    package var plan: Plan
    package var record: RunRecord
    package var context: ActionContext
    package var journal: Journal
    package var clock: any Clock<Duration> = ContinuousClock()
    package var resume = ResumePoint()
    private var watch: ObjectiveWatch?

    /// The engine's own threads: writing the journal waits for the disk and must not delay other work.
    private static let threads = BlockingPool(threads: 2)

    package init(plan: Plan, record: RunRecord, context: ActionContext, journal: Journal) {
        self.plan = plan
        self.record = record
        self.context = context
        self.journal = journal
    }

    /// Runs the plan to its end.
    /// - Returns: the outcome, which is also the last line of the journal.
    /// - Throws: ``JournalError`` if the journal cannot be written; the run then stops before its next step.
    package func run() async throws -> RunOutcome {
        let graph = StepGraph(plan.steps)
        var run = self
        let lines = try JournalReading(path: journal.path).lines
        run.context.memory = JournalMemory(resume.remembered).memory(in: journal)
        run.context.isDrill = record.isDrill
        run.watch = ObjectiveWatch(record, graph, clocks: RecoveryClocks(lines) ?? RecoveryClocks(record))
        return try await withTaskExecutorPreference(Self.threads, isolation: nil) { [run] in
            let watching = Task(executorPreference: Self.threads) { await run.watch?.watch(clock) { run.raise($0) } }
            defer { watching.cancel() }
            await run.notifyOfStart(isResumed: lines.count > 1)
            return try await run.recover(graph)
        }
    }

    private func recover(_ graph: StepGraph) async throws -> RunOutcome {
        var progress = RunProgress(graph)
        let fatal = resume.failed.filter { graph.step($0.key)?.onFailure == .rollback }.sorted { $0.key < $1.key }
        if resume.isRollingBack || !fatal.isEmpty {
            // The earlier process had started the rollback or was about to: do not retry the step that failed.
            progress.wantsRollback = true
            progress.takeOver(resume)
            progress.failures = fatal.map { "step '\($0.key)' failed: \($0.value)" }
        } else {
            try await reverify(graph, &progress)
            try await carryOut(graph, &progress)
        }
        if progress.isInterrupted || Task.isCancelled { return try interrupted(progress) }
        if progress.wantsRollback { return try await rollBack(graph, progress) }
        guard progress.abortedBy == nil else {
            return try end(.failed, progress, checks: [], reasons: progress.failures)
        }
        return try await validate(progress)
    }

    // MARK: Steps

    /// Verifies the postconditions of finished steps again: the journal alone does not prove that they still hold.
    private func reverify(_ graph: StepGraph, _ progress: inout RunProgress) async throws {
        for (id, record) in resume.done {
            guard let step = graph.step(id) else { continue }
            let attempt = StepAttemptRun(step: step, context: context, clock: clock).timed(step.timeout)
            do {
                try await attempt.within(step.timeout) { try await attempt.verify() }
                let note =
                    step.verify.isEmpty ? "the step has no postconditions; its result is taken from the journal" : nil
                try journal.append(.stepReproved(step: id, holds: true, detail: note))
                progress.finish(id, record)
                watch?.settle(id)
            } catch let error as JournalError {
                throw error
            } catch {
                if Task.isCancelled {
                    progress.isInterrupted = true
                    return
                }
                try journal.append(.stepReproved(step: id, holds: false, detail: "\(error)"))
            }
        }
    }

    private func carryOut(_ graph: StepGraph, _ progress: inout RunProgress) async throws {
        // The group's body cannot capture an inout parameter, so it works on a copy that is assigned back.
        var state = progress
        try await withThrowingTaskGroup(of: Ending.self) { group in
            func begin() throws {
                guard state.abortedBy == nil, !Task.isCancelled else { return }
                for step in state.ready() {
                    try reachBeforeRestore(step, &state)
                    group.addTask { await run(step) }
                }
            }
            try begin()
            while let ending = try await group.next() {
                if let error = ending.journalError {
                    group.cancelAll()
                    throw error
                }
                try await conclude(ending, in: graph, &state)
                if state.abortedBy != nil || state.isInterrupted { group.cancelAll() }
                try begin()
            }
        }
        if Task.isCancelled { state.isInterrupted = true }
        progress = state
    }

    private struct Ending: Sendable {
        var step: String
        var result: StepResult?
        var journalError: JournalError?
    }

    private func conclude(_ ending: Ending, in graph: StepGraph, _ state: inout RunProgress) async throws {
        guard let result = ending.result, let step = graph.step(ending.step) else { return }
        if result.outcome != .cancelled { watch?.settle(step.id) }
        switch result.outcome {
        case .done:
            state.finish(step.id, result.record)
            if step.isRestore, !graph.steps.contains(where: { $0.isRestore && !state.isSettled($0.id) }) {
                try reach(.dataRestored)
            }
        case .cancelled:
            state.cancelled.insert(step.id)
            if state.abortedBy == nil { state.isInterrupted = true }
        case .failed:
            state.failures.append("step '\(step.id)' failed: \(result.error ?? "")")
            state.failed.insert(step.id)
            await notifyOfFailure(step, result)
            switch step.onFailure {
            case .continue:
                for id in graph.dependents(of: step.id).sorted() where state.skipped.insert(id).inserted {
                    try journal.append(.stepSkipped(step: id, reason: "step '\(step.id)', which it needs, failed"))
                    watch?.settle(id)
                }
            case .proceed: break
            case .abort, .rollback:
                state.abortedBy = state.abortedBy ?? step.id
                state.wantsRollback = state.wantsRollback || step.onFailure == .rollback
            }
        }
    }

    /// Runs a step with its retries.
    private func run(_ step: Step) async -> Ending {
        var ending = Ending(step: step.id)
        let first = (resume.attempts[step.id] ?? 0) + 1
        do {
            for number in 0..<max(1, step.retry.attempts) {
                let result = try await attempt(step, first + number, isLast: number + 1 >= step.retry.attempts)
                ending.result = result
                guard result.isRetried else { return ending }
                do {
                    try await clock.sleep(for: step.retry.backoff.duration * (1 << min(number, 16)))
                } catch {
                    ending.result?.outcome = .cancelled
                    return ending
                }
            }
        } catch let error as JournalError { ending.journalError = error } catch {
            ending.journalError = JournalError(.cannotWrite, object: "journal", "\(error)")
        }
        return ending
    }

    private func attempt(_ step: Step, _ number: Int, isLast: Bool) async throws -> StepResult {
        try journal.append(
            .stepBegan(attempt: StepAttempt(step: step.id, attempt: number, about: step.about, work: step.work)))
        watch?.begin(step.id)
        let began = MonotonicClock.seconds
        var result = StepResult(step: step.id, attempt: number, outcome: .done, seconds: 0)
        do {
            result.record = try await StepAttemptRun(step: step, context: context, clock: clock).run()
        } catch is CancellationError {
            result.outcome = .cancelled
        } catch let error as ActionError {
            result.outcome = .failed
            result.error = "\(error)"
            result.reason = error.reason
            result.isRetried = !isLast && error.reason != .hopeless && error.reason != .damaged
        } catch {
            result.outcome = .failed
            result.error = "\(error)"
            result.isRetried = !isLast
        }
        if result.outcome == .failed, Task.isCancelled { result.outcome = .cancelled }
        if result.outcome == .cancelled { result.isRetried = false }
        result.seconds = ((MonotonicClock.seconds - began) * 1000).rounded() / 1000
        try journal.append(.stepFinished(result: result))
        return result
    }

    // MARK: Milestones

    private func reachBeforeRestore(_ step: Step, _ state: inout RunProgress) throws {
        guard step.isRestore, !state.hasBegunRestoring else { return }
        state.hasBegunRestoring = true
        try reach(.targetReady)
    }

    private func reach(_ milestone: Milestone) throws {
        guard milestone != .targetReady || !resume.milestones.contains(milestone) else { return }
        try journal.append(.reached(milestone: milestone))
    }

    // MARK: The end

    private func validate(_ progress: RunProgress) async throws -> RunOutcome {
        let final = plan.checks.isEmpty ? [] : await context.services.check(plan.checks, in: record.identity)
        if Task.isCancelled { return try interrupted(progress) }
        let checks = progress.checks + final
        try journal.append(.checksFinished(checks: checks))
        let bad = checks.filter { $0.verdict == .failed && $0.isCritical }
        guard bad.isEmpty else {
            let reasons = bad.map { "check '\($0.name)' failed: \($0.measured), should be \($0.target)" }
            return try end(.notValidated, progress, checks: checks, reasons: progress.failures + reasons)
        }
        // Postconditions only show that each step worked. A plan with checks needs at least one that ran.
        if let nothing = (plan.checks.isEmpty ? progress.checks : final).reasonForNoProof {
            return try end(.notValidated, progress, checks: checks, reasons: progress.failures + [nothing])
        }
        try reach(.validated)
        let judgement = try judge(progress, checks)
        var reasons = progress.failures
        reasons += judgement.missedObjectives
        let owners = progress.restored.compactMap { part in part.ownerShortfall.map { "\(part.component): \($0)" } }
        let missing = (record.unrestored ?? []).map { "\($0) was not restored: no step of the plan restores it" }
        if !progress.failed.isEmpty || !owners.isEmpty || !missing.isEmpty {
            return try end(.partial, progress, checks: checks, reasons: reasons + owners + missing)
        }
        let isLate = judgement.rtoMet == false || judgement.rpoMet == false
        // Before the run ends: only a run that has not ended is resumed, and then discards the rest.
        for line in await context.services.discardPrevious(of: progress.restored, in: record.identity) {
            context.tell(line)
        }
        if Task.isCancelled { return try interrupted(progress) }
        return try end(isLate ? .late : .recovered, progress, checks: checks, reasons: reasons)
    }

    private func judge(_ progress: RunProgress, _ checks: [CheckResult]) throws -> ObjectivesJudgement {
        let clocks = RecoveryClocks(try JournalReading(path: journal.path).lines) ?? RecoveryClocks(record)
        return ObjectivesJudgement(record, clocks, restored: progress.restored, checks: checks)
    }

    private func end(
        _ verdict: RunEnd.Verdict, _ progress: RunProgress, checks: [CheckResult], reasons: [String]
    ) throws -> RunOutcome {
        watch?.stop()
        let end = RunEnd(verdict, reasons: reasons)
        try journal.append(.runFinished(end: end))
        return RunOutcome(end: end, checks: checks, judgement: try judge(progress, checks))
    }

    private func interrupted(_ progress: RunProgress) throws -> RunOutcome {
        try end(
            .interrupted, progress, checks: [],
            // A drill cannot be resumed.
            reasons: [
                record.isDrill ? "interrupted" : "interrupted; resume the run with --resume \(record.identity.id)"
            ])
    }

    /// Rolls the finished steps back, the latest first. If one rollback fails, the others still run.
    private func rollBack(_ graph: StepGraph, _ progress: RunProgress) async throws -> RunOutcome {
        watch?.stop()
        var reasons = progress.failures
        let unfinished = progress.failed.union(progress.cancelled).sorted()
        for id in unfinished + progress.order.reversed() where !resume.rolledBack.contains(id) {
            guard let step = graph.step(id), !step.rollback.isEmpty else { continue }
            try journal.append(.rollbackBegan(step: id))
            var failure: String?
            do {
                let attempt = StepAttemptRun(step: step, context: context, clock: clock).timed(step.timeout)
                try await attempt.within(step.timeout) {
                    for action in step.rollback { _ = try await action.action.perform(in: attempt.context) }
                }
            } catch {
                if Task.isCancelled { return try interrupted(progress) }
                failure = "\(error)"
                reasons.append("rollback of step '\(id)' failed: \(error)")
            }
            try journal.append(.rollbackFinished(step: id, error: failure))
        }
        return try end(.rolledBack, progress, checks: [], reasons: reasons)
    }
}

/// The outcome of a run: its end, its checks and its objectives.
package struct RunOutcome: Equatable, Sendable {
    package var end: RunEnd
    package var checks: [CheckResult]
    package var judgement: ObjectivesJudgement
}

extension Step {
    /// True if the step restores a component.
    package var isRestore: Bool { action.map { type(of: $0.action).keyword == "restore" } ?? false }
}
