/// A straight line through samples by least squares, and how far from it the next sample is to be expected.
///
/// No sample is taken out as an outlier: what was measured once can happen again. An outlier widens the interval, so
/// that a forecast from such a history admits that it knows little.
package struct LinearRegression: Equatable, Sendable {
    /// Samples behind the line.
    package let count: Int
    /// Change of the value with one more of x: a second, a byte.
    package let slope: Double
    /// Share of the values' variance that the line explains, 0...1; 1 where they do not vary.
    package let determination: Double
    /// The middle of the samples: the line goes through it, and computing from there keeps the digits that seconds
    /// since 1970 would eat.
    private let meanX: Double
    private let meanValue: Double
    /// Sum of the squared distances of x from its mean.
    private let xSquares: Double
    /// Standard deviation of the samples around the line.
    private let residual: Double
    /// Half of the interval at the line's middle, in units of the standard deviation.
    private let quantile: Double

    /// Fewest samples that tell a line from chance: two lie on a line whatever they are.
    package static let fewest = 3

    /// - Returns: nil for fewer than three samples, or where all have the same x: there are no data then. So are
    ///   values whose squares are beyond what a number holds, which only a wrong expression gives.
    package init?(_ samples: [Sample]) {
        let samples = samples.filter { $0.x.isFinite && $0.value.isFinite }
        guard samples.count >= Self.fewest else { return nil }
        let n = Double(samples.count)
        let meanX = samples.reduce(0) { $0 + $1.x / n }
        let meanValue = samples.reduce(0) { $0 + $1.value / n }
        var xSquares = 0.0, valueSquares = 0.0, products = 0.0
        for sample in samples {
            let (x, y) = (sample.x - meanX, sample.value - meanValue)
            xSquares += x * x
            valueSquares += y * y
            products += x * y
        }
        guard xSquares > 0 else { return nil }
        let slope = products / xSquares
        var residualSquares = 0.0
        for sample in samples {
            let distance = sample.value - meanValue - slope * (sample.x - meanX)
            residualSquares += distance * distance
        }
        guard valueSquares.isFinite, residualSquares.isFinite else { return nil }
        count = samples.count
        self.slope = slope
        self.meanX = meanX
        self.meanValue = meanValue
        self.xSquares = xSquares
        determination = valueSquares > 0 ? max(0, 1 - residualSquares / valueSquares) : 1
        residual = (residualSquares / (n - 2)).squareRoot()
        quantile = StudentT.quantile(0.975, degrees: samples.count - 2)
    }

    /// What to expect at an x: at a moment, of an amount.
    package func forecast(at x: Double) -> Forecast {
        let distance = x - meanX
        let value = meanValue + slope * distance
        // The new sample's own scatter, that of the mean, and that of the slope, which grows with the distance.
        let spread = residual * (1 + 1 / Double(count) + distance * distance / xSquares).squareRoot()
        return Forecast(
            x: x, value: value, low: value - quantile * spread, high: value + quantile * spread, samples: count)
    }
}

/// What is expected at an x, with the range that a single new sample falls into in 95 % of cases, as far as the
/// growth goes on as it was and its scatter is random.
package struct Forecast: Equatable, Sendable {
    /// As in the samples.
    package var x: Double
    package var value: Double
    package var low: Double
    package var high: Double
    /// Behind the forecast.
    package var samples: Int

    package init(x: Double, value: Double, low: Double, high: Double, samples: Int) {
        self.x = x
        self.value = value
        self.low = low
        self.high = high
        self.samples = samples
    }
}
