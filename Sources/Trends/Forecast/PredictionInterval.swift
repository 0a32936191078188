/// Where one more value of the same kind is to be expected in 95 % of cases, by Student's t: the values are taken to
/// scatter at random around one that does not change.
package struct PredictionInterval: Equatable, Sendable {
    package var low: Double
    package var high: Double

    /// Fewest values: of two, Student's t says a range of 38 times their distance, which is no answer.
    package static let fewest = 3

    /// - Returns: nil for fewer than three finite values, or such whose squares are beyond what a number holds.
    package init?(_ values: [Double]) {
        let values = values.filter(\.isFinite)
        guard values.count >= Self.fewest else { return nil }
        let n = Double(values.count)
        let mean = values.reduce(0) { $0 + $1 / n }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        guard squares.isFinite else { return nil }
        // The new value's own scatter, and that of the mean.
        let spread = (squares / (n - 1)).squareRoot() * (1 + 1 / n).squareRoot()
        let half = StudentT.quantile(0.975, degrees: values.count - 1) * spread
        (low, high) = (mean - half, mean + half)
    }
}
