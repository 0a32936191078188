import Testing

@testable import RecoveryPlan

@Suite struct TimeForecastTests {
    @Test func `one measurement is its value and claims no range`() throws {
        #expect(TimeForecast([]) == nil && TimeForecast([.nan, -1, .infinity]) == nil)
        let one = try #require(TimeForecast([4]))
        #expect((one.expected, one.low, one.high) == (4, 4, 4))
        #expect(one.samples == 1 && one.basis == .one && !one.hasRange)
    }

    @Test func `two are a span`() throws {
        let two = try #require(TimeForecast([9, 3]))
        #expect((two.expected, two.low, two.high) == (6, 3, 9))
        #expect(two.basis == .span && two.hasRange)
    }

    /// Calculated by hand: mean 18, deviation 2, Student's t of two degrees 4.302653, times 2 and the root of 4/3:
    /// 9.936551.
    @Test func `three have a prediction interval`() throws {
        let three = try #require(TimeForecast([20, 16, 18]))
        #expect(three.basis == .interval && three.expected == 18)
        #expect(abs(three.low - 8.063449) < 1e-6 && abs(three.high - 27.936551) < 1e-6)
    }

    @Test func `an outlier widens and moves not the middle`() throws {
        let calm = [Double](repeating: 10, count: 11).enumerated().map { $1 + Double($0 % 3) / 10 }
        let usual = try #require(TimeForecast(calm)), shaken = try #require(TimeForecast(calm + [100]))
        #expect(abs(shaken.expected - usual.expected) <= 0.1)
        // Student's interval alone would end below the largest measurement.
        #expect(shaken.high >= 100 && usual.high < 11)
        #expect(shaken.low == 0)
    }

    @Test(arguments: [[0, 0, 50.0], [0.1, 0.2, 9], [3, 1000]])
    func `nothing takes less than nothing`(_ samples: [Double]) throws {
        let forecast = try #require(TimeForecast(samples))
        #expect(forecast.low >= 0 && forecast.low <= forecast.expected && forecast.expected <= forecast.high)
    }
}
