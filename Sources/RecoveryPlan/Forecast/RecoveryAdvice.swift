internal import Platform

/// A change that would shorten a recovery, with the figures behind it.
package struct Recommendation: Codable, Equatable, Sendable {
    package enum Kind: String, Codable, Sendable {
        /// `step` takes the largest part of the critical path: `share` of it, `seconds`.
        case longestStep = "longest step"
        /// `step` fits the RTO at a throughput of `neededBytesPerSecond`.
        case throughput
        /// The steps other than `step` take `seconds`, which already exceeds the RTO.
        case otherSteps = "other steps"
        /// `step` could run concurrently with `after`, which would save `seconds`.
        case sideBySide = "side by side"
        /// At the measured throughput, `fittingBytes` of `bytes` are restored in time.
        case shorterRestore = "shorter restore"
    }

    package var kind: Kind
    package var step: String
    package var component: String?
    package var after: String?
    /// Share of the critical path, 0...1.
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

/// Finds recommendations for a recovery that exceeds its RTO.
struct RecoveryAdvice {
    var plan: Plan
    var times: StepTimes
    var forecast: RunForecast
    /// The forecast sizes, by component.
    var sizes: [String: SizeForecast]
    /// Seconds.
    var rto: Double
    /// True if only the upper ends of the ranges exceed the RTO. The recommendations then use the upper ends.
    var isForUpperEnd: Bool

    private func seconds(_ time: TimeForecast?) -> Double {
        time.map { isForUpperEnd ? $0.high : $0.expected } ?? 0
    }

    var recommendations: [Recommendation] {
        let graph = StepGraph(plan.steps)
        let path = graph.criticalPath { seconds(forecast.steps[$0.id]) }
        let total = path.length + seconds(forecast.checks) + seconds(forecast.thaw)
        let longest = path.steps.max { seconds(forecast.steps[$0]) < seconds(forecast.steps[$1]) }
        guard total > 0, let step = longest.flatMap({ graph.step($0) }) else { return [] }
        let own = seconds(forecast.steps[step.id])
        var first = Recommendation(.longestStep, step.id, component: step.restoredComponent, seconds: own)
        first.share = own / total
        return [first] + faster(step, others: total - own) + sideBySide(graph, path: path.steps, total: total)
    }

    /// - Parameter others: seconds that the other steps of the critical path take.
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
        // If the fixed part alone is too long, no throughput is sufficient.
        guard needed.isFinite else { return [part] }
        var throughput = Recommendation(.throughput, step.id, component: component)
        throughput.bytes = bytes
        throughput.neededBytesPerSecond = needed
        throughput.measuredBytesPerSecond = measured.bytesPerSecond
        return [throughput, part]
    }

    /// Recommends concurrent restores where one restore waits for another on the critical path.
    private func sideBySide(_ graph: StepGraph, path: [String], total: Double) -> [Recommendation] {
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
            let length =
                apart.criticalPath { seconds(forecast.steps[$0.id]) }.length + seconds(forecast.checks)
                + seconds(forecast.thaw)
            // A saving of less than 1 % is not worth a change of the plan.
            guard total - length > total / 100 else { return nil }
            var advice = Recommendation(
                .sideBySide, after, component: second.restoredComponent, seconds: total - length)
            advice.after = before
            return advice
        }
    }
}
