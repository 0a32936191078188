package import Documents

/// The reports as the scripts of the operations runbook write them: these fields, their types, and no others. Without a
/// service level, the daily report has the recovery objectives in place of the script's metrics.
extension HealthReport {
    /// `component_health_20261129_210000.json`.
    package var runbookFileName: String {
        let digits = timestamp.filter { $0.isASCII && $0.isNumber }
        return "component_health_\(digits.prefix(8))_\(digits.dropFirst(8).prefix(6)).json"
    }

    package var runbookDocument: JSONValue {
        [
            "overall_health": .string(overallHealth), "total_components": JSONValue(total),
            "healthy_components": JSONValue(healthy), "unhealthy_components": JSONValue(unhealthy),
            "critical_failures": JSONValue(criticalFailures),
            "average_response_time_ms": Self.number(averageResponseTime), "check_timestamp": .string(timestamp),
            "component_details": .array(
                components.map { part in
                    [
                        "name": .string(part.name), "status": .string(part.status),
                        "response_time_ms": Self.number(part.responseTime),
                        "status_code": part.statusCode.map { JSONValue($0) } ?? .null,
                        "error": part.error.map { .string($0) } ?? .null,
                    ]
                }),
            "failures": .array(failures.map(\.runbookDocument)),
        ]
    }

    fileprivate static func number(_ value: Double) -> JSONValue {
        value.isFinite ? .number("\(value)") : .null
    }
}

extension HealthReport.Failure {
    /// Also the metadata of the alert about the component.
    package var runbookDocument: JSONValue {
        [
            "component": .string(component), "error": .string(error),
            "response_time_ms": HealthReport.number(responseTime), "critical": .bool(critical),
        ]
    }
}

extension ComplianceReport {
    /// `daily_sla_2026-11-29.json`.
    package var runbookFileName: String { Self.runbookFileName(ofDay: reportDate) }

    package static func runbookFileName(ofDay day: String) -> String { "daily_sla_\(day).json" }

    /// Availability is compared in per cent. The runbook's script compares per cent with a hundredth of the target, so
    /// that it always passes.
    package var runbookDocument: JSONValue {
        [
            "report_date": .string(reportDate),
            "sla_metrics": .object(
                [
                    "availability": metrics.availability, "latency_p95_ms": metrics.latency,
                    "throughput_per_min": metrics.throughput, "rpo_seconds": metrics.rpo, "rto_seconds": metrics.rto,
                ].compactMapValues { $0.map(Self.document) }),
            "overall_compliance": .bool(overallCompliance), "generation_timestamp": JSONValue(generated),
        ]
    }

    private static func document(_ metric: Metric) -> JSONValue {
        [
            "measured": metric.measured.map { number($0) } ?? .null,
            "target": metric.target.map { number($0) } ?? .null,
            "compliant": .bool(metric.compliant),
        ]
    }

    private static func number(_ value: Double) -> JSONValue {
        guard value.isFinite else { return .null }
        return Int(exactly: value).map { JSONValue($0) } ?? .number("\(value)")
    }
}
