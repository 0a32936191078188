package import Blocking
package import Repository
internal import Synchronization

/// Asks the living stack, right after a backup, what a restore must answer as well.
package struct Recorder: Sendable {
    private let stack: CheckedStack
    /// The user's questions, beside those that are derived.
    private let questions: [RecordedQuestion]
    private let pool: BlockingPool
    private static let lanes = 4

    package init(_ stack: CheckedStack, questions: [RecordedQuestion], pool: BlockingPool) {
        self.stack = stack
        self.questions = questions
        self.pool = pool
    }

    /// - Returns: the answers in a fixed order, and a line for each question that has none.
    package func record() async throws -> (answers: [RecordedAnswer], warnings: [String]) {
        let found = Mutex((answers: [Int: [RecordedAnswer]](), warnings: [String]()))
        try await stack.components.enumerated().map { $0 }.concurrentForEach(limit: Self.lanes) { number, component in
            try await pool.run {
                try Task.checkCancellation()
                let (answers, warnings) = self.answers(of: component)
                found.withLock {
                    $0.answers[number] = answers
                    $0.warnings += warnings
                }
            }
        }
        return found.withLock { state in
            (state.answers.sorted { $0.key < $1.key }.flatMap(\.value), state.warnings.sorted())
        }
    }

    private func answers(of component: CheckedStack.Component) -> ([RecordedAnswer], [String]) {
        var warnings: [String] = []
        var all = questions.filter { $0.component == component.name }
        let own = Set(all)
        if let obstacle = component.obstacle {
            return ([], ["nothing of '\(component.name)' is recorded: \(obstacle)"])
        }
        do { all += try Questions(stack).derived(for: component) } catch {
            warnings.append("nothing of '\(component.name)' is recorded: \(error)")
        }
        let interview = Interview(stack)
        var answers: [RecordedAnswer] = []
        for question in all where !Task.isCancelled {
            do {
                if let answer = try interview.record(question) {
                    answers.append(answer)
                } else if own.contains(question) {
                    warnings.append("'\(question.text)' of '\(component.name)' has no answer to compare with")
                }
            } catch {
                warnings.append("'\(question.text)' of '\(component.name)' is not recorded: \(error)")
                // A server that is away gives the same answer to all of them.
                if !(error is CheckFailure) { break }
            }
        }
        return (answers, warnings)
    }
}
