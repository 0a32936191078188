import Foundation
import Testing

@testable import Trends

@Suite struct IntervalScoreTests {
    @Test(arguments: [3.0, 10, 25])
    func `without ranges the score is the absolute error`(_ actual: Double) {
        #expect(IntervalScore(median: 10, [], actual: actual).value == abs(actual - 10))
    }

    /// A range without width says nothing but the median.
    @Test func `a forecast of one value scores its absolute error with any number of ranges`() {
        let ranges = [0.5, 0.9].map { IntervalScore.Range(coverage: $0, low: 10, high: 10) }
        #expect(abs(IntervalScore(median: 10, ranges, actual: 14).value - 4) < 1e-12)
    }

    /// (5/2 + 0.25 * 4 + 3 + 0.05 * 20) / 2.5, by hand.
    @Test func `a value outside a range costs its distance from it`() {
        let ranges = [
            IntervalScore.Range(coverage: 0.5, low: 8, high: 12), .init(coverage: 0.9, low: 0, high: 20),
        ]
        #expect(abs(IntervalScore(median: 10, ranges, actual: 15).value - 3) < 1e-12)
    }

    /// The ranges of a distribution at many evenly spaced levels.
    private func score(_ quantile: (Double) -> Double, _ actual: Double) -> Double {
        let count = 2000
        let ranges = (1...count).map { level in
            let tail = (Double(level) - 0.5) / Double(2 * count)
            return IntervalScore.Range(coverage: 1 - 2 * tail, low: quantile(tail), high: quantile(1 - tail))
        }
        return IntervalScore(median: quantile(0.5), ranges, actual: actual).value
    }

    /// The CRPS of the uniform distribution on 0...1 is |y - F(y)| + F(y)² - F(y) + 1/3 (Jordan, Krüger, Lerch 2019).
    @Test(arguments: [-0.5, 0, 0.2, 0.5, 0.9, 1, 1.7])
    func `with many ranges it is the CRPS of a uniform distribution`(_ actual: Double) {
        let below = min(1, max(0, actual))
        let expected = abs(actual - below) + below * below - below + 1.0 / 3
        #expect(abs(score({ $0 }, actual) - expected) < 1e-3)
    }

    /// The CRPS of a normal distribution is σ (z (2 Φ(z) - 1) + 2 φ(z) - 1/√π) (Gneiting and Raftery 2007, equation 21
    /// and the text after it).
    @Test(arguments: [60.0, 95, 100, 107, 130])
    func `with many ranges it is the CRPS of a normal distribution`(_ actual: Double) {
        let mean = 100.0, deviation = 10.0
        let z = (actual - mean) / deviation
        let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
        let expected = deviation * (z * erf(z / 2.0.squareRoot()) + 2 * density - 1 / Double.pi.squareRoot())
        #expect(abs(score({ mean + deviation * Self.normal($0) }, actual) - expected) < 2e-2)
    }

    /// The quantile of the standard normal distribution, by bisection of its distribution function.
    private static func normal(_ probability: Double) -> Double {
        var (low, high) = (-10.0, 10.0)
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if (1 + erf(middle / 2.0.squareRoot())) / 2 < probability { low = middle } else { high = middle }
        }
        return low
    }
}
