import Foundation
import Lab
import Testing

@testable import Trends

/// Agreement with scikit-learn (line), statsmodels (interval) and SciPy (quantiles): see fixtures/forecast/make.py.
@Suite struct RecordedCasesTests {
    struct Recorded: Decodable {
        struct Quantile: Decodable {
            var probability: Double
            var degrees: Int
            var value: Double
        }
        struct Case: Decodable, CustomTestStringConvertible {
            struct Ahead: Decodable {
                var days: Int
                var value: Double
                var low: Double
                var high: Double
            }
            var name: String
            var samples: [[Double]]
            var slopePerDay: Double
            var determination: Double
            var forecasts: [Ahead]
            var testDescription: String { name }
        }
        struct Constant: Decodable {
            var values: [Double]
            var low: Double
            var high: Double
        }
        var quantiles: [Quantile]
        var cases: [Case]
        var constants: [Constant]
    }

    static func recorded() throws -> Recorded {
        return try JSONDecoder().decode(
            Recorded.self, from: Data(contentsOf: Checkout.url("fixtures/forecast/cases.json")))
    }

    private func agree(_ mine: Double, _ theirs: Double, to precision: Double = 1e-9) -> Bool {
        abs(mine - theirs) <= precision * max(abs(theirs), 1e-6)
    }

    @Test func `quantiles of Student's t agree with SciPy`() throws {
        let recorded = try Self.recorded().quantiles
        #expect(recorded.count == 27)
        for row in recorded {
            let mine = StudentT.quantile(row.probability, degrees: row.degrees)
            #expect(agree(mine, row.value), "\(row): \(mine)")
        }
    }

    /// The case in which x is exactly the mean of the beta function: with one degree of freedom at 1, where Cauchy's
    /// distribution holds three quarters, with six at 1.5.
    @Test(arguments: [(1, 1.0, 0.75), (6, 1.5, 0.9078596319292591)])
    func `the distribution is the same from both sides of its mean`(degrees: Int, t: Double, share: Double) {
        for t in [t.nextDown, t, t.nextUp] {
            #expect(agree(StudentT.cumulative(t, degrees: degrees), share))
        }
    }

    @Test(arguments: try Self.recorded().cases)
    func `lines and intervals agree with scikit-learn and statsmodels`(_ recorded: Recorded.Case) throws {
        let samples = recorded.samples.map { Sample(x: $0[0], value: $0[1]) }
        let regression = try #require(LinearRegression(samples))
        let now = try #require(samples.last).x
        #expect(regression.count == samples.count)
        #expect(agree(regression.slope * 86_400, recorded.slopePerDay))
        #expect(agree(regression.determination, recorded.determination))
        #expect(recorded.forecasts.map(\.days) == Horizon.allCases.map(\.days))
        for row in recorded.forecasts {
            let mine = regression.forecast(at: now + Double(row.days) * 86_400)
            #expect(agree(mine.value, row.value) && agree(mine.low, row.low) && agree(mine.high, row.high), "\(mine)")
            #expect(mine.samples == samples.count)
        }
    }
}
