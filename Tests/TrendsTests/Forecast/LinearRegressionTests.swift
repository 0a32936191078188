import Testing

@testable import Trends

@Suite struct LinearRegressionTests {
    private static let day = 86_400.0
    private static let start = 1_790_000_000.0

    /// One value a day.
    private func samples(_ values: [Double]) -> [Sample] {
        values.enumerated().map { Sample(x: Self.start + Double($0) * Self.day, value: $1) }
    }

    @Test(arguments: [[], [1.0], [1, 2], [1, 2, .nan], [1, .infinity, 3], [1, 1e200, 3]])
    func `fewer than three samples that can be squared are no data`(_ values: [Double]) {
        #expect(LinearRegression(samples(values)) == nil)
    }

    @Test func `samples of one moment are no data, and equal ones are certain`() throws {
        #expect(LinearRegression((0..<5).map { Sample(x: Self.start, value: Double($0)) }) == nil)
        let flat = try #require(LinearRegression(samples([7, 7, 7, 7])))
        let forecast = flat.forecast(at: Self.start + 365 * Self.day)
        #expect(flat.slope == 0 && flat.determination == 1)
        #expect((forecast.low, forecast.value, forecast.high) == (7, 7, 7))
    }

    @Test func `an outlier widens the interval instead of being thrown away`() throws {
        var values = (0..<30).map { (day: Int) -> Double in Double(100 + day) + (day % 2 == 0 ? 0.5 : -0.5) }
        let calm = try #require(LinearRegression(samples(values)))
        values[15] = 400
        let shaken = try #require(LinearRegression(samples(values)))
        func width(_ regression: LinearRegression) -> Double {
            let forecast = regression.forecast(at: Self.start + 60 * Self.day)
            return forecast.high - forecast.low
        }
        #expect(shaken.count == 30 && width(shaken) > 50 * width(calm))
        #expect(shaken.determination < 0.1 && calm.determination > 0.99)
    }

    @Test func `the interval grows with the distance`() throws {
        let regression = try #require(LinearRegression(samples([1, 2.2, 2.9, 4.1, 5])))
        let widths = Horizon.allCases.map { horizon in
            let forecast = regression.forecast(at: Self.start + horizon.seconds)
            return forecast.high - forecast.low
        }
        #expect(widths == widths.sorted() && Set(widths).count == 4)
    }

    @Test func `a threshold is passed on a day, and perhaps earlier`() throws {
        // 10 a day from 100 on, plus or minus one.
        let values = (0..<30).map { (day: Int) -> Double in Double(100 + 10 * day + (day % 2 == 0 ? 1 : -1)) }
        let regression = try #require(LinearRegression(samples(values)))
        let now = Self.start + 29 * Self.day
        let passing = regression.passing(1000, from: now)
        #expect(passing.expected == 61 || passing.expected == 62)
        let (earliest, expected) = (try #require(passing.earliest), try #require(passing.expected))
        #expect(earliest <= expected)
        #expect(regression.passing(50, from: now) == Passing(expected: 0, earliest: 0))
        #expect(regression.passing(1e6, from: now) == Passing())
    }

    /// The value grows by 1 a day, so it passes a threshold at N more than now in N days.
    @Test(
        arguments: [
            (warning: nil, critical: nil, current: 100.0, Urgency.none),
            (500.0, 600.0, 100.0, .none), (300, nil, 100, .low), (150, nil, 100, .medium), (190.5, 250, 100, .medium),
            (101, 200, 101, .high), (nil, 180, 100, .high), (nil, 110, 100, .critical), (90, 99, 100, .critical),
        ] as [(warning: Double?, critical: Double?, current: Double, Urgency)])
    func `urgency follows from how soon thresholds are passed`(
        warning: Double?, critical: Double?, current: Double, expected: Urgency
    ) throws {
        let regression = try #require(LinearRegression(samples((0...100).map { Double($0) })))
        let now = Self.start + 100 * Self.day
        let thresholds = Thresholds(warning: warning, critical: critical)
        #expect(thresholds.urgency(current: current, regression, now: now) == expected)
        // Without a history only the current value counts.
        let bare = thresholds.urgency(current: current, nil, now: now)
        #expect(
            bare
                == (critical.map { current >= $0 } == true
                    ? .critical : warning.map { current >= $0 } == true ? .high : .none))
    }

    @Test func `urgencies are in order`() { #expect(Urgency.allCases == Urgency.allCases.sorted()) }
}
