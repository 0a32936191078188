package import Foundation

/// Something that people outside should hear of.
package struct Notice: Codable, Equatable, Sendable {
    package enum Event: String, Codable, CaseIterable, Sendable {
        case backupFailed = "backup_failed"
        /// `dr check` found something that is not as it should be.
        case checkFailed = "check_failed"
        /// The daily report found the service level missed.
        case slaMissed = "sla_missed"
        case disasterDeclared = "disaster_declared"
        case recoveryStarted = "recovery_started"
        case stepFailed = "step_failed"
        /// The time left will not do, by what is known now.
        case objectiveAtRisk = "objective_at_risk"
        case recoveryCompleted = "recovery_completed"
        case recoveryFailed = "recovery_failed"
        case incidentOpened = "incident_opened"
        case incidentEscalated = "incident_escalated"
        case incidentResolved = "incident_resolved"
        case postmortemScheduled = "postmortem_scheduled"
        case drillCompleted = "drill_completed"
        /// Sent by `dr notify test`, to see whether a channel works.
        case test
    }

    package enum Severity: String, Codable, CaseIterable, Sendable { case info, warning, critical }

    package var event: Event
    package var severity: Severity
    package var at: Date
    package var stack: String
    package var scenario: String?
    /// Identity of the run of a plan.
    package var run: String?
    /// One line for people.
    package var summary: String
    /// What else is known: "rto_seconds", "component". Never a secret.
    package var facts: [String: String]
    /// What the status page should show from now on, such as "major_outage"; nil leaves it as it is.
    package var statusPage: String?

    package init(
        _ event: Event, severity: Severity, at: Date, stack: String, scenario: String? = nil, run: String? = nil,
        summary: String, facts: [String: String] = [:], statusPage: String? = nil
    ) {
        self.event = event
        self.severity = severity
        self.at = at
        self.stack = stack
        self.scenario = scenario
        self.run = run
        self.summary = summary
        self.facts = facts
        self.statusPage = statusPage
    }
}
