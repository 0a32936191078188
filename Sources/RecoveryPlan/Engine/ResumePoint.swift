/// How far an earlier process came with a run.
package struct ResumePoint: Equatable, Sendable {
    /// Steps that were done, in the order in which they ended, with what they recorded.
    package var done: [(step: String, record: ActionRecord?)] = []
    /// Attempts that were begun, by step: numbering goes on.
    package var attempts: [String: Int] = [:]
    /// Steps that were begun and are not done: what they did may be half of it.
    package var unfinished: Set<String> = []
    /// Steps whose last attempt failed, with the error, when the run had not come to its end by that. Which of them the
    /// plan rolls back for, the plan knows.
    package var failed: [String: String] = [:]
    /// A rollback was under way: it is finished, nothing else is done.
    package var isRollingBack = false
    package var rolledBack: Set<String> = []
    package var milestones: Set<Milestone> = []

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
            case .reached(let milestone): milestones.insert(milestone)
            // Whoever resumes a run that has failed has mended what was wrong: its steps get another chance.
            case .runFinished(let end) where end.verdict != .interrupted: failed = [:]
            default: break
            }
        }
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.done.map(\.step) == right.done.map(\.step) && left.attempts == right.attempts
            && left.isRollingBack == right.isRollingBack && left.rolledBack == right.rolledBack
            && left.unfinished == right.unfinished && left.failed == right.failed
    }
}
