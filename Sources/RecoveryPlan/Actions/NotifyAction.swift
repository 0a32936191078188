package import Notifications
package import StrictYAML

/// Tells people: `notify: {event: disaster_declared, status_page: major_outage}`. It never fails.
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

    package init() {}

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        let page = statusPage.map { ", status page: \($0)" } ?? ""
        return ActionPreview([
            "notify of \(event.rawValue) (\(severity ?? event.usualSeverity))\(page): \(text(context))"
        ])
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        await context.services.notify(
            Notice(
                event, severity: severity ?? event.usualSeverity, at: context.services.now(), stack: context.run.stack,
                scenario: context.run.scenario, run: context.run.id, summary: text(context), facts: facts,
                statusPage: statusPage))
        return ActionRecord("told of \(event.rawValue)", facts: facts)
    }

    private func text(_ context: ActionContext) -> String {
        let words = event.rawValue.replacing("_", with: " ")
        return summary ?? "\(context.run.stack): \(words) (\(context.run.scenario))"
    }
}

extension NotifyAction: Section {
    package static let keys: [Key<Self>] = [
        Key("event", \.event, .word(), required: true, "What happened."),
        Key("severity", \.severity, .word(), "How bad it is; as the event has it when left out."),
        Key("summary", \.summary, .text, "One line for people."),
        Key("status_page", \.statusPage, .text, "What the status page shows from now on, such as major_outage."),
        Key("facts", \.facts, .mapping(of: .argument), "What else is known, by name; never a secret."),
    ]

    package static let shape = Shape<Self>.section()
}

extension Notice.Event {
    fileprivate var usualSeverity: Notice.Severity {
        switch self {
        case .disasterDeclared, .recoveryFailed, .backupFailed, .incidentEscalated: .critical
        case .stepFailed, .objectiveAtRisk, .incidentOpened: .warning
        case .recoveryStarted, .recoveryCompleted, .incidentResolved, .postmortemScheduled, .drillCompleted: .info
        }
    }
}
