import Operations
import Components
import Platform

/// Results of checks as text.
enum CheckText {
    static func table(_ report: CheckReport) -> String {
        var table = Table([
            ("CHECK", .left), ("COMPONENT", .left), ("VERDICT", .left), ("MEASURED", .left), ("TARGET", .left),
        ])
        for result in report.results {
            let verdict =
                result.verdict == .failed && !result.isCritical ? "failed (not critical)" : result.verdict.rawValue
            table.add([result.name, result.component ?? "-", verdict, result.measured, result.target])
        }
        let details = report.results.compactMap { result -> String? in
            guard result.verdict != .passed, let detail = result.detail, !detail.isEmpty else { return nil }
            let subject = result.component.map { "\(result.name) (\($0))" } ?? result.name
            return "\(subject): \(detail)"
        }
        let summary = report.summary
        let line =
            "\(summary.overallStatus.rawValue): \(summary.healthy) of \(summary.total) checks passed, "
            + "\(summary.criticalFailures) critical failures, \(summary.skipped) skipped"
        return ([table.text] + details + [line]).joined(separator: "\n")
    }

    static func compliance(_ report: ComplianceReport) -> String {
        var table = Table([("OBJECTIVE", .left), ("VALUE", .right), ("TARGET", .left), ("VERDICT", .left)])
        for entry in report.objectives {
            let value = ComplianceReport.text(entry) ?? "-"
            table.add([entry.objective.rawValue, value, entry.target, entry.isMet ? "met" : "missed"])
        }
        let details = report.objectives.compactMap { entry in entry.detail.map { "\(entry.objective.rawValue): \($0)" }
        }
        let subject =
            report.isOnRecovery
            ? "recovery objectives of \(report.stack): "
            : "service level of \(report.stack) over the last \(report.window): "
        let verdict =
            subject
            + (report.isCompliant ? "met" : "missed")
            + (report.hasGaps ? ", but not all of that time was measured" : "")
        return ([table.text] + details + [verdict]).joined(separator: "\n")
    }

    static func health(_ report: HealthReport) -> String {
        var table = Table([("COMPONENT", .left), ("STATUS", .left), ("HTTP", .right), ("TIME", .right)])
        for part in report.components {
            table.add([
                part.name, part.status, part.statusCode.map { "\($0)" } ?? "-",
                "\(Units.fixed(part.responseTime, 1)) ms",
            ])
        }
        let failures = report.failures.map { "\($0.component): \($0.error)" }
        let line =
            "\(report.overallHealth): \(report.healthy) of \(report.total) components healthy, "
            + "\(report.criticalFailures) critical failures"
        return ([table.text] + failures + [line]).joined(separator: "\n")
    }
}
