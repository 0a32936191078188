internal import BackupRepository

/// Runs the recorded queries of the set again and compares the results.
package struct DataEquality: RecoveryCheck {
    package static let checkName = "data_equality"
    package let name = Self.checkName
    package let component: String? = nil
    private let stack: CheckedStack
    package var target: String { "the results recorded with the set" }
    package var timeLimit: Duration? { .seconds(600) }
    private static let longestList = 8

    init(_ stack: CheckedStack) { self.stack = stack }

    package func measure() throws -> Measurement {
        guard let set = stack.set else { return .skipped("there is no set to compare with") }
        if let obstacle = stack.setObstacle { return .failed("-", obstacle) }
        let asked = stack.components.filter { $0.facts != nil && $0.recordsQueries && stack.wasRestored($0.name) }
        guard !asked.isEmpty else { return .skipped("no component with recorded queries was restored from set \(set)") }
        guard let recorded = stack.recorded else {
            return .failed("nothing recorded", "set \(set) has no recorded queries, so its content is unknown")
        }
        let answers = recorded.results.filter { stack.wasRestored($0.query.component) }
        let (unknown, reasons) = notRecorded(recorded, asked: asked, answers: answers)
        guard !answers.isEmpty else {
            let why = reasons.isEmpty ? "" : ": \(reasons.joined(separator: "; "))"
            return .skipped("set \(set) has no recorded queries of the restored components\(why)")
        }
        let comparison = QueryComparison(stack)
        var differing: [String] = []
        for answer in answers {
            try Task.checkCancellation()
            let query = answer.query
            let subject = "\(query.component): \(query.text)\(query.tenant.map { " (\($0))" } ?? "")"
            do {
                guard let now = try comparison.difference(from: answer) else { continue }
                let change = now.text == answer.text ? "its content differs" : "\(answer.text) then, \(now.text) now"
                differing.append("\(subject): \(change)")
            } catch let error where !(error is CancellationError) {
                differing.append("\(subject): no result: \(error)")
            }
        }
        let list = differing.prefix(Self.longestList).joined(separator: "; ")
        let more = differing.count - Self.longestList
        let measured =
            "\(answers.count - differing.count) of \(answers.count) results equal"
            + (unknown > 0 ? ", \(unknown) not recorded" : "")
        guard differing.isEmpty else { return .failed(measured, list + (more > 0 ? "; and \(more) more" : "")) }
        return .passed(measured, reasons.isEmpty ? nil : "not compared: \(reasons.joined(separator: "; "))")
    }

    /// The queries on restored components whose results the set does not record.
    private func notRecorded(
        _ recorded: RecordedMark, asked: [CheckedComponent], answers: [RecordedResult]
    ) -> (queries: Int, reasons: [String]) {
        let omissions = (recorded.omissions ?? []).filter { stack.wasRestored($0.component) && $0.queries > 0 }
        let known = Set(answers.map(\.query.component) + omissions.map(\.component))
        let silent = asked.map(\.name).filter { !known.contains($0) }.map { "\($0): no recorded queries" }
        // The numbers come from a document in the store, so they are limited.
        let count = omissions.reduce(0) { min($0 + min($1.queries, 1_000_000), 1_000_000) }
        let reasons = omissions.prefix(Self.longestList).map { "\($0.component): \($0.reason)" }
        return (count, reasons + silent)
    }
}
