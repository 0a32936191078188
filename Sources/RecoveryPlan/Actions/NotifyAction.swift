package import Documents
package import Notifications

/// Tells people: `notify: {event: disaster_declared, status_page: major_outage}`. It never fails.
///
/// With `unless` it waits for a condition first, and tells nobody where that comes to hold `within` the time given: how
/// an incident escalates, level by level.
package struct NotifyAction: Action {
    package static let keyword = "notify"
    package static let isCondition = false

    package var event = Notice.Event.incidentOpened
    /// Nil: as the event has it.
    package var severity: Notice.Severity?
    package var summary: String?
    /// What the status page should show from now on.
    package var statusPage: String?
    package var facts: [String: String] = [:]
    package var unless: AnyAction?
    var polling = Polling(every: .seconds(5))

    package init() {}

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        let page = statusPage.map { ", status page: \($0)" } ?? ""
        var lines = ["notify of \(event.rawValue) (\(severity ?? event.usualSeverity))\(page): \(text(context))"]
        if let unless {
            lines.append("  unless\(polling.within.map { " within \($0)" } ?? ""):")
            lines += try await unless.action.preview(in: context).lines.map { "    \($0)" }
        }
        return ActionPreview(lines)
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        if let reason = try await reasonForSilence(context) { return ActionRecord("told nobody: \(reason)") }
        await context.services.notify(
            Notice(
                event, severity: severity ?? event.usualSeverity, at: context.services.now(), stack: context.run.stack,
                scenario: context.run.scenario, run: context.run.id, summary: text(context), facts: facts,
                statusPage: statusPage))
        return ActionRecord("told of \(event.rawValue)", facts: facts)
    }

    /// What holds, where that makes the notice needless.
    private func reasonForSilence(_ context: ActionContext) async throws -> String? {
        guard let unless else { return nil }
        let start = ContinuousClock.now
        do {
            return try await polling.runIfTimed(in: context) { try await unless.action.perform(in: context) }.summary
        } catch is ActionError {
            // That it can never be found out ends the asking, not the time that people were to be left alone.
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
        Key("event", \.event, as: .word(), required: true, about: "What happened."),
        Key("severity", \.severity, as: .word(), about: "How bad it is; as the event has it when left out."),
        Key("summary", \.summary, as: .text, about: "One line for people."),
        Key(
            "status_page", \.statusPage, as: .text,
            about: "What the status page shows from now on, such as major_outage."),
        Key("facts", \.facts, as: .mapping(of: .argument), about: "What else is known, by name; never a secret."),
        Key("unless", \.unless, as: .conditionAction, about: "Tell nobody if this holds."),
        Key("every", \.polling.every, as: .period, about: "How often 'unless' is asked; 5s when left out."),
        Key("within", \.polling.within, as: .period, about: "How long 'unless' is asked; once when left out."),
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
        case .checkFailed, .slaMissed, .stepFailed, .objectiveAtRisk, .incidentOpened: .warning
        case .recoveryStarted, .recoveryCompleted, .incidentResolved, .postmortemScheduled, .drillCompleted, .test:
            .info
        }
    }
}
