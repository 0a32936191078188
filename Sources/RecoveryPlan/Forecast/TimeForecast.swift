internal import Trends

/// What a number of seconds is expected to be, and between what it is likely to lie.
package struct TimeForecast: Codable, Equatable, Sendable {
    /// What the range is made of.
    package enum Basis: String, Codable, Sendable {
        /// One measurement. Nothing is known of how far the next may be from it: no range is claimed.
        case one
        /// Two: their middle, and they themselves.
        case span
        /// Three or more: their median, and the 95 % prediction interval, widened to all that was ever measured.
        case interval
        /// A line of seconds over bytes, and its 95 % prediction interval.
        case line
        /// The way through several steps: all at their low ends, all at their high ends.
        case sum
    }

    package var expected: Double
    /// Never below zero.
    package var low: Double
    package var high: Double
    /// Measurements behind it.
    package var samples: Int
    /// Nil in journals that do not say it.
    package var basis: Basis?

    package init(expected: Double, low: Double, high: Double, samples: Int, basis: Basis) {
        self.expected = max(0, expected)
        self.low = min(max(0, low), self.expected)
        self.high = max(high, self.expected)
        self.samples = samples
        self.basis = basis
    }

    /// Whether the two ends say anything: one measurement has no range.
    package var hasRange: Bool { samples > 1 || low < high }

    /// Of measurements of the same thing.
    /// - Returns: nil without one.
    package init?(_ samples: [Double]) {
        let sorted = samples.filter { $0.isFinite && $0 >= 0 }.sorted()
        guard let least = sorted.first, let most = sorted.last else { return nil }
        let middle = sorted.count / 2
        let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        // What was measured once can happen again, however unlikely the interval thinks it.
        let interval = PredictionInterval(sorted)
        self.init(
            expected: median, low: min(least, interval?.low ?? least), high: max(most, interval?.high ?? most),
            samples: sorted.count, basis: sorted.count == 1 ? .one : interval == nil ? .span : .interval)
    }
}
