import Repository

/// Whether the stack answers as it did when the set was made: every question recorded with it is asked again.
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
        guard !answers.isEmpty else {
            return .skipped("nothing was recorded with set \(set) for the components that were restored")
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
        return .judged(
            differing.isEmpty, "\(answers.count - differing.count) of \(answers.count) answers equal",
            list + (more > 0 ? "; and \(more) more" : ""))
    }
}
