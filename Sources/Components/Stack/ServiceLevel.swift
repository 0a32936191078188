internal import FoundationEssentials
internal import Platform

/// The service level objectives of the stack: PromQL expressions, each with a threshold. `$window` in an expression
/// stands for the time that
/// is looked back over.
package struct ServiceLevel: Sendable {
    package enum Objective: String, Codable, CaseIterable, Sendable {
        case availability
        case latencyP95 = "latency_p95"
        case throughput

        package var checkName: String { "sla_\(rawValue)" }
        package var unit: String {
            switch self {
            case .availability: "%"
            case .latencyP95: "s"
            case .throughput: "per minute"
            }
        }
        /// A latency must stay below its threshold, the others above.
        package var isCeiling: Bool { self == .latencyP95 }
    }

    package struct Rule: Equatable, Sendable {
        package var expression: String
        package var threshold: Double

        package init(expression: String, threshold: Double) {
            self.expression = expression
            self.threshold = threshold
        }
    }

    /// The component whose server keeps the metrics; nil if there is none.
    package var component: CheckedComponent?
    package var rules: [Objective: Rule]
    /// "1h", in PromQL's notation.
    package var window: String

    package init(component: CheckedComponent?, rules: [Objective: Rule], window: String) {
        self.component = component
        self.rules = rules
        self.window = window
    }

    package func target(_ objective: Objective) -> String {
        guard let rule = rules[objective] else { return "-" }
        return "\(objective.isCeiling ? "≤" : "≥") \(Self.text(rule.threshold)) \(objective.unit)"
    }

    /// True if the expression contains the window; other expressions give the present value.
    package func looksBack(_ objective: Objective) -> Bool { rules[objective]?.expression.contains("$window") == true }

    /// Measures an objective: over the window if its expression contains `$window`, else now.
    /// - Returns: the value, and true if it meets the objective.
    /// - Throws: ``CheckFailure`` without a result, since an objective that is not measured is not met.
    package func measure(_ objective: Objective) throws -> (value: Double, isMet: Bool) {
        try measured(objective, rule(objective).expression.replacing("$window", with: window))
    }

    /// The window of the daily report.
    package static let day = (window: "24h", minutes: 1440)

    /// Measures an objective over the last 24 hours, in any case. An expression without `$window` is evaluated for
    /// every
    /// minute of them: of an availability or a throughput the mean counts, of a latency the maximum.
    /// - Returns: as ``measure(_:)``; `coverage` is the share of the minutes that have a value, 0...1, or nil where the
    ///   expression looks back by itself.
    /// - Throws: as ``measure(_:)``.
    package func measureDay(_ objective: Objective) throws -> (value: Double, isMet: Bool, coverage: Double?) {
        let window = Self.day.window
        let expression = try rule(objective).expression
        guard !looksBack(objective) else {
            let (value, isMet) = try measured(objective, expression.replacing("$window", with: window))
            return (value, isMet, nil)
        }
        // On a separate line if it may end with a comment.
        let inner = expression.contains("#") ? "\n\(expression)\n" : expression
        let range = "((\(inner))[\(window):1m])"
        do {
            let (value, isMet) = try measured(objective, "\(objective.isCeiling ? "max" : "avg")_over_time\(range)")
            let counted = try server().samples("count_over_time\(range)", at: nil).first?.value ?? 0
            let coverage = counted / Double(Self.day.minutes)
            return (value, isMet, coverage.isFinite ? min(1, max(0, coverage)) : nil)
        } catch let failure as CheckFailure where failure.reason.contains("subquery is only allowed") {
            throw CheckFailure(
                failure.measured,
                "the query returns a scalar, which cannot be measured over \(window): use $window or a vector in the query"
            )
        }
    }

    private func rule(_ objective: Objective) throws -> Rule {
        guard let rule = rules[objective] else {
            throw CheckFailure("-", "'checks: sla:' has no query for \(objective.rawValue)")
        }
        return rule
    }

    private func server() throws -> any MetricServer {
        guard let component else {
            throw CheckFailure("-", "no component keeps metrics for the service level")
        }
        do {
            if let server = try component.settings.metricServer(component.context) { return server }
        } catch { throw CheckFailure("-", "\(error)") }
        throw CheckFailure("-", "component '\(component.name)' does not keep metrics")
    }

    private func measured(_ objective: Objective, _ expression: String) throws -> (value: Double, isMet: Bool) {
        let rule = try rule(objective)
        let samples = try server().samples(expression, at: nil)
        guard samples.count == 1, let sample = samples.first else {
            let reason = samples.isEmpty ? "no data" : "\(samples.count) series where one number is needed"
            throw CheckFailure(reason, "\(expression): \(reason)")
        }
        if let kind = sample.kind {
            throw CheckFailure("not a number", "\(expression): the result is not a number: \(kind)")
        }
        guard !sample.value.isNaN else {
            throw CheckFailure("no data", "\(expression) is not a number: there was no traffic")
        }
        return (sample.value, objective.isCeiling ? sample.value <= rule.threshold : sample.value >= rule.threshold)
    }

    package static func text(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        var text = Units.fixed(value, 4)
        while text.hasSuffix("0") { text.removeLast() }
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}

struct ServiceLevelCheck: RecoveryCheck {
    private let objective: ServiceLevel.Objective
    private let level: ServiceLevel
    var name: String { objective.checkName }
    var component: String? { level.component?.name }
    var target: String { level.target(objective) }

    init(_ objective: ServiceLevel.Objective, _ level: ServiceLevel) {
        self.objective = objective
        self.level = level
    }

    func measure() throws -> Measurement {
        let (value, isMet) = try level.measure(objective)
        let when =
            level.looksBack(objective) ? "over the last \(level.window)" : "the present value: no $window in the query"
        return .judged(isMet, "\(ServiceLevel.text(value)) \(objective.unit)", otherwise: when)
    }
}
