internal import Trends

/// The durations of one step in earlier runs, with the bytes that it moved.
///
/// A step that moves data takes a fixed time, plus its bytes divided by the throughput. If the earlier runs moved
/// sufficiently different amounts, a line of seconds over bytes gives both values. Otherwise they cannot be told
/// apart: a larger amount is then taken to need proportionally longer, a smaller amount the same time. Both
/// estimates err on the long side.
struct StepHistory: Equatable, Sendable {
    struct Attempt: Equatable, Sendable {
        var seconds: Double
        /// Bytes that a restore moved.
        var bytes: Int?
    }

    /// The successful attempts. Failed attempts do not show how long a successful one takes.
    var attempts: [Attempt]

    /// The minimum number of attempts for a line: with four, the interval is still eight times their scatter.
    private static let fewest = 5
    /// The minimum ratio of the largest to the smallest amount, so that a line shows throughput and not noise.
    private static let contrast = 1.25
    /// Bytes up to which the fixed time dominates: one mebibyte.
    private static let smallest = 1 << 20

    /// Forecasts the duration of the step.
    /// - Parameter size: the bytes to move; nil if the step moves none, or the size is not known.
    /// - Returns: nil if there is no successful attempt.
    func forecast(_ size: SizeForecast?) -> TimeForecast? {
        guard let size else { return TimeForecast(attempts.map(\.seconds)) }
        if let line {
            func at(_ bytes: Int) -> Forecast { line.forecast(at: Double(bytes)) }
            func band(_ coverage: Coverage) -> TimeForecast.Band? {
                guard size.isExact else { return nil }
                let forecast = line.forecast(at: Double(size.expected), covering: coverage)
                return TimeForecast.Band(low: forecast.low, high: forecast.high)
            }
            return TimeForecast(
                expected: at(size.expected).value, low: at(size.low).low, high: at(size.high).high,
                samples: line.count, basis: .line, band50: band(.half), band90: band(.ninety))
        }
        func scaled(_ bytes: Int) -> TimeForecast? {
            TimeForecast(attempts.map { $0.scaled(to: bytes, Self.smallest) })
        }
        guard var forecast = scaled(size.expected) else { return nil }
        guard !size.isExact else { return forecast }
        // The bands do not contain the uncertainty of the size.
        (forecast.band50, forecast.band90) = (nil, nil)
        forecast.low = min(forecast.low, scaled(size.low)?.low ?? forecast.low)
        forecast.high = max(forecast.high, scaled(size.high)?.high ?? forecast.high)
        return forecast
    }

    /// The fixed time of a step, and its throughput.
    struct Throughput: Equatable {
        /// Seconds; 0 if it cannot be told from the rest.
        var fixed: Double
        var bytesPerSecond: Double
    }

    /// Nil if the step moved too little to measure.
    var throughput: Throughput? {
        if let line {
            return Throughput(fixed: max(0, line.forecast(at: 0).value), bytesPerSecond: 1 / line.slope)
        }
        let rates = moving.filter { $0.value > 0 }.map { $0.x / $0.value }
        return TimeForecast(rates).map { Throughput(fixed: 0, bytesPerSecond: $0.expected) }
    }

    private var moving: [Sample] {
        attempts.compactMap { attempt in
            attempt.bytes.flatMap { $0 > Self.smallest ? Sample(x: Double($0), value: attempt.seconds) : nil }
        }
    }

    /// Nil if the amounts are too similar, or larger amounts did not take longer.
    private var line: LinearRegression? {
        let moving = moving, amounts = moving.map(\.x)
        guard moving.count >= Self.fewest, let least = amounts.min(), let most = amounts.max(),
            most >= least * Self.contrast, let line = LinearRegression(moving), line.slope > 0
        else { return nil }
        return line
    }
}

extension StepHistory.Attempt {
    fileprivate func scaled(to amount: Int, _ smallest: Int) -> Double {
        guard let bytes, bytes > smallest, amount > bytes else { return seconds }
        return seconds * Double(amount) / Double(bytes)
    }
}
