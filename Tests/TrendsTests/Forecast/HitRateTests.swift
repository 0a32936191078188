import Testing

@testable import Trends

@Suite struct HitRateTests {
    private func rate(_ coverage: Coverage, _ hits: Int, of count: Int) -> HitRate {
        HitRate(coverage, (0..<count).map { $0 < hits })
    }

    @Test func `the rate is the share of hits`() {
        let hits = HitRate(.half, [true, false, true, true])
        #expect(hits.hits == 3 && hits.count == 4 && hits.rate == 0.75 && hits.promised == 0.5)
        #expect(HitRate(.half, []).rate == nil)
    }

    /// Binomial probabilities by hand: 0.5^4 = 0.0625, 0.5^5 = 0.03125; for 90 %, 0.1^1 = 0.1 and 0.1^2 = 0.01.
    @Test(arguments: [
        (Coverage.half, 0, 4, HitRate.Verdict.consistent), (.half, 0, 5, .tooNarrow), (.half, 5, 5, .tooWide),
        (.half, 4, 4, .consistent), (.half, 10, 20, .consistent), (.ninety, 0, 1, .consistent),
        (.ninety, 0, 2, .tooNarrow), (.ninety, 18, 20, .consistent),
        // 0.9^28 = 0.0523, 0.9^29 = 0.0471.
        (.ninety, 28, 28, .consistent), (.ninety, 29, 29, .tooWide),
    ])
    func `only a difference that chance does not explain is a verdict`(
        _ coverage: Coverage, hits: Int, count: Int, verdict: HitRate.Verdict
    ) {
        #expect(rate(coverage, hits, of: count).verdict == verdict)
    }

    @Test func `without values there is no verdict against the forecast`() {
        #expect(HitRate(.ninety, []).verdict == .consistent)
    }
}
