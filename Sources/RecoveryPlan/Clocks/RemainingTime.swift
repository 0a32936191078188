/// The expected remaining time of a run: the longest path through its unfinished steps, timed by earlier runs.
///
/// Steps without an earlier time count as zero. The estimate is therefore too short rather than too long, and never
/// causes a false alarm.
package struct RemainingTime: Equatable, Sendable {
    private struct Part: Equatable {
        /// Seconds that the step takes.
        var own: Double
        /// Seconds of the longest path from the end of the step to the end of the run.
        var after: Double
    }

    /// Steps that are not settled.
    private var open: [String: Part] = [:]
    /// Start of the running attempt, by step.
    private var begun: [String: Double] = [:]

    /// - Parameter forecast: nil if there is no earlier run; all times are then zero.
    package init(_ graph: StepGraph, _ forecast: RunForecast?) {
        // In reverse, so that the steps after a step are known before the step itself.
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

    /// Marks a step as finished, finally failed, or skipped.
    package mutating func settle(_ step: String) {
        open[step] = nil
        begun[step] = nil
    }

    /// Returns the expected remaining time in seconds. A step that runs longer than expected counts as about to finish.
    /// - Parameter seconds: the current time on the clock that ``begin(_:at:)`` uses.
    package func expected(at seconds: Double) -> Double {
        open.reduce(0) { longest, entry in
            let own = begun[entry.key].map { max(0, $0 + entry.value.own - seconds) } ?? entry.value.own
            return max(longest, own + entry.value.after)
        }
    }
}
