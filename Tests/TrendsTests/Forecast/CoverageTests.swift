import Testing

@testable import Trends

@Suite struct CoverageTests {
    /// From tables of Student's t.
    @Test(arguments: [
        (Coverage.half, 1, 1.0), (.half, 2, 0.8165), (.half, 10, 0.6998), (.ninety, 2, 2.9200), (.ninety, 10, 1.8125),
        (.ninetyFive, 10, 2.2281),
    ])
    func `a range reaches to the quantile of its coverage`(_ coverage: Coverage, degrees: Int, value: Double) {
        #expect(abs(coverage.quantile(degrees: degrees) - value) < 1e-4)
    }

    @Test func `ranges with more coverage contain those with less`() throws {
        let values = [61.2, 58.9, 60.4, 63.0, 59.7]
        let ranges = try Coverage.allCases.map { try #require(PredictionInterval(values, covering: $0)) }
        for (inner, outer) in zip(ranges, ranges.dropFirst()) {
            #expect(outer.low < inner.low && inner.high < outer.high)
        }
        let line = try #require(
            LinearRegression([(1, 10), (2, 12), (3, 13), (4, 17)].map { Sample(x: $0.0, value: $0.1) }))
        let half = line.forecast(at: 5, covering: .half), whole = line.forecast(at: 5)
        #expect(half.value == whole.value && whole.low < half.low && half.high < whole.high)
        #expect(line.forecast(at: 5, covering: .ninetyFive) == whole)
    }
}
