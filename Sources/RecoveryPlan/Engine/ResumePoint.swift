/// How far an earlier process came with a run.
package struct ResumePoint: Equatable, Sendable {
    /// Steps that were done, in the order in which they ended, with what they recorded.
    package var done: [(step: String, record: ActionRecord?)] = []
    /// Attempts that were begun, by step: numbering goes on.
    package var attempts: [String: Int] = [:]
    /// Steps that were begun, and whose last attempt failed or was cancelled.
    package var unfinished: Set<String> = []
    /// A rollback was under way: it is finished, nothing else is done.
    package var isRollingBack = false
    package var rolledBack: Set<String> = []
    package var milestones: Set<Milestone> = []

    package init() {}

    package init(_ reading: JournalReading) {
        for line in reading.lines {
            switch line.body.event {
            case .stepBegan(let attempt): attempts[attempt.step] = attempt.attempt
            case .stepFinished(let result):
                done.removeAll { $0.step == result.step }
                if result.outcome == .done {
                    done.append((result.step, result.record))
                    unfinished.remove(result.step)
                } else {
                    unfinished.insert(result.step)
                }
            case .stepReproved(let step, false, _): done.removeAll { $0.step == step }
            case .rollbackBegan: isRollingBack = true
            case .rollbackFinished(let step, _): rolledBack.insert(step)
            case .reached(let milestone): milestones.insert(milestone)
            default: break
            }
        }
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.done.map(\.step) == right.done.map(\.step) && left.attempts == right.attempts
            && left.isRollingBack == right.isRollingBack && left.rolledBack == right.rolledBack
    }
}
