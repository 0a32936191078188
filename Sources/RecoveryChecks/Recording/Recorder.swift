package import BackupRepository
package import Platform
internal import Synchronization

/// Asks the living stack, right after a backup, what a restore must answer as well.
package struct Recorder: Sendable {
    private let stack: CheckedStack
    /// The user's questions, beside those that are derived.
    private let questions: [RecordedQuestion]
    private let pool: BlockingPool
    private static let lanes = 4
    /// Questions of one kind that are asked; the others are counted as not recorded.
    private static let limits: [RecordedQuestion.Language: Int] = [.dashboard: 500, .documents: 200]

    package init(_ stack: CheckedStack, questions: [RecordedQuestion], pool: BlockingPool) {
        self.stack = stack
        self.questions = questions
        self.pool = pool
    }

    /// The answers in a fixed order, a line for each question that has none, and what the check must not call equal.
    package struct Record: Sendable {
        package var answers: [RecordedAnswer] = []
        package var warnings: [String] = []
        package var omissions: [RecordedOmission] = []
    }

    package func record() async throws -> Record {
        let found = Mutex([Int: Record]())
        try await stack.components.enumerated().map { $0 }.concurrentForEach(limit: Self.lanes) { number, component in
            try await pool.run {
                try Task.checkCancellation()
                let record = self.record(of: component)
                found.withLock { $0[number] = record }
            }
        }
        let records = found.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
        return Record(
            answers: records.flatMap(\.answers), warnings: records.flatMap(\.warnings).sorted(),
            omissions: records.flatMap(\.omissions))
    }

    private func record(of component: CheckedStack.Component) -> Record {
        var record = Record()
        func omit(_ count: Int, _ reason: String) {
            guard count > 0 else { return }
            record.omissions.append(RecordedOmission(component: component.name, questions: count, reason: reason))
        }
        var all = questions.filter { $0.component == component.name }
        let own = Set(all)
        if let obstacle = component.obstacle {
            record.warnings.append("nothing of '\(component.name)' is recorded: \(obstacle)")
            omit(1, obstacle)
            return record
        }
        do {
            let (kept, beyond) = Self.limited(try Questions(stack).derived(for: component))
            all += kept
            omit(beyond, "beyond the number that is recorded of one kind")
        } catch {
            record.warnings.append("nothing of '\(component.name)' is recorded: \(error)")
            omit(1, "\(error)")
        }
        let interview = Interview(stack)
        var refused: (count: Int, reason: String) = (0, "")
        for (number, question) in all.enumerated() where !Task.isCancelled {
            do {
                if let answer = try interview.record(question) {
                    record.answers.append(answer)
                } else if own.contains(question) {
                    record.warnings.append("'\(question.text)' of '\(component.name)' has no answer to compare with")
                    omit(1, "'\(question.text)' has no answer")
                }
            } catch {
                record.warnings.append("'\(question.text)' of '\(component.name)' is not recorded: \(error)")
                if refused.count == 0 { refused.reason = "'\(question.text)': \(error)" }
                refused.count += 1
                // A server that is away gives the same answer to all of them.
                if !(error is CheckFailure) {
                    refused.count = refused.count + all.count - number - 1
                    break
                }
            }
        }
        omit(refused.count, refused.reason)
        return record
    }

    private static func limited(_ questions: [RecordedQuestion]) -> (kept: [RecordedQuestion], beyond: Int) {
        var seen: [RecordedQuestion.Language: Int] = [:]
        let kept = questions.filter { question in
            guard let limit = limits[question.language] else { return true }
            seen[question.language, default: 0] += 1
            return seen[question.language, default: 0] <= limit
        }
        return (kept, questions.count - kept.count)
    }
}
