/// A fact about a cluster that a plan would meet.
package struct ClusterFinding: Codable, Equatable, Sendable {
    package enum Severity: String, Codable, Sendable {
        /// The plan cannot succeed.
        case error
        /// The plan may succeed.
        case warning
    }

    package var severity: Severity
    /// The context of kubectl; empty for the current one.
    package var context: String
    /// The steps that it concerns, in the order of the plan.
    package var steps: [String]
    package var message: String
    package var hint: String?

    package init(
        _ severity: Severity, context: String, steps: [String], _ message: String, hint: String? = nil
    ) {
        self.severity = severity
        self.context = context
        self.steps = steps
        self.message = message
        self.hint = hint
    }

    /// ``words`` and the hint.
    package var text: String { words + (hint.map { "\n  hint: \($0)" } ?? "") }

    /// "cluster 'production': … (steps metrics, logs)"
    package var words: String {
        let cluster = context.isEmpty ? "the current cluster" : "cluster '\(context)'"
        let place = steps.isEmpty ? "" : " (step\(steps.count == 1 ? "" : "s") \(steps.joined(separator: ", ")))"
        return "\(cluster): \(message)\(place)"
    }
}
