/// The progress that an earlier process made with a run.
package struct ResumePoint: Equatable, Sendable {
    /// Finished steps in the order in which they finished, with their records.
    package var done: [(step: String, record: ActionRecord?)] = []
    /// The number of the last attempt that was started, by step: a resumed run continues the numbering.
    package var attempts: [String: Int] = [:]
    /// Steps that were started and did not finish. They may have done part of their work.
    package var unfinished: Set<String> = []
    /// Steps whose last attempt failed, with the error, in a run that had not finished. The plan decides which of them
    /// cause a rollback.
    package var failed: [String: String] = [:]
    /// True if a rollback was in progress: the resumed run only completes it.
    package var isRollingBack = false
    package var rolledBack: Set<String> = []
    package var milestones: Set<Milestone> = []
    /// The values that the run remembered, by name.
    package var remembered: [String: String] = [:]

    package init() {}

    package init(_ reading: JournalReading) {
        for line in reading.lines {
            switch line.body.event {
            case .stepBegan(let attempt):
                attempts[attempt.step] = attempt.attempt
                unfinished.insert(attempt.step)
                failed[attempt.step] = nil
            case .stepFinished(let result):
                done.removeAll { $0.step == result.step }
                if result.outcome == .done {
                    done.append((result.step, result.record))
                    unfinished.remove(result.step)
                }
                if result.outcome == .failed, !result.isRetried { failed[result.step] = result.error ?? "" }
            case .stepReproved(let step, false, _): done.removeAll { $0.step == step }
            case .rollbackBegan: isRollingBack = true
            case .rollbackFinished(let step, _): rolledBack.insert(step)
            case .remembered(let name, let value): remembered[name] = value
            case .reached(let milestone): milestones.insert(milestone)
            // An operator who resumes a failed run has fixed the cause, so its steps run again.
            case .runFinished(let end) where end.verdict != .interrupted: failed = [:]
            default: break
            }
        }
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.done.map(\.step) == right.done.map(\.step) && left.attempts == right.attempts
            && left.isRollingBack == right.isRollingBack && left.rolledBack == right.rolledBack
            && left.unfinished == right.unfinished && left.failed == right.failed
            && left.remembered == right.remembered
    }
}
