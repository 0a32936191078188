import Documents
import FoundationEssentials
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
        let notice = notice(
            .checkFailed, severity: failed.contains(where: \.isCritical) ? .critical : .warning,
            "\(failed.count) of \(made) checks failed: \(names.prefix(Self.most).joined(separator: ", "))\(more)",
            facts: Dictionary(
                zip(names, failed).prefix(Self.most).map { ($0, "\($1.measured); expected: \($1.target)") },
                uniquingKeysWith: { first, _ in first }))
        await post([notice])
    }

    /// Posts one notification for each missed objective, and one if the report of the day before is missing.
    /// - Parameter missing: the day without a report.
    package func tell(_ report: ComplianceReport, missing day: String? = nil) async {
        var notices = report.objectives.filter { !$0.isMet }.map { entry in
            let value = ComplianceReport.text(entry) ?? "not measured"
            let name = entry.objective.rawValue
            var notice = notice(
                .slaMissed, severity: entry.value == nil ? .critical : .warning,
                report.isOnRecovery
                    ? "a recovery objective is missed: \(name) is \(value); target: \(entry.target)"
                    : "the service level of the last \(report.window) is missed: \(name) is \(value); target: \(entry.target)",
                facts: ["objective": name, "value": value, "target": entry.target])
            notice.alert = RunbookAlert.of(entry)
            return notice
        }
        if let day {
            notices.append(
                notice(.reportMissing, severity: .warning, "the daily report of \(day) is missing", facts: ["day": day])
            )
        }
        await post(notices)
    }

    /// Posts one notification for each failed component, and one for each that was down before and is well again.
    package func tell(_ report: HealthReport) async {
        let memory = HealthMemory(session)
        let down = Set(report.failures.map(\.component))
        let well = Set(report.components.map(\.name)).subtracting(down)
        let before = memory.down
        var notices = report.failures.map { failure in
            var notice = notice(
                .componentDown, severity: failure.critical ? .critical : .warning,
                "component \(failure.component) failed its health check: \(failure.error)",
                facts: ["component": failure.component, "error": failure.error])
            notice.alert = RunbookAlert.of(failure)
            return notice
        }
        notices += before.intersection(well).sorted().map { component in
            notice(
                .componentRecovered, severity: .info, "component \(component) passes its health check again",
                facts: ["component": component])
        }
        await post(notices)
        do { try memory.remember(before.subtracting(well).union(down)) } catch {
            output.warn("the state of the components could not be kept: \(error)")
        }
    }

    private func notice(
        _ event: Notice.Event, severity: Notice.Severity, _ summary: String, facts: [String: String]
    ) -> Notice {
        Notice(
            event, severity: severity, at: session.clock.now, stack: session.configuration.stack, summary: summary,
            facts: facts)
    }

    private func post(_ notices: [Notice]) async {
        guard !notices.isEmpty else { return }
        let found = NotificationChannels(session.configuration.notifications)
        for problem in found.problems { output.warn("notifications: \(problem.name): \(problem.reason)") }
        guard !found.channels.isEmpty else { return }
        let dispatcher = Dispatcher(found.channels)
        for notice in notices { dispatcher.post(notice) }
        let delivery = await dispatcher.finish(within: Self.patience)
        session.note(delivery)
        for missed in delivery.undelivered { output.warn("\(missed)") }
    }
}

/// The alerts of the operations runbook's scripts.
private enum RunbookAlert {
    static func of(_ failure: HealthReport.Failure) -> Notice.Alert {
        .init(
            type: "component_health_failure", source: "component_health_monitor",
            message: "Component \(failure.component) failed health check: \(failure.error)",
            metadata: String(decoding: failure.runbookDocument.compact, as: UTF8.self))
    }

    static func of(_ entry: ComplianceReport.Entry) -> Notice.Alert {
        let (word, title, unit, factor, bound) =
            switch entry.objective {
            case .availability: ("availability", "Availability", "%", 1.0, "")
            case .latencyP95: ("latency", "P95 Latency", "ms", 1000.0, "<")
            case .throughput: ("throughput", "Throughput", " intents/min", 1.0, ">=")
            case .rpo: ("rpo", "RPO", "s", 1.0, "<=")
            case .rto: ("rto", "RTO", "s", 1.0, "<=")
            }
        guard let value = entry.value else {
            return .init(type: "\(word)_metric_missing", source: "daily_sla_check", message: "")
        }
        func text(_ value: Double?) -> String { value.map { ServiceLevel.text($0 * factor) + unit } ?? "-" }
        return .init(
            type: "\(word)_sla_violation", source: "daily_sla_check",
            message: "\(title): \(text(value)), Target: \(bound)\(text(entry.threshold))")
    }
}
