/// A straight line through samples by least squares, with the expected distance of the next sample from it.
///
/// No sample is removed as an outlier, because a measured value can occur again. An outlier widens the interval, so a
/// forecast from such a history shows its uncertainty.
package struct LinearRegression: Equatable, Sendable {
    /// The number of samples behind the line.
    package let count: Int
    /// The change of the value for one more unit of x: a second, a byte.
    package let slope: Double
    /// The share of the values' variance that the line explains, 0...1; 1 if they do not vary.
    package let determination: Double
    /// The middle of the samples. The line goes through it, and computing from there keeps the digits that seconds
    /// since 1970 would lose.
    private let meanX: Double
    private let meanValue: Double
    /// The sum of the squared distances of x from its mean.
    private let xSquares: Double
    /// The standard deviation of the samples around the line.
    private let residual: Double
    /// Half of the 95 % interval at the line's middle, in units of the standard deviation.
    private let quantile: Double

    /// The smallest number of samples that distinguishes a line from chance: any two samples lie on a line.
    package static let fewest = 3

    /// - Returns: nil for fewer than three samples, or if all have the same x. Values whose squares overflow also count
    ///   as missing; only a wrong expression yields such values.
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
        quantile = Coverage.ninetyFive.quantile(degrees: samples.count - 2)
    }

    /// Returns the expected value at an x: at a time, or for an amount.
    package func forecast(at x: Double) -> Forecast { forecast(at: x, quantile: quantile) }

    /// Returns the expected value with the range that contains a new sample with another probability than 95 %.
    package func forecast(at x: Double, covering coverage: Coverage) -> Forecast {
        forecast(at: x, quantile: coverage.quantile(degrees: count - 2))
    }

    private func forecast(at x: Double, quantile: Double) -> Forecast {
        let distance = x - meanX
        let value = meanValue + slope * distance
        // The scatter of the new sample, of the mean, and of the slope; the last one grows with the distance.
        let spread = residual * (1 + 1 / Double(count) + distance * distance / xSquares).squareRoot()
        return Forecast(
            x: x, value: value, low: value - quantile * spread, high: value + quantile * spread, samples: count)
    }
}

/// The expected value at an x, with the range of a single new sample, in 95 % of cases by default. It assumes that the growth
/// continues unchanged and that the scatter is random.
package struct Forecast: Equatable, Sendable {
    /// The position, in the unit of the samples.
    package var x: Double
    package var value: Double
    package var low: Double
    package var high: Double
    /// The number of samples behind the forecast.
    package var samples: Int

    package init(x: Double, value: Double, low: Double, high: Double, samples: Int) {
        self.x = x
        self.value = value
        self.low = low
        self.high = high
        self.samples = samples
    }
}
