/// What a run is expected to take, step by step and along its critical path. Seconds.
package struct RunForecast: Codable, Equatable, Sendable {
    package var steps: [String: TimeForecast]
    /// Of the checks after the last step; nil where there are none, or they were never made.
    package var checks: TimeForecast?
    /// Nil where the time of something is not known.
    package var total: TimeForecast?
    /// What is known takes that long already; nil where all is known, or nothing.
    package var atLeast: Double?
    /// Steps without a sample, in the order of the plan; ``finalChecks`` for the checks after them.
    package var unknown: [String]

    package static let finalChecks = "final checks"

    /// - Parameters:
    ///   - steps: nothing for those that were never done.
    ///   - checks: nil where they were never made.
    ///   - hasChecks: whether the plan has checks after its steps.
    package init(
        _ graph: StepGraph, _ steps: [String: TimeForecast], checks: TimeForecast? = nil, hasChecks: Bool = false
    ) {
        self.steps = steps
        self.checks = hasChecks ? checks : nil
        unknown = graph.steps.map(\.id).filter { steps[$0] == nil }
        if hasChecks, checks == nil { unknown.append(Self.finalChecks) }
        guard !steps.isEmpty else { return }
        let end = self.checks
        // Every step at its worst at once is less likely than the worst of one: the range is wider than 95 %.
        func path(_ value: (TimeForecast) -> Double) -> Double {
            graph.criticalPath { step in steps[step.id].map(value) ?? 0 }.length + (end.map(value) ?? 0)
        }
        guard unknown.isEmpty else {
            atLeast = path(\.expected)
            return
        }
        total = TimeForecast(
            expected: path(\.expected), low: path(\.low), high: path(\.high),
            samples: (Array(steps.values) + [end].compactMap { $0 }).map(\.samples).min() ?? 0, basis: .sum)
    }
}
