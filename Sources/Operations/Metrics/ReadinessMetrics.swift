import FoundationEssentials
import Metrics
import Platform

/// The readiness of scenarios as metrics for node exporter's textfile collector, in a file beside that of the backups.
package struct ReadinessMetrics {
    private let report: ReadinessReport
    /// Seconds since 1970.
    private let now: Int

    package init(_ report: ReadinessReport, now: Int) {
        self.report = report
        self.now = now
    }

    /// The path of the file: `dr-ready.prom` beside `dr.prom`.
    /// - Parameter textfile: the file of the backups' metrics.
    package static func path(beside textfile: String) -> String {
        let suffix = ".prom"
        return (textfile.hasSuffix(suffix) ? String(textfile.dropLast(suffix.count)) : textfile) + "-ready" + suffix
    }

    /// Replaces the file. It keeps the series of scenarios that this report does not contain and that still have a plan.
    /// - Parameter known: the scenarios with a plan.
    package func write(to path: String, known: Set<String>) throws {
        let old = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        do {
            try OutputFile.write(Array(text(keeping: old, known: known).utf8), to: path, mode: 0o644, links: .refuse)
        } catch {
            throw MetricsError(path: path, detail: FileFailure.text(error))
        }
    }

    private static let families = MetricDefinition.ofReadiness.map { ($0.name, $0.help) }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// Notes the samples for the other ways out.
    package func note(in session: Session) {
        let samples = session.samples
        for scenario in report.scenarios {
            let labels = ["scenario": scenario.scenario]
            let checks = scenario.checks.compactMap { row in
                row.status.number.map { (labels.merging(["check": row.check.rawValue]) { $1 }, Double($0)) }
            }
            for family in [
                samples.one(.ready, scenario.status == .green ? 1 : 0, labels),
                samples.one(.readyStatus, Double(scenario.status.number ?? 0), labels),
                samples.one(.readyTime, Double(now), labels), samples.each(.readyCheck, checks),
            ] { session.collected.note(.merge(family)) }
        }
    }

    /// The text exposition format, version 0.0.4.
    /// - Parameter old: the present content of the file.
    func text(keeping old: String = "", known: Set<String> = []) -> String {
        let mine = Set(report.scenarios.map(\.scenario))
        let kept = old.split(whereSeparator: \.isNewline).map(String.init).filter { line in
            !line.hasPrefix("#") && known.subtracting(mine).contains { line.contains(Self.label($0)) }
        }
        var lines: [String] = []
        for (family, help) in Self.families {
            lines += ["# HELP \(family) \(help)", "# TYPE \(family) gauge"]
            lines += kept.filter { $0.hasPrefix("\(family){") }
            lines += report.scenarios.flatMap { samples(family, $0) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func samples(_ family: String, _ scenario: ScenarioReadiness) -> [String] {
        let labels = "stack=\"\(Self.escaped(report.stack))\",\(Self.label(scenario.scenario))"
        func sample(_ value: Int, also more: String = "") -> String { "\(family){\(labels)\(more)} \(value)" }
        switch family {
        case "dr_ready": return [sample(scenario.status == .green ? 1 : 0)]
        case "dr_ready_status": return [sample(scenario.status.number ?? 0)]
        case "dr_ready_timestamp_seconds": return [sample(now)]
        default:
            return scenario.checks.compactMap { row in
                row.status.number.map { sample($0, also: ",check=\"\(row.check.rawValue)\"") }
            }
        }
    }

    private static func label(_ scenario: String) -> String { "scenario=\"\(Self.escaped(scenario))\"" }
}

extension ReadinessRow.Status {
    /// The value in metrics; nil for a check that does not apply.
    fileprivate var number: Int? {
        switch self {
        case .notApplicable: nil
        case .green: 0
        case .amber: 1
        case .red: 2
        }
    }
}
