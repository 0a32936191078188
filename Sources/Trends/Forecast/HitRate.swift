internal import FoundationEssentials
internal import Glibc

/// The number of values that lay within their forecast ranges, compared with the number that the ranges promise.
package struct HitRate: Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        /// The difference can be chance.
        case consistent
        /// Fewer hits than promised, by more than chance explains.
        case tooNarrow = "too narrow"
        /// More hits than promised, by more than chance explains.
        case tooWide = "too wide"
    }

    /// The probability that the ranges promise.
    package let promised: Double
    package let hits: Int
    package let count: Int

    /// The probability below which a difference is not explained by chance, at each end.
    private static let significance = 0.05

    package init(_ coverage: Coverage, _ hits: [Bool]) {
        promised = coverage.rawValue
        self.hits = hits.count { $0 }
        count = hits.count
    }

    /// The share of hits, 0...1; nil without values.
    package var rate: Double? { count == 0 ? nil : Double(hits) / Double(count) }

    /// The verdict of the one-sided binomial test at each end. Few values are always consistent.
    package var verdict: Verdict {
        if probability(of: 0...hits) < Self.significance { return .tooNarrow }
        if probability(of: hits...count) < Self.significance { return .tooWide }
        return .consistent
    }

    /// The probability of a number of hits in this range, if each value is a hit with the promised probability.
    private func probability(of range: ClosedRange<Int>) -> Double {
        let n = Double(count)
        return range.reduce(0) { sum, hits in
            let k = Double(hits)
            let ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
            return sum + exp(ways + k * log(promised) + (n - k) * log(1 - promised))
        }
    }
}
