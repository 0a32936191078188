/// What a number of seconds is expected to be: the median of the samples, and their span.
package struct TimeForecast: Codable, Equatable, Sendable {
    package var expected: Double
    package var low: Double
    package var high: Double
    package var samples: Int

    /// - Returns: nil without a sample.
    package init?(_ samples: [Double]) {
        let sorted = samples.filter { $0.isFinite && $0 >= 0 }.sorted()
        guard let low = sorted.first, let high = sorted.last else { return nil }
        let middle = sorted.count / 2
        expected = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        self.low = low
        self.high = high
        self.samples = sorted.count
    }
}

/// What a run is expected to take, step by step and along its critical path. Seconds.
package struct RunForecast: Codable, Equatable, Sendable {
    package var steps: [String: TimeForecast]
    /// Nil where a step on no path can be left out: some step has no sample.
    package var total: TimeForecast?
    /// Steps without a sample.
    package var unknown: [String]
}

/// How long the steps of a scenario took in earlier runs.
package struct StepTimes: Sendable {
    private struct Sample {
        var seconds: Double
        /// Of what a restore moved.
        var bytes: Int?
    }

    private var samples: [String: [Sample]] = [:]

    /// - Parameters:
    ///   - readings: of earlier runs, the newest first; only attempts that were done count.
    ///   - limit: so many runs, the newest.
    package init(_ readings: [JournalReading], limit: Int = 12) {
        for reading in readings.prefix(limit) {
            for line in reading.lines {
                guard case .stepFinished(let result) = line.body.event, result.outcome == .done else { continue }
                samples[result.step, default: []].append(
                    Sample(seconds: result.seconds, bytes: result.record?.restored?.bytes))
            }
        }
    }

    /// - Parameter bytes: what the step would move today; its earlier times are scaled by their throughput. A step that
    ///   moves little is ruled by what does not grow, so only what is above a mebibyte is scaled.
    package func forecast(_ step: String, bytes: Int?) -> TimeForecast? {
        TimeForecast(
            (samples[step] ?? []).map { sample in
                guard let bytes, let before = sample.bytes, before > 1 << 20, bytes > before else {
                    return sample.seconds
                }
                return sample.seconds * Double(bytes) / Double(before)
            })
    }

    /// - Parameter bytes: what each restoring step would move today.
    package func forecast(_ graph: StepGraph, bytes: [String: Int] = [:]) -> RunForecast {
        var steps: [String: TimeForecast] = [:]
        for step in graph.steps { steps[step.id] = forecast(step.id, bytes: bytes[step.id]) }
        let unknown = graph.steps.map(\.id).filter { steps[$0] == nil }
        var total: TimeForecast?
        if unknown.isEmpty, !steps.isEmpty {
            func path(_ value: (TimeForecast) -> Double) -> Double {
                graph.criticalPath { step in steps[step.id].map(value) ?? 0 }.length
            }
            total = TimeForecast([path(\.low), path(\.expected), path(\.high)])
            total?.expected = path(\.expected)
            total?.samples = steps.values.map(\.samples).min() ?? 0
        }
        return RunForecast(steps: steps, total: total, unknown: unknown)
    }
}
