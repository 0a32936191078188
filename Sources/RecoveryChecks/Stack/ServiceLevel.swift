internal import Foundation

/// What the stack owes its users, as PromQL with a threshold each. `$window` in an expression stands for the time that
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

    /// The Prometheus that is asked; nil where there is none.
    package var prometheus: CheckedStack.Component?
    package var rules: [Objective: Rule]
    /// "1h".
    package var window: String

    package init(prometheus: CheckedStack.Component?, rules: [Objective: Rule], window: String) {
        self.prometheus = prometheus
        self.rules = rules
        self.window = window
    }

    package func target(_ objective: Objective) -> String {
        guard let rule = rules[objective] else { return "-" }
        return "\(objective.isCeiling ? "≤" : "≥") \(Self.text(rule.threshold)) \(objective.unit)"
    }

    /// - Returns: the value, and whether it keeps the promise.
    /// - Throws: ``CheckFailure`` where there is no answer: a promise that nobody measures is not kept.
    package func measure(_ objective: Objective) throws -> (value: Double, isMet: Bool) {
        guard let rule = rules[objective], let prometheus else {
            throw CheckFailure("-", "no component of kind prometheus answers for the service level")
        }
        guard let server = prometheus.server else {
            throw CheckFailure("-", prometheus.obstacle ?? "component '\(prometheus.name)' has no 'url'")
        }
        let expression = rule.expression.replacing("$window", with: window)
        let samples = try server.promQL(expression)
        guard samples.count == 1, let sample = samples.first else {
            let reason = samples.isEmpty ? "no data" : "\(samples.count) series where one number is needed"
            throw CheckFailure(reason, "\(expression): \(reason)")
        }
        guard !sample.value.isNaN else {
            throw CheckFailure("no data", "\(expression) is not a number: nothing happened")
        }
        return (sample.value, objective.isCeiling ? sample.value <= rule.threshold : sample.value >= rule.threshold)
    }

    package static func text(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        var text = String(format: "%.4f", value)
        while text.hasSuffix("0") { text.removeLast() }
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}

struct ServiceLevelCheck: RecoveryCheck {
    private let objective: ServiceLevel.Objective
    private let level: ServiceLevel
    var name: String { objective.checkName }
    var component: String? { level.prometheus?.name }
    var target: String { level.target(objective) }

    init(_ objective: ServiceLevel.Objective, _ level: ServiceLevel) {
        self.objective = objective
        self.level = level
    }

    func measure() throws -> Measurement {
        let (value, isMet) = try level.measure(objective)
        return .judged(isMet, "\(ServiceLevel.text(value)) \(objective.unit)", "over the last \(level.window)")
    }
}
