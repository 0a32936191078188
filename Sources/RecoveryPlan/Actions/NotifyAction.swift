package import Documents
package import Notifications

/// Sends a notification: `notify: {event: disaster_declared, status_page: major_outage}`. It never fails.
///
/// With `unless` it first waits for a condition, and sends nothing if the condition holds `within` the given time.
/// Plans use this to escalate an incident level by level.
package struct NotifyAction: Action {
    package static let keyword = "notify"
    package static let isCondition = false

    package var event = Notice.Event.incidentOpened
    /// Nil for the event's usual severity.
    package var severity: Notice.Severity?
    package var summary: String?
    /// The new state of the status page.
    package var statusPage: String?
    package var facts: [String: String] = [:]
    package var unless: AnyAction?
    var polling = Polling(every: .seconds(5))

    package init() {}

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        let page = statusPage.map { ", status page: \($0)" } ?? ""
        var lines = [
            "send notification \(event.rawValue) (\(severity ?? event.usualSeverity))\(page): \(text(context))"
        ]
        if let unless {
            lines.append("  unless\(polling.within.map { " within \($0)" } ?? ""):")
            lines += try await unless.action.preview(in: context).lines.map { "    \($0)" }
        }
        return ActionPreview(lines)
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        if let reason = try await reasonToSkip(context) { return ActionRecord("no notification sent: \(reason)") }
        let reason = await context.services.notify(
            Notice(
                event, severity: severity ?? event.usualSeverity, at: context.services.now(), stack: context.run.stack,
                scenario: context.run.scenario, run: context.run.id, summary: text(context), facts: facts,
                statusPage: statusPage))
        if let reason { return ActionRecord("no notification \(event.rawValue) sent: \(reason)", facts: facts) }
        return ActionRecord("sent notification \(event.rawValue)", facts: facts)
    }

    /// Returns the summary of the `unless` condition if it holds.
    private func reasonToSkip(_ context: ActionContext) async throws -> String? {
        guard let unless else { return nil }
        let start = ContinuousClock.now
        do {
            return try await polling.runIfTimed(in: context) { try await unless.action.perform(in: context) }.summary
        } catch is ActionError {
            // A condition that can never hold ends the polling early. The notification still waits for its time.
            if let within = polling.within { try await Task.sleep(until: start + within.duration, clock: .continuous) }
            return nil
        }
    }

    private func text(_ context: ActionContext) -> String {
        let words = event.rawValue.replacing("_", with: " ")
        return summary ?? "\(context.run.stack): \(words) (\(context.run.scenario))"
    }
}

extension NotifyAction: Section {
    package static let keys: [Key<Self>] = [
        Key("event", \.event, as: .word(), required: true, about: "Event to report."),
        Key("severity", \.severity, as: .word(), about: "Severity (default: depends on the event)."),
        Key("summary", \.summary, as: .text, about: "Summary, in one line."),
        Key("status_page", \.statusPage, as: .text, about: "New state of the status page, such as major_outage."),
        Key("facts", \.facts, as: .mapping(of: .argument), about: "More facts, by name; never a secret."),
        Key("unless", \.unless, as: .conditionAction, about: "Condition that makes the notification unnecessary."),
        Key("every", \.polling.every, as: .period, about: "Interval between tests of 'unless' (default: 5s)."),
        Key(
            "within", \.polling.within, as: .period, about: "Time to repeat the test of 'unless' (default: test once)."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        for key in ["every", "within"] where written.contains(key) && unless == nil {
            reader.complain(written[key], "'\(key)' needs 'unless'")
        }
    }

    package static let shape = Shape<Self>.section()
}

extension Notice.Event {
    fileprivate var usualSeverity: Notice.Severity {
        switch self {
        case .disasterDeclared, .recoveryFailed, .backupFailed, .incidentEscalated: .critical
        case .checkFailed, .slaMissed, .componentDown, .reportMissing, .stepFailed, .objectiveAtRisk, .incidentOpened:
            .warning
        case .recoveryStarted, .recoveryCompleted, .incidentResolved, .componentRecovered, .postmortemScheduled,
            .drillCompleted, .test:
            .info
        }
    }
}
