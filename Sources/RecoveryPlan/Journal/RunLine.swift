import Platform

/// One event of a run, in a line for people.
package enum RunLine {
    /// - Returns: nil for what the result tells, or nobody needs to see.
    package static func text(_ event: JournalEvent) -> String? {
        switch event {
        case .runBegan(let record): "run \(record.identity.id) of \(record.identity.scenario) begins"
        case .runResumed: "the run goes on"
        case .stepBegan(let attempt):
            "\(attempt.step): begins\(attempt.attempt > 1 ? ", attempt \(attempt.attempt)" : "")"
        case .stepFinished(let result):
            "\(result.step): \(result.outcome.rawValue) in \(Units.duration(result.seconds))"
                + (result.error.map { ": \(shortened($0))" } ?? "") + (result.isRetried ? "; it is tried again" : "")
        case .stepReproved(let step, let holds, let detail):
            holds
                ? "\(step): done already, \(detail ?? "and still so")"
                : "\(step): no longer as it was left: \(detail ?? "")"
        case .stepSkipped(let step, let reason): "\(step): skipped, \(reason)"
        case .reached(let milestone): "reached: \(milestone.rawValue.replacing("_", with: " "))"
        case .rollbackBegan(let step): "\(step): rolling back"
        case .rollbackFinished(let step, let error):
            "\(step): rolled back\(error.map { ", with a failure: \($0)" } ?? "")"
        case .noted(let text): text
        case .checksFinished, .negativeControl, .liveStack, .runFinished: nil
        }
    }

    private static let longestList = 4

    /// An error without most of the list that it may hold; the journal has it whole.
    package static func shortened(_ error: String) -> String {
        var lines = error.split(separator: "\n").map(String.init)
        let advice = lines.firstIndex { $0.hasPrefix("hint: ") } ?? lines.count
        guard advice > longestList + 1 else { return error }
        lines.replaceSubrange(
            longestList..<advice, with: ["  and \(advice - longestList) lines more: see the journal"])
        return lines.joined(separator: "\n")
    }
}
