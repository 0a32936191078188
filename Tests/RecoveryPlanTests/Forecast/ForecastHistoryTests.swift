import Testing

@testable import RecoveryPlan

@Suite struct ForecastHistoryTests {
    /// A forecast of 100 s with bands of 90 to 110 s and 70 to 130 s.
    private static let forecast = TimeForecast(
        expected: 100, low: 50, high: 150, samples: 8, basis: .interval, band50: .init(low: 90, high: 110),
        band90: .init(low: 70, high: 130), source: .drills)

    private func outcome(
        _ number: Int, _ actual: Double?, _ kind: RunKind = .drill, forecast: TimeForecast? = Self.forecast
    ) -> ForecastOutcome {
        ForecastOutcome(
            run: "r\(number)", at: "2026-01-\(10 + number)T00:00:00.000Z", kind: kind, forecast: forecast,
            actual: actual)
    }

    private func history(_ actuals: [Double?], _ kind: RunKind = .drill) -> ForecastHistory {
        ForecastHistory(scenario: "loss", actuals.enumerated().map { outcome($0.offset, $0.element, kind) })
    }

    @Test func `the hit rates of a sequence with known times are exact`() throws {
        // In the 50 % band: 4 of 8; in the 90 % band: 7 of 8; in the range: all.
        let summary = try #require(history([95, 100, 105, 110, 80, 120, 130, 149]).summaries.first)
        #expect(summary.kind == .drill && summary.runs == 8)
        #expect((summary.band50?.hits, summary.band50?.count) == (4, 8))
        #expect((summary.band90?.hits, summary.band90?.count) == (7, 8))
        #expect((summary.range?.hits, summary.range?.count) == (8, 8))
        #expect(summary.band50?.verdict == "consistent" && summary.band90?.verdict == "consistent")
        #expect(abs(summary.meanError - 89.0 / 8) < 1e-9)
        #expect(abs(summary.meanAbsoluteError - 139.0 / 8) < 1e-9)
    }

    @Test func `forecasts that are always too short are too narrow`() throws {
        let summary = try #require(history([200, 210, 220, 230, 240]).summaries.first)
        #expect(summary.band50?.verdict == "too narrow" && summary.band90?.verdict == "too narrow")
        #expect(summary.meanError == 120 && summary.band90?.isTooNarrow == true)
        #expect(summary.text.contains("0 of 5 in the 50 % band: too narrow") && summary.text.contains("+2m 0s"))
    }

    @Test func `forecasts that always hit the middle are too wide`() throws {
        #expect(history([100, 101, 99, 100, 100]).summaries.first?.band50?.verdict == "too wide")
    }

    /// (0 + 0.25 * 20 + 0.05 * 60) / 2.5 and (20/2 + 0.25 * 20 + 10 + 0.05 * 60) / 2.5, by hand.
    @Test func `the score is that of the two bands`() {
        let scores = [outcome(0, 100).score, outcome(0, 120).score, history([100, 120]).summaries.first?.meanScore]
        for (score, expected) in zip(scores, [3.2, 11.2, 7.2]) { #expect(abs((score ?? 0) - expected) < 1e-9) }
    }

    @Test func `recoveries and drills have separate summaries`() {
        let both = ForecastHistory(
            scenario: "loss", [outcome(1, 100), outcome(2, 300, .recovery), outcome(0, 90)])
        #expect(both.outcomes.map(\.run) == ["r0", "r1", "r2"])
        #expect(both.summaries.map(\.kind) == [.recovery, .drill] && both.summaries.map(\.runs) == [1, 2])
        #expect(both.summaries[0].band90?.hits == 0 && both.summaries[1].band90?.hits == 2)
    }

    @Test func `a run without forecast or validation does not count and says why`() {
        let history = ForecastHistory(
            scenario: "loss", [outcome(0, nil), outcome(1, 50, forecast: nil), outcome(2, 100)])
        #expect(history.outcomes.map(\.note) == ["not validated", "no forecast: too little data at that time", nil])
        #expect(history.summaries.map(\.runs) == [1])
        #expect(history.outcomes[0].error == nil && history.outcomes[1].held90 == nil)
    }

    @Test func `one measurement has no bands and no score`() throws {
        let outcome = outcome(0, 120, forecast: TimeForecast([100]))
        #expect(outcome.error == 20 && outcome.held50 == nil && outcome.heldRange == nil && outcome.score == nil)
        let summary = try #require(ForecastHistory(scenario: "loss", [outcome]).summaries.first)
        #expect(summary.band50 == nil && summary.runs == 1 && summary.text.contains("no forecast with bands yet"))
    }

    @Test func `absurd times of a journal do not count`() {
        #expect(!outcome(0, 1e300).counts && outcome(0, 1e300).error == nil)
    }

    // MARK: From journals

    @Test func `the outcome of a journal compares the recorded forecast with the measured time`() async throws {
        let stage = try Rehearsal()
        var record = Rehearsal.record()
        record.isDrill = true
        record.forecast = RunForecast(StepGraph([stage.step("a")]), ["a": Self.forecast])
        _ = try await stage.run(Rehearsal.plan([stage.step("a")]), record: record)
        let outcome = try #require(ForecastOutcome(try stage.reading()))
        let actual = try #require(outcome.actual)
        #expect(outcome.kind == .drill && outcome.counts && outcome.forecast?.expected == 100)
        #expect(outcome.error == actual - 100 && outcome.held90 == false)
    }

    @Test func `a resumed run does not count`() async throws {
        let stage = try Rehearsal()
        let plan = Rehearsal.plan([stage.step("a")])
        _ = try await stage.run(plan)
        _ = try await stage.resume(plan)
        let outcome = try #require(ForecastOutcome(try stage.reading()))
        #expect(!outcome.counts && outcome.note == "resumed: the time includes the interruption")
    }

    /// A forecast never uses the run that it is about: the runs before it decide.
    @Test func `a forecast by earlier runs has no hindsight`() throws {
        let plan = Rehearsal.plan([.running("rebuild")])
        let times = [10.0, 12, 11, 13, 12, 40]
        for count in 3..<times.count {
            let before = StepTimes(
                try times.prefix(count).reversed().map { try PastRun(parts: [.run("rebuild", $0)]).reading() })
            let forecast = try #require(before.forecast(plan).total)
            #expect(forecast.samples == count && forecast.high < 40)
        }
    }

    // MARK: Deviations

    @Test(arguments: [
        (100.0, 2.0, false), (199, 2, false), (201, 2, true), (49, 2, true), (51, 2, false), (121, 1.2, true),
    ])
    func `a forecast that is off by more than the factor is a finding`(
        _ actual: Double, _ factor: Double, _ isFinding: Bool
    ) {
        #expect(Self.forecast.isOff(actual, by: factor) == isFinding)
        #expect((Self.forecast.deviation(actual, tolerance: factor) != nil) == isFinding)
    }

    @Test func `a difference of seconds is never a finding`() throws {
        let short = try #require(TimeForecast([1, 2, 1.5]))
        #expect(!short.isOff(9, by: 2) && short.isOff(12, by: 2))
    }
}
