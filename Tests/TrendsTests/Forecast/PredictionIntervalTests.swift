import Testing

@testable import Trends

@Suite struct PredictionIntervalTests {
    @Test(arguments: [[], [1.0], [1, 2], [1, .nan, 2], [1, 1e200, 3]])
    func `fewer than three usable values have no prediction interval`(_ values: [Double]) {
        #expect(PredictionInterval(values) == nil)
    }

    @Test func `equal values are certain`() {
        let interval = PredictionInterval([7, 7, 7, 7])
        #expect(interval?.low == 7 && interval?.high == 7)
    }

    @Test func `an outlier widens it`() throws {
        let calm = try #require(PredictionInterval([10, 11, 10, 9, 10]))
        let shaken = try #require(PredictionInterval([10, 11, 10, 9, 100]))
        #expect(shaken.high - shaken.low > 20 * (calm.high - calm.low))
    }

    @Test(arguments: try RecordedCasesTests.recorded().constants)
    func `it agrees with statsmodels`(_ recorded: RecordedCasesTests.Recorded.Constant) throws {
        let mine = try #require(PredictionInterval(recorded.values))
        #expect(abs(mine.low - recorded.low) <= 1e-9 * abs(recorded.low))
        #expect(abs(mine.high - recorded.high) <= 1e-9 * abs(recorded.high))
    }
}
