import Testing

@testable import RecoveryPlan

/// Runs and drills told apart in forecasts, and the bands of a whole run.
@Suite struct RunKindTests {
    private let plan = Rehearsal.plan([.running("rebuild")])

    private func times(recoveries: [Double], drills: [Double]) throws -> StepTimes {
        let past = recoveries.map { ($0, false) } + drills.map { ($0, true) }
        return StepTimes(
            try past.map { seconds, isDrill in
                try PastRun(parts: [.run("rebuild", seconds)], isDrill: isDrill).reading()
            })
    }

    @Test func `enough runs of each kind have separate histories`() throws {
        let times = try times(recoveries: [100, 101, 102], drills: [10, 11, 12])
        let recovery = try #require(times.forecast(plan, for: .recovery).total)
        let drill = try #require(times.forecast(plan, for: .drill).total)
        #expect(recovery.expected == 101 && recovery.source == .recoveries && recovery.samples == 3)
        #expect(drill.expected == 11 && drill.source == .drills && drill.samples == 3)
    }

    @Test func `too few runs of a kind use both histories and say so`() throws {
        let times = try times(recoveries: [100, 102], drills: [10, 11, 12])
        let recovery = try #require(times.forecast(plan, for: .recovery).total)
        #expect(recovery.source == .both && recovery.samples == 5 && recovery.expected == 12)
        #expect(times.forecast(plan, for: .drill).total?.source == .drills)
        #expect(try self.times(recoveries: [], drills: [10]).forecast(plan, for: .recovery).total?.source == .drills)
    }

    @Test func `many drills do not displace the recoveries`() throws {
        let many = [Double](repeating: 10, count: 30)
        let times = try times(recoveries: [100, 101, 102], drills: many)
        #expect(times.runs == StepTimes.most + 3)
        let late = StepTimes(
            try (many.map { ($0, true) } + [100.0, 101, 102].map { ($0, false) }).map { seconds, isDrill in
                try PastRun(parts: [.run("rebuild", seconds)], isDrill: isDrill).reading()
            })
        #expect(late.forecast(plan).total?.expected == 101 && !late.isFull)
    }

    // MARK: Bands

    @Test func `three measurements have bands and fewer have none`() throws {
        #expect(TimeForecast([16, 20])?.band50 == nil && TimeForecast([16])?.band90 == nil)
        // Mean 18, deviation 2, times the root of 4/3, and Student's t of two degrees: 0.8165 and 2.9200.
        let three = try #require(TimeForecast([20, 16, 18]))
        let half = try #require(three.band50)
        let ninety = try #require(three.band90)
        #expect(abs(half.low - 16.1144) < 1e-3 && abs(half.high - 19.8856) < 1e-3)
        #expect(abs(ninety.low - 11.2565) < 1e-3 && abs(ninety.high - 24.7435) < 1e-3)
    }

    @Test(arguments: [[20.0, 16, 18], [500, 510, 490, 505, 2500, 495, 500], [0, 0, 50], [0.1, 3, 1000, 2]])
    func `the bands contain the expected value and lie in each other`(_ samples: [Double]) throws {
        let forecast = try #require(TimeForecast(samples))
        let half = try #require(forecast.band50)
        let ninety = try #require(forecast.band90)
        #expect(half.low <= forecast.expected && forecast.expected <= half.high)
        #expect(ninety.low <= half.low && half.high <= ninety.high)
        #expect(forecast.low <= ninety.low && ninety.high <= forecast.high && ninety.low >= 0)
    }

    /// Distances of 3 and 4 from the expected times: together 5.
    @Test func `the errors of steps in sequence add up as squares`() throws {
        func step(_ distance: Double) -> TimeForecast {
            TimeForecast(
                expected: 50, low: 0, high: 100, samples: 3, basis: .interval,
                band50: .init(low: 50 - distance, high: 50 + distance),
                band90: .init(low: 50 - 2 * distance, high: 50 + 3 * distance))
        }
        let graph = StepGraph([.running("a"), .running("b", needs: ["a"]), .running("side")])
        var side = step(1)
        side.expected = 1
        let total = try #require(RunForecast(graph, ["a": step(3), "b": step(4), "side": side]).total)
        #expect(total.band50 == .init(low: 95, high: 105) && total.band90 == .init(low: 90, high: 115))
        #expect((total.low, total.high) == (0, 200))
        // A part without bands leaves the whole without bands.
        let one = try #require(TimeForecast([50]))
        let unsure = try #require(RunForecast(graph, ["a": step(3), "b": one, "side": side]).total)
        #expect(unsure.band50 == nil && unsure.band90 == nil)
    }

    @Test func `an uncertain size has no bands`() {
        let history = StepHistory(
            attempts: [10, 11, 12].map { .init(seconds: $0, bytes: 100 * .mebibyte) })
        let size = 100 * Int.mebibyte
        #expect(history.forecast(SizeForecast(size))?.band50 != nil)
        #expect(history.forecast(SizeForecast(expected: size, low: size / 2, high: size * 2))?.band50 == nil)
    }
}
