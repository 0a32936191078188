package import Foundation
package import Notifications

extension RunEnd {
    /// What people outside are told of it.
    package func notice(of record: RunRecord, at moment: Date) -> Notice {
        // A late recovery is one: the matter is over, and what is left is to find out why it took so long.
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
