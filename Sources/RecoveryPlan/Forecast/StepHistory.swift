internal import Trends

/// How long one step took in earlier runs, and what it moved.
///
/// A step that moves data takes a fixed part, and its bytes by the throughput. Where earlier runs moved amounts that
/// differ enough, both come from a line of seconds over bytes. Where they do not, nothing tells the one from the
/// other: what moves more than before is then taken to be longer by as much, and what moves less to be no shorter.
/// Both err towards too long.
struct StepHistory: Equatable, Sendable {
    struct Attempt: Equatable, Sendable {
        var seconds: Double
        /// Of what a restore moved.
        var bytes: Int?
    }

    /// That were done; those that failed say nothing of how long one that succeeds takes.
    var attempts: [Attempt]

    /// Fewest attempts that a line is drawn through: the interval of four is still eight times their scatter.
    private static let fewest = 5
    /// How many times the smallest amount the largest is at least, for a line to tell throughput from chance.
    private static let contrast = 1.25
    /// Below a mebibyte a step is ruled by what does not grow with its bytes.
    private static let smallest = 1 << 20

    /// - Parameter size: what it would move; nil where it moves nothing, or that is not known.
    /// - Returns: nil where it was never done.
    func forecast(_ size: SizeForecast?) -> TimeForecast? {
        guard let size else { return TimeForecast(attempts.map(\.seconds)) }
        if let line {
            func at(_ bytes: Int) -> Forecast { line.forecast(at: Double(bytes)) }
            return TimeForecast(
                expected: at(size.expected).value, low: at(size.low).low, high: at(size.high).high,
                samples: line.count, basis: .line)
        }
        func scaled(_ bytes: Int) -> TimeForecast? {
            TimeForecast(attempts.map { $0.scaled(to: bytes, Self.smallest) })
        }
        guard var forecast = scaled(size.expected) else { return nil }
        forecast.low = min(forecast.low, scaled(size.low)?.low ?? forecast.low)
        forecast.high = max(forecast.high, scaled(size.high)?.high ?? forecast.high)
        return forecast
    }

    /// The fixed part, and what is added for each byte.
    struct Throughput: Equatable {
        /// Seconds; 0 where nothing tells it from the rest.
        var fixed: Double
        var bytesPerSecond: Double
    }

    /// Nil where it moved too little to say.
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

    /// Nil where the amounts do not differ enough, or more did not take longer.
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
