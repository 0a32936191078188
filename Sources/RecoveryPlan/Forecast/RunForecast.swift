/// The expected duration of a run in seconds: of each step and along the critical path.
package struct RunForecast: Codable, Equatable, Sendable {
    package var steps: [String: TimeForecast]
    /// The duration of the checks after the last step; nil if there are none, or none ever ran.
    package var checks: TimeForecast?
    /// The thaw of archived packs before the run, which no step makes; nil if the run needs none.
    package var thaw: TimeForecast?
    /// Nil if the duration of a step or of the checks is not known.
    package var total: TimeForecast?
    /// The duration of the known parts; nil if all parts are known, or none is.
    package var atLeast: Double?
    /// Steps of which no run shows the time, in the order of the plan; ``finalChecks`` stands for the checks after them.
    /// A step that only waits for a set length is known.
    package var unknown: [String]

    package static let finalChecks = "final checks"

    /// - Parameters:
    ///   - steps: the forecasts of the steps that ran before, or whose plan shows a least time.
    ///   - checks: nil if the checks never ran.
    ///   - hasChecks: true if the plan has checks after its steps.
    ///   - thaw: nil if nothing must be thawed before the run.
    package init(
        _ graph: StepGraph, _ steps: [String: TimeForecast], checks: TimeForecast? = nil, hasChecks: Bool = false,
        thaw: TimeForecast? = nil
    ) {
        self.steps = steps
        self.thaw = thaw
        self.checks = hasChecks ? checks : nil
        unknown = graph.steps.map(\.id).filter { steps[$0].map(\.isLowerBound) ?? true }
        if hasChecks, checks == nil { unknown.append(Self.finalChecks) }
        guard !steps.isEmpty || thaw != nil else { return }
        let ends = [thaw, self.checks].compactMap { $0 }
        // All steps at their upper ends at once is less likely than one step at its upper end, so the range is wider
        // than 95 %.
        func path(_ value: (TimeForecast) -> Double) -> Double {
            graph.criticalPath { step in steps[step.id].map(value) ?? 0 }.length
                + ends.map(value).reduce(0, +)
        }
        guard unknown.isEmpty else {
            atLeast = path(\.expected)
            return
        }
        // A wait of a set length and a thaw are not measured.
        let parts = (Array(steps.values) + ends).filter { !$0.isGiven }
        let sources = Set(parts.map(\.source))
        let longest = graph.criticalPath { steps[$0.id]?.expected ?? 0 }.steps.compactMap { steps[$0] }
        total = TimeForecast(
            expected: path(\.expected), low: path(\.low), high: path(\.high),
            samples: parts.map(\.samples).min() ?? 0, basis: .sum,
            band50: Self.band(longest + ends, \.band50), band90: Self.band(longest + ends, \.band90),
            source: sources.count == 1 ? sources.first ?? nil : .both)
    }

    /// The band of a chain of steps, whose errors are taken as independent: their distances from the expected values add
    /// up as squares.
    /// - Returns: nil if a part has no band.
    private static func band(
        _ parts: [TimeForecast], _ band: (TimeForecast) -> TimeForecast.Band?
    ) -> TimeForecast.Band? {
        var expected = 0.0, below = 0.0, above = 0.0
        for part in parts {
            guard let band = band(part) else { return nil }
            expected += part.expected
            below += (part.expected - band.low) * (part.expected - band.low)
            above += (band.high - part.expected) * (band.high - part.expected)
        }
        // Squares of absurd values in a journal overflow.
        guard (expected + below + above).isFinite else { return nil }
        return TimeForecast.Band(low: expected - below.squareRoot(), high: expected + above.squareRoot())
    }
}
