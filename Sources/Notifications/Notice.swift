package import FoundationEssentials

/// A notification: an event that operators or other systems must know about.
package struct Notice: Codable, Equatable, Sendable {
    package enum Event: String, Codable, CaseIterable, Sendable {
        case backupFailed = "backup_failed"
        /// A check of `dr check` failed.
        case checkFailed = "check_failed"
        /// The daily report found a missed service level.
        case slaMissed = "sla_missed"
        /// The health report found a component that does not answer as it should.
        case componentDown = "component_down"
        /// The component of an earlier `component_down` is well again.
        case componentRecovered = "component_recovered"
        /// A daily report of an earlier day is missing.
        case reportMissing = "report_missing"
        case disasterDeclared = "disaster_declared"
        case recoveryStarted = "recovery_started"
        case stepFailed = "step_failed"
        /// According to the forecast, the remaining time is not enough.
        case objectiveAtRisk = "objective_at_risk"
        case recoveryCompleted = "recovery_completed"
        case recoveryFailed = "recovery_failed"
        case incidentOpened = "incident_opened"
        case incidentEscalated = "incident_escalated"
        case incidentResolved = "incident_resolved"
        case postmortemScheduled = "postmortem_scheduled"
        case drillCompleted = "drill_completed"
        /// Sent by `dr notify test`, to test a channel.
        case test
    }

    package enum Severity: String, Codable, CaseIterable, Sendable { case info, warning, critical }

    /// The same event for receivers that expect the operations runbook's alerts.
    package struct Alert: Codable, Equatable, Sendable {
        /// The type of the alert: "component_health_failure".
        package var type: String
        /// The script of the runbook that this alert stands for.
        package var source: String
        package var message: String
        /// A JSON object as text; nil for an alert without one.
        package var metadata: String?

        package init(type: String, source: String, message: String, metadata: String? = nil) {
            self.type = type
            self.source = source
            self.message = message
            self.metadata = metadata
        }
    }

    package var event: Event
    package var severity: Severity
    package var at: Date
    package var stack: String
    package var scenario: String?
    /// The identity of the run of a plan.
    package var run: String?
    /// One line of text for operators.
    package var summary: String
    /// Further facts: "rto_seconds", "component". Never a secret.
    package var facts: [String: String]
    /// The status for the status page from now on, such as "major_outage"; nil leaves it unchanged.
    package var statusPage: String?
    /// Nil to derive it from the event and its facts.
    package var alert: Alert?

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
