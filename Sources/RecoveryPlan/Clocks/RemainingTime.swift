/// How long the rest of a run takes by the times of earlier ones: the longest way through the steps that are not done.
///
/// Steps without an earlier time count as nothing, so what it says is too little rather than too much: an alarm that
/// follows from it is never false by what is known.
package struct RemainingTime: Equatable, Sendable {
    private struct Part: Equatable {
        /// Seconds of the step itself.
        var own: Double
        /// Seconds of the longest way from its end to the end of all.
        var after: Double
    }

    /// Steps that something is still to come of.
    private var open: [String: Part] = [:]
    /// When the running attempt at each began.
    private var begun: [String: Double] = [:]

    /// - Parameter forecast: nil where no earlier run is known: then nothing is.
    package init(_ graph: StepGraph, _ forecast: RunForecast?) {
        // Backwards, so that what follows a step is known before the step is.
        for step in graph.waves.joined().reversed() {
            let own = forecast?.steps[step.id]?.expected ?? 0
            let after = open[step.id]?.after ?? 0
            open[step.id] = Part(own: own, after: after)
            for need in step.needs where graph.step(need) != nil {
                open[need, default: Part(own: 0, after: 0)].after = max(open[need]?.after ?? 0, own + after)
            }
        }
    }

    package mutating func begin(_ step: String, at seconds: Double) { begun[step] = seconds }

    /// Nothing more is to come of a step: done, failed for good, or skipped.
    package mutating func settle(_ step: String) {
        open[step] = nil
        begun[step] = nil
    }

    /// - Parameter seconds: since the moment from which ``begin(_:at:)`` counts.
    /// - Returns: seconds. A step that takes longer than expected is taken to end at once.
    package func expected(at seconds: Double) -> Double {
        open.reduce(0) { longest, entry in
            let own = begun[entry.key].map { max(0, $0 + entry.value.own - seconds) } ?? entry.value.own
            return max(longest, own + entry.value.after)
        }
    }
}
