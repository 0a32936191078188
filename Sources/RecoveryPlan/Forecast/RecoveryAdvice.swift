internal import Platform

/// What would make a recovery shorter, with the figures that it follows from.
package struct Recommendation: Codable, Equatable, Sendable {
    package enum Kind: String, Codable, Sendable {
        /// The step that takes most of the critical path: `share` of it, `seconds`.
        case longestStep = "longest step"
        /// The step fits if its data come at `neededBytesPerSecond`.
        case throughput
        /// Without `step` the others take `seconds`, which is too long already.
        case otherSteps = "other steps"
        /// `step` need not wait for `after`: that would save `seconds`.
        case sideBySide = "side by side"
        /// At the measured throughput `fittingBytes` of `bytes` come back in time.
        case shorterRestore = "shorter restore"
    }

    package var kind: Kind
    package var step: String
    package var component: String?
    package var after: String?
    /// Of the critical path, 0...1.
    package var share: Double?
    package var seconds: Double?
    package var bytes: Int?
    package var fittingBytes: Int?
    package var neededBytesPerSecond: Double?
    package var measuredBytesPerSecond: Double?

    init(_ kind: Kind, _ step: String, component: String? = nil, seconds: Double? = nil) {
        self.kind = kind
        self.step = step
        self.component = component
        self.seconds = seconds
    }
}

/// Finds what can be recommended for a recovery that takes too long.
struct RecoveryAdvice {
    var plan: Plan
    var times: StepTimes
    var forecast: RunForecast
    /// By component, as in the forecast.
    var sizes: [String: SizeForecast]
    /// Seconds.
    var rto: Double
    /// Only the upper ends are beyond the RTO: they are what has to become shorter.
    var isForUpperEnd: Bool

    private func seconds(_ time: TimeForecast?) -> Double {
        time.map { isForUpperEnd ? $0.high : $0.expected } ?? 0
    }

    var recommendations: [Recommendation] {
        let graph = StepGraph(plan.steps)
        let path = graph.criticalPath { seconds(forecast.steps[$0.id]) }
        let total = path.length + seconds(forecast.checks)
        let longest = path.steps.max { seconds(forecast.steps[$0]) < seconds(forecast.steps[$1]) }
        guard total > 0, let step = longest.flatMap({ graph.step($0) }) else { return [] }
        let own = seconds(forecast.steps[step.id])
        var first = Recommendation(.longestStep, step.id, component: step.restoredComponent, seconds: own)
        first.share = own / total
        return [first] + faster(step, others: total - own) + sideBySide(graph, path.steps, total)
    }

    /// - Parameter others: seconds of the way without the step.
    private func faster(_ step: Step, others: Double) -> [Recommendation] {
        guard let component = step.wholeComponent, let size = sizes[component],
            let measured = times.history(of: step).throughput
        else { return [] }
        guard others < rto else { return [Recommendation(.otherSteps, step.id, seconds: others)] }
        let bytes = isForUpperEnd ? size.high : size.expected
        let left = rto - others - measured.fixed
        let needed = left > 0 ? Double(bytes) / left : .infinity
        guard needed > measured.bytesPerSecond else { return [] }
        var part = Recommendation(.shorterRestore, step.id, component: component)
        part.bytes = bytes
        part.fittingBytes = Int(clamping: max(0, left) * measured.bytesPerSecond)
        part.measuredBytesPerSecond = measured.bytesPerSecond
        // Where the fixed part alone is too long, no throughput helps.
        guard needed.isFinite else { return [part] }
        var throughput = Recommendation(.throughput, step.id, component: component)
        throughput.bytes = bytes
        throughput.neededBytesPerSecond = needed
        throughput.measuredBytesPerSecond = measured.bytesPerSecond
        return [throughput, part]
    }

    /// Restores that wait for each other on the critical path, and what it would save if they did not.
    private func sideBySide(_ graph: StepGraph, _ path: [String], _ total: Double) -> [Recommendation] {
        zip(path, path.dropFirst()).compactMap { before, after in
            guard let first = graph.step(before), let second = graph.step(after), first.isRestore, second.isRestore
            else { return nil }
            let apart = StepGraph(
                graph.steps.map { step in
                    guard step.id == after else { return step }
                    var step = step
                    step.needs = step.needs.filter { $0 != before } + first.needs
                    return step
                })
            let length = apart.criticalPath { seconds(forecast.steps[$0.id]) }.length + seconds(forecast.checks)
            // What saves less than a hundredth is not worth a change of plan.
            guard total - length > total / 100 else { return nil }
            var advice = Recommendation(
                .sideBySide, after, component: second.restoredComponent, seconds: total - length)
            advice.after = before
            return advice
        }
    }
}
