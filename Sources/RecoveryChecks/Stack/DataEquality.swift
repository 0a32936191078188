import BackupRepository

/// The stack's answers against those recorded with the set: every question is asked again.
struct DataEquality: RecoveryCheck {
    let name = "data_equality"
    let component: String? = nil
    private let stack: CheckedStack
    var target: String { "the answers recorded with the set" }
    var timeLimit: Duration? { .seconds(600) }
    private static let longestList = 8

    init(_ stack: CheckedStack) { self.stack = stack }

    func measure() throws -> Measurement {
        guard let set = stack.set else { return .skipped("there is no set to compare with") }
        if let obstacle = stack.setObstacle { return .failed("-", obstacle) }
        let asked = stack.components.filter { $0.facts != nil && $0.canBeAsked && stack.wasRestored($0.name) }
        guard !asked.isEmpty else { return .skipped("set \(set) restored nothing that answers questions") }
        guard let recorded = stack.recorded else {
            return .failed("nothing recorded", "set \(set) has no recorded answers: what it held is not known")
        }
        let answers = recorded.answers.filter { stack.wasRestored($0.question.component) }
        let (unknown, reasons) = notRecorded(recorded, asked, answers)
        guard !answers.isEmpty else {
            let why = reasons.isEmpty ? "" : ": \(reasons.joined(separator: "; "))"
            return .skipped("nothing was recorded with set \(set) for the components that were restored\(why)")
        }
        let interview = Interview(stack)
        var differing: [String] = []
        for answer in answers {
            try Task.checkCancellation()
            let question = answer.question
            let subject = "\(question.component): \(question.text)\(question.tenant.map { " (\($0))" } ?? "")"
            do {
                guard let now = try interview.difference(from: answer) else { continue }
                let change = now.text == answer.text ? "its content differs" : "\(answer.text) then, \(now.text) now"
                differing.append("\(subject): \(change)")
            } catch let error where !(error is CancellationError) {
                differing.append("\(subject): no answer: \(error)")
            }
        }
        let list = differing.prefix(Self.longestList).joined(separator: "; ")
        let more = differing.count - Self.longestList
        let measured =
            "\(answers.count - differing.count) of \(answers.count) answers equal"
            + (unknown > 0 ? ", \(unknown) not recorded" : "")
        guard differing.isEmpty else { return .failed(measured, list + (more > 0 ? "; and \(more) more" : "")) }
        return .passed(measured, reasons.isEmpty ? nil : "not compared: \(reasons.joined(separator: "; "))")
    }

    /// What the set does not know of the components that were restored.
    private func notRecorded(
        _ recorded: RecordedMark, _ asked: [CheckedStack.Component], _ answers: [RecordedAnswer]
    ) -> (questions: Int, reasons: [String]) {
        let omissions = (recorded.omissions ?? []).filter { stack.wasRestored($0.component) && $0.questions > 0 }
        let known = Set(answers.map(\.question.component) + omissions.map(\.component))
        let silent = asked.map(\.name).filter { !known.contains($0) }.map { "\($0): nothing was recorded" }
        // The numbers are of a document in the store.
        let count = omissions.reduce(0) { min($0 + min($1.questions, 1_000_000), 1_000_000) }
        let reasons = omissions.prefix(Self.longestList).map { "\($0.component): \($0.reason)" }
        return (count, reasons + silent)
    }
}
