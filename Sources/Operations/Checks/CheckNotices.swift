import Foundation
import Notifications
package import Components
import Platform
import StackConfiguration

/// Notifies the channels of failed checks and of a missed service level. A notification that is not delivered changes
/// nothing about the result.
package struct CheckNotices {
    package let session: Session
    package let output: Output

    package init(session: Session, output: Output) {
        self.session = session
        self.output = output
    }

    /// The longest delay of the end of a command.
    private static let patience = Duration.seconds(30)
    /// The number of failed checks that one notification names.
    private static let most = 5

    package func tell(_ results: [CheckResult]) async {
        let failed = results.filter { $0.verdict == .failed }
        guard !failed.isEmpty else { return }
        let names = failed.map { result in result.component.map { "\(result.name) (\($0))" } ?? result.name }
        let more = names.count > Self.most ? " and \(names.count - Self.most) more" : ""
        let made = results.count { $0.verdict != .skipped }
        await post(
            .checkFailed, severity: failed.contains(where: \.isCritical) ? .critical : .warning,
            "\(failed.count) of \(made) checks failed: \(names.prefix(Self.most).joined(separator: ", "))\(more)",
            facts: Dictionary(
                zip(names, failed).prefix(Self.most).map { ($0, "\($1.measured); expected: \($1.target)") },
                uniquingKeysWith: { first, _ in first }))
    }

    package func tell(_ report: ComplianceReport) async {
        let missed = report.objectives.filter { !$0.isMet }
        guard !missed.isEmpty else { return }
        var facts: [String: String] = [:]
        for entry in missed {
            let value = entry.value.map { "\(ServiceLevel.text($0)) \(entry.unit)" } ?? "not measured"
            facts[entry.objective.rawValue] = "\(value); target: \(entry.target)"
        }
        let names = missed.map(\.objective.rawValue).joined(separator: ", ")
        await post(
            .slaMissed, severity: .warning, "the service level of the last \(report.window) is missed: \(names)",
            facts: facts)
    }

    private func post(
        _ event: Notice.Event, severity: Notice.Severity, _ summary: String, facts: [String: String]
    ) async {
        let found = NotificationChannels(session.configuration.notifications)
        for problem in found.problems { output.warn("notifications: \(problem.name): \(problem.reason)") }
        guard !found.channels.isEmpty else { return }
        let dispatcher = Dispatcher(found.channels)
        dispatcher.post(
            Notice(
                event, severity: severity, at: session.clock.now, stack: session.configuration.stack, summary: summary,
                facts: facts))
        let delivery = await dispatcher.finish(within: Self.patience)
        session.note(delivery)
        for missed in delivery.undelivered { output.warn("\(missed)") }
    }
}
