package import BackupRepository
internal import FoundationEssentials
internal import Platform

/// The daily report on the service level: each objective, met or missed, over the last 24 hours. A stack without a service
/// level is judged by its recovery objectives.
///
/// Beside its own members it has those of the usual script for this report, under their names (`report_date`,
/// `sla_metrics`, `overall_compliance`, `generation_timestamp`), in that script's units: milliseconds for the latency.
package struct ComplianceReport: Codable, Equatable, Sendable {
    package enum Objective: String, Codable, Sendable {
        case availability
        case latencyP95 = "latency_p95"
        case throughput, rpo, rto

        fileprivate init(_ objective: ServiceLevel.Objective) {
            self =
                switch objective {
                case .availability: .availability
                case .latencyP95: .latencyP95
                case .throughput: .throughput
                }
        }
    }

    package struct Entry: Codable, Equatable, Sendable {
        package var objective: Objective
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

        init(
            _ objective: Objective, target: String, threshold: Double?, value: Double? = nil, unit: String,
            isMet: Bool = false, detail: String? = nil
        ) {
            self.objective = objective
            self.target = target
            self.threshold = threshold
            self.value = value
            self.unit = unit
            self.isMet = isMet
            self.detail = detail
        }

        /// A recovery objective.
        /// - Parameters:
        ///   - allowed: seconds, with the length as the configuration writes it.
        ///   - measured: seconds; nil if it could not be measured, and is then not met.
        package init(
            _ objective: Objective, allowed: (seconds: Double, text: String), measured: Double?, detail: String? = nil
        ) {
            self.init(
                objective, target: "≤ \(allowed.text)", threshold: allowed.seconds, value: measured, unit: "s",
                isMet: measured.map { $0 <= allowed.seconds } ?? false, detail: detail)
        }
    }

    /// The value with its unit; nil if it could not be measured.
    package static func text(_ entry: Entry) -> String? {
        entry.value.map { value in
            switch entry.objective {
            case .rpo, .rto: Units.duration(value)
            case .availability, .latencyP95, .throughput: "\(ServiceLevel.text(value)) \(entry.unit)"
            }
        }
    }

    package struct Metric: Codable, Equatable, Sendable {
        /// The rounded value; nil if it could not be measured.
        package var measured: Double?
        package var target: Double?
        /// Judged before rounding.
        package var compliant: Bool
    }

    /// Only the measured objectives are present.
    package struct Metrics: Codable, Equatable, Sendable {
        package var availability: Metric?
        package var latency: Metric?
        package var throughput: Metric?
        package var rpo: Metric?
        package var rto: Metric?

        private enum CodingKeys: String, CodingKey {
            case availability
            case latency = "latency_p95_ms"
            case throughput = "throughput_per_min"
            case rpo = "rpo_seconds"
            case rto = "rto_seconds"
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

    /// True if the report is on the recovery objectives, because the stack has no service level.
    package var isOnRecovery: Bool { metrics.rpo != nil || metrics.rto != nil }

    /// True where an objective was measured for a part of the window only.
    package var hasGaps: Bool { objectives.contains { ($0.coverage ?? 1) < Self.wholeCoverage } }

    /// Measures all objectives of a service level. Blocks.
    package init(_ level: ServiceLevel, stack: String, at now: Timestamp) {
        self.init(ServiceLevel.Objective.allCases.map { Self.entry($0, level) }, stack: stack, at: now)
    }

    package init(_ entries: [Entry], stack: String, at now: Timestamp) {
        self.stack = stack
        timestamp = now.rfc3339
        window = ServiceLevel.day.window
        objectives = entries
        isCompliant = entries.allSatisfy(\.isMet)
        overallCompliance = isCompliant
        reportDate = String(now.rfc3339.prefix { $0 != "T" })
        generated = now.seconds
        func metric(_ objective: Objective, factor: Double, places: Double) -> Metric? {
            func finite(_ number: Double?) -> Double? { number.flatMap { $0.isFinite ? $0 : nil } }
            return entries.first { $0.objective == objective }.map { entry in
                Metric(
                    measured: finite(entry.value.map { ($0 * factor * places).rounded() / places }),
                    target: finite(entry.threshold.map { $0 * factor }), compliant: entry.isMet)
            }
        }
        metrics = Metrics(
            availability: metric(.availability, factor: 1, places: 100),
            latency: metric(.latencyP95, factor: 1000, places: 1),
            throughput: metric(.throughput, factor: 1, places: 1), rpo: metric(.rpo, factor: 1, places: 1),
            rto: metric(.rto, factor: 1, places: 1))
    }

    private static func entry(_ objective: ServiceLevel.Objective, _ level: ServiceLevel) -> Entry {
        var entry = Entry(
            Objective(objective), target: level.target(objective), threshold: level.rules[objective]?.threshold,
            unit: objective.unit)
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
