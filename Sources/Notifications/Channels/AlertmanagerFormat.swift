internal import Documents
internal import FoundationEssentials
package import HTTP
internal import Platform

/// Alerts for Alertmanager's API v2: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
///
/// Alertmanager identifies an alert by its labels. So the labels contain only what stays the same from the first
/// notification about a matter to the last, and the severity, which routes use: closing a matter ends its alerts of
/// every severity.
package struct AlertmanagerFormat: NoticeFormat {
    /// The base URL, without a slash at its end.
    package var url: String
    /// The number of seconds after which an alert ends if no notification closes it. Without an end time, Alertmanager
    /// would treat the alert as resolved after five minutes.
    package var expiry: Int

    package init(url: String, expiry: Int = 86_400) {
        self.url = url
        self.expiry = expiry
    }

    package func requests(for notice: Notice) -> [HTTPRequest] {
        let alerts: [JSONValue] =
            switch notice.event.effect {
            case .raises, .acknowledges: [alert(notice, notice.severity, endsIn: expiry)]
            case .closes: Notice.Severity.allCases.map { alert(notice, $0, endsIn: 0) }
            case .tries: [alert(notice, notice.severity, endsIn: 60)]
            case .informs: []
            }
        return alerts.isEmpty ? [] : [.json("POST", "\(url)/api/v2/alerts", body: .array(alerts))]
    }

    private func alert(_ notice: Notice, _ severity: Notice.Severity, endsIn seconds: Int) -> JSONValue {
        var labels: [String: JSONValue] = [
            "alertname": .string(Self.name(notice.event)), "stack": .string(notice.stack),
            "severity": .string(severity.rawValue),
        ]
        switch notice.event {
        case .componentDown, .componentRecovered: labels["component"] = notice.facts["component"].map { .string($0) }
        case .slaMissed: labels["objective"] = notice.facts["objective"].map { .string($0) }
        default: break
        }
        if !Self.withoutRun.contains(notice.event) {
            labels["scenario"] = notice.scenario.map { .string($0) }
            labels["run"] = notice.run.map { .string($0) }
        }
        let details = notice.lines.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
        var alert: [String: JSONValue] = [
            "labels": .object(labels),
            "annotations": [
                "summary": .string(notice.summary), "description": .string(details),
                "event": .string(notice.event.rawValue),
            ],
            "endsAt": .string(RFC3339.text(notice.at.addingTimeInterval(Double(seconds)))),
        ]
        // An end without a beginning starts with itself; the earlier start of the alert that it ends stays.
        if seconds > 0 { alert["startsAt"] = .string(notice.timestamp) }
        return .object(alert)
    }

    /// The events that belong to no run of a plan.
    private static let withoutRun: [Notice.Event] = [
        .backupFailed, .checkFailed, .slaMissed, .componentDown, .componentRecovered, .reportMissing,
    ]

    private static func name(_ event: Notice.Event) -> String {
        switch event {
        case .backupFailed: "BackupFailed"
        case .checkFailed: "CheckFailed"
        case .slaMissed: "ServiceLevelMissed"
        case .componentDown, .componentRecovered: "ComponentDown"
        case .reportMissing: "ReportMissing"
        case .incidentOpened, .incidentEscalated, .incidentResolved: "Incident"
        case .test: "NotificationTest"
        default: "DisasterRecovery"
        }
    }
}
