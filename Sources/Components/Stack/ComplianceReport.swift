package import BackupRepository
internal import FoundationEssentials
internal import Platform

/// The daily report on the service level: each objective, met or missed, over the last 24 hours.
///
/// Beside its own members it has those of the usual script for this report, under their names (`report_date`,
/// `sla_metrics`, `overall_compliance`, `generation_timestamp`), in that script's units: milliseconds for the latency.
package struct ComplianceReport: Codable, Equatable, Sendable {
    package struct Entry: Codable, Equatable, Sendable {
        package var objective: ServiceLevel.Objective
        package var target: String
        /// The number in `target`.
        package var threshold: Double?
        /// Nil if it could not be measured.
        package var value: Double?
        package var unit: String
        package var isMet: Bool
        /// The share of the window's minutes that have a value, 0...1; nil where the query looks back by itself.
        package var coverage: Double?
        package var detail: String?
    }

    package struct Metric: Codable, Equatable, Sendable {
        /// The rounded value; nil if it could not be measured.
        package var measured: Double?
        package var target: Double?
        /// Judged before rounding.
        package var compliant: Bool
    }

    package struct Metrics: Codable, Equatable, Sendable {
        package var availability: Metric
        package var latency: Metric
        package var throughput: Metric

        private enum CodingKeys: String, CodingKey {
            case availability
            case latency = "latency_p95_ms"
            case throughput = "throughput_per_min"
        }
    }

    package var stack: String
    package var timestamp: String
    package var window: String
    package var isCompliant: Bool
    package var objectives: [Entry]
    /// "2026-11-24", in UTC.
    package var reportDate: String
    package var metrics: Metrics
    package var overallCompliance: Bool
    /// Seconds since 1970.
    package var generated: Int

    private enum CodingKeys: String, CodingKey {
        case stack, timestamp, window, isCompliant, objectives
        case reportDate = "report_date"
        case metrics = "sla_metrics"
        case overallCompliance = "overall_compliance"
        case generated = "generation_timestamp"
    }

    /// The report mentions a smaller share of measured minutes.
    private static let wholeCoverage = 0.95

    /// True where an objective was measured for a part of the window only.
    package var hasGaps: Bool { objectives.contains { ($0.coverage ?? 1) < Self.wholeCoverage } }

    /// Measures all objectives. Blocks.
    package init(_ level: ServiceLevel, stack: String, at now: Timestamp) {
        self.stack = stack
        timestamp = now.rfc3339
        window = ServiceLevel.day.window
        let entries = ServiceLevel.Objective.allCases.map { Self.entry($0, level) }
        objectives = entries
        isCompliant = entries.allSatisfy(\.isMet)
        overallCompliance = isCompliant
        reportDate = String(now.rfc3339.prefix { $0 != "T" })
        generated = now.seconds
        func metric(_ objective: ServiceLevel.Objective, factor: Double, places: Double) -> Metric {
            let entry = entries.first { $0.objective == objective }
            func finite(_ number: Double?) -> Double? { number.flatMap { $0.isFinite ? $0 : nil } }
            return Metric(
                measured: finite(entry?.value.map { ($0 * factor * places).rounded() / places }),
                target: finite(entry?.threshold.map { $0 * factor }), compliant: entry?.isMet == true)
        }
        metrics = Metrics(
            availability: metric(.availability, factor: 1, places: 100),
            latency: metric(.latencyP95, factor: 1000, places: 1),
            throughput: metric(.throughput, factor: 1, places: 1))
    }

    private static func entry(_ objective: ServiceLevel.Objective, _ level: ServiceLevel) -> Entry {
        var entry = Entry(
            objective: objective, target: level.target(objective), threshold: level.rules[objective]?.threshold,
            unit: objective.unit, isMet: false)
        do {
            let (value, isMet, coverage) = try level.measureDay(objective)
            entry.value = value.isFinite ? value : nil
            entry.isMet = isMet
            entry.coverage = coverage
            if let coverage, coverage < wholeCoverage {
                let minutes = Int(clamping: (coverage * Double(ServiceLevel.day.minutes)).rounded())
                entry.detail =
                    "only \(minutes / 60) h \(minutes % 60) min of the last \(ServiceLevel.day.window) have values"
            }
        } catch { entry.detail = "\(error)" }
        return entry
    }
}
