/// The score of a forecast that gives a median and central ranges, once the value is known.
///
/// The score is in the unit of the value, and smaller is better. It rewards narrow ranges that contain the value. It is
/// the weighted interval score of Bracher et al. (PLoS Computational Biology 17(2), 2021, e1008618), which approaches
/// the continuous ranked probability score (CRPS) as the number of ranges grows. Without ranges it is the absolute error.
package struct IntervalScore: Equatable, Sendable {
    /// A central range of the forecast.
    package struct Range: Equatable, Sendable {
        /// The probability of the range: above zero and below one.
        package var coverage: Double
        package var low: Double
        package var high: Double

        package init(coverage: Double, low: Double, high: Double) {
            self.coverage = coverage
            self.low = low
            self.high = high
        }
    }

    package let value: Double

    /// - Parameter actual: the value that was forecast.
    package init(median: Double, _ ranges: [Range], actual: Double) {
        var sum = abs(actual - median) / 2
        for range in ranges {
            let miss = 1 - range.coverage
            // The width, plus a penalty for a value outside, which is larger for a range that claims more.
            let penalty = max(0, range.low - actual) + max(0, actual - range.high)
            sum += miss / 2 * (range.high - range.low) + penalty
        }
        value = sum / (Double(ranges.count) + 0.5)
    }
}
