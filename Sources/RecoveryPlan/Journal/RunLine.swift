import Platform

/// One event of a run as a line of text.
package enum RunLine {
    /// Returns the text of an event; nil for events that the result shows or that are not displayed.
    package static func text(_ event: JournalEvent) -> String? {
        switch event {
        case .runBegan(let record): "run \(record.identity.id) of \(record.identity.scenario) started"
        case .runResumed: "run resumed"
        case .stepBegan(let attempt):
            "\(attempt.step): started\(attempt.attempt > 1 ? ", attempt \(attempt.attempt)" : "")"
        case .stepFinished(let result):
            "\(result.step): \(result.outcome.rawValue) in \(Units.duration(result.seconds))"
                + (result.error.map { ": \(shortened($0))" } ?? "") + (result.isRetried ? "; retrying" : "")
        case .stepReproved(let step, let holds, let detail):
            holds
                ? "\(step): already done, \(detail ?? "its postconditions still hold")"
                : "\(step): its postconditions no longer hold: \(detail ?? "")"
        case .stepSkipped(let step, let reason): "\(step): skipped, \(reason)"
        case .reached(let milestone): "reached: \(milestone.rawValue.replacing("_", with: " "))"
        case .rollbackBegan(let step): "\(step): rolling back"
        case .rollbackFinished(let step, let error):
            error.map { "\(step): rollback failed: \($0)" } ?? "\(step): rolled back"
        case .noted(let text): text
        case .remembered(let name, let value): "remembered: \(name): \(value)"
        case .checksFinished, .negativeControl, .liveStack, .ledger, .lottery, .runFinished: nil
        }
    }

    private static let longestList = 4

    /// Returns an error with its list shortened; the journal contains the whole error.
    package static func shortened(_ error: String) -> String {
        var lines = error.split(separator: "\n").map(String.init)
        let advice = lines.firstIndex { $0.hasPrefix("hint: ") } ?? lines.count
        guard advice > longestList + 1 else { return error }
        lines.replaceSubrange(
            longestList..<advice, with: ["  and \(advice - longestList) more lines: see the journal"])
        return lines.joined(separator: "\n")
    }
}
