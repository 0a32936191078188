import Testing

@testable import RecoveryPlan

@Suite struct StepHistoryTests {
    /// A fixed time of 20 s, and 50 MiB/s.
    private func seconds(_ mebibytes: Int) -> Double { 20 + Double(mebibytes) / 50 }

    private func history(_ attempts: [(mebibytes: Int, seconds: Double)]) -> StepHistory {
        StepHistory(attempts: attempts.map { .init(seconds: $0.seconds, bytes: $0.mebibytes * .mebibyte) })
    }

    private func exact(_ mebibytes: Int...) -> StepHistory { history(mebibytes.map { ($0, seconds($0)) }) }

    @Test func `a line tells the fixed part from the throughput`() throws {
        let history = exact(1000, 2000, 1500, 1200, 1700)
        let forecast = try #require(history.forecast(SizeForecast(10_000 * .mebibyte)))
        #expect(forecast.basis == .line && forecast.samples == 5)
        #expect(abs(forecast.expected - 220) < 1e-6 && forecast.high - forecast.low < 1e-6)
        let throughput = try #require(history.throughput)
        #expect(abs(throughput.fixed - 20) < 1e-6)
        #expect(abs(throughput.bytesPerSecond / Double(Int.mebibyte) - 50) < 1e-6)
    }

    /// Four attempts, or similar sizes, do not show the fixed time: all of it counts as throughput.
    @Test(arguments: [[1000, 2000, 1500, 1200], [1000, 1010, 1020, 1030, 1040, 1050]])
    func `few or like sizes are scaled`(_ mebibytes: [Int]) throws {
        let history = history(mebibytes.map { ($0, seconds($0)) })
        let ratios = mebibytes.map { seconds($0) / Double($0) * 4000 }.sorted()
        let median = (ratios[(ratios.count - 1) / 2] + ratios[ratios.count / 2]) / 2
        let forecast = try #require(history.forecast(SizeForecast(4000 * .mebibyte)))
        #expect(forecast.basis == .interval && abs(forecast.expected - median) < 1e-6)
        #expect(forecast.expected > seconds(4000))
    }

    @Test func `one attempt is scaled up and never down`() {
        let history = history([(100, 50)])
        #expect(history.forecast(SizeForecast(200 * .mebibyte))?.expected == 100)
        #expect(history.forecast(SizeForecast(50 * .mebibyte))?.expected == 50)
        #expect(history.forecast(nil)?.expected == 50)
        #expect(history.forecast(SizeForecast(200 * .mebibyte))?.hasRange == false)
    }

    @Test func `the time of a small restore is not scaled with its size`() {
        let small = StepHistory(attempts: [.init(seconds: 3, bytes: 2000)])
        #expect(small.forecast(SizeForecast(20_000))?.expected == 3)
        #expect(small.throughput == nil)
    }

    @Test func `larger restores that did not take longer give no throughput`() {
        let falling = history([(1000, 90), (1300, 80), (1600, 70), (1900, 60), (2200, 50)])
        #expect(falling.forecast(SizeForecast(2200 * .mebibyte))?.basis == .interval)
    }

    /// For any measurements, more bytes never take less time, and no time is negative.
    @Test(arguments: 0..<60) func `more bytes never take less`(_ seed: UInt64) throws {
        var random = Congruential(seed)
        let count = Int(random.next() % 12) + 1
        let history = history(
            (0..<count).map { _ in (Int(random.next() % 4000) + 1, Double(random.next() % 10_000) / 100) })
        var before = 0.0
        for step in 0...50 {
            let size = (step * step * 10) * .mebibyte
            let forecast = try #require(history.forecast(SizeForecast(expected: size, low: size / 2, high: size * 2)))
            #expect(forecast.expected >= before - 1e-9, "\(size) of \(history)")
            #expect(forecast.low >= 0 && forecast.low <= forecast.expected && forecast.expected <= forecast.high)
            before = forecast.expected
        }
    }

    @Test func `a size that is a range widens the time`() throws {
        let history = exact(1000, 2000, 1500, 1200, 1700)
        let size = SizeForecast(expected: 10_000 * .mebibyte, low: 5000 * .mebibyte, high: 20_000 * .mebibyte)
        let forecast = try #require(history.forecast(size))
        #expect(abs(forecast.low - 120) < 1e-6 && abs(forecast.high - 420) < 1e-6)
    }
}

/// A random number generator with a fixed seed.
struct Congruential: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493 }
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
