package import FoundationEssentials
package import Notifications

extension RunEnd {
    /// Returns the notification of the run's end.
    package func notice(of record: RunRecord, at moment: Date) -> Notice {
        // A late recovery is complete too: the stack works again, and only the delay needs an investigation.
        let (event, severity): (Notice.Event, Notice.Severity) =
            switch verdict {
            case .recovered: (.recoveryCompleted, .info)
            case .late: (.recoveryCompleted, .warning)
            case .partial, .notValidated, .failed, .rolledBack, .interrupted: (.recoveryFailed, .critical)
            }
        var notice = Notice(
            event, severity: severity, at: moment, stack: record.identity.stack, scenario: record.identity.scenario,
            run: record.identity.id,
            summary: "\(record.identity.scenario): \(verdict.rawValue.replacing("_", with: " "))",
            facts: ["set": record.identity.set])
        if let reason = reasons.first { notice.facts["reason"] = reason }
        if event == .recoveryCompleted { notice.statusPage = "operational" }
        return notice
    }
}
