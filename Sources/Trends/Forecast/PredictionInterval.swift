/// The range of one more value of the same kind with a given probability, by Student's t. It assumes that the values
/// scatter at random around a constant.
package struct PredictionInterval: Equatable, Sendable {
    package var low: Double
    package var high: Double

    /// The smallest number of values: for two, Student's t yields a useless range of 38 times their distance.
    package static let fewest = 3

    /// - Returns: nil for fewer than three finite values, or for values whose squares overflow.
    package init?(_ values: [Double], covering coverage: Coverage = .ninetyFive) {
        let values = values.filter(\.isFinite)
        guard values.count >= Self.fewest else { return nil }
        let n = Double(values.count)
        let mean = values.reduce(0) { $0 + $1 / n }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        guard squares.isFinite else { return nil }
        // The scatter of the new value, and of the mean.
        let spread = (squares / (n - 1)).squareRoot() * (1 + 1 / n).squareRoot()
        let half = coverage.quantile(degrees: values.count - 1) * spread
        (low, high) = (mean - half, mean + half)
    }
}
