internal import Platform
package import Trends

/// How much a restore would move: bytes, and between what they are likely to lie.
package struct SizeForecast: Equatable, Sendable {
    package var expected: Int
    package var low: Int
    package var high: Int

    package init(expected: Int, low: Int, high: Int) {
        self.expected = expected
        self.low = low
        self.high = high
    }

    /// A size that is known.
    package init(_ bytes: Int) { self.init(expected: bytes, low: bytes, high: bytes) }
}

/// The size of one component in the backups so far.
package struct SizeHistory: Equatable, Sendable {
    /// Bytes in the newest backup that has it.
    package var newest: Int
    /// Bytes by the moment of a backup, in the order of time.
    package var samples: [Sample]

    package init(newest: Int, samples: [Sample]) {
        self.newest = newest
        self.samples = samples
    }

    package enum Ahead: Equatable, Sendable {
        case known(SizeForecast)
        /// Why not, in words that follow the component's name.
        case unknown(String)
    }

    /// So many times its own length a history is looked ahead from, so that a year asks for a month of it. A line
    /// through an afternoon says nothing of a year, however straight it is.
    package static let reach = 12.0

    /// What it is at the present growth: a straight line, with the 95 % prediction interval.
    /// - Parameter now: seconds since 1970.
    package func ahead(_ horizon: Horizon, from now: Double) -> Ahead {
        guard let regression = LinearRegression(samples), let first = samples.first, let last = samples.last else {
            return .unknown(
                "is in \(samples.count) backup\(samples.count == 1 ? "" : "s") of the last 90 days: too few for its growth"
            )
        }
        guard (last.x - first.x) * Self.reach >= horizon.seconds else {
            let days = Int(clamping: (last.x - first.x) / 86_400)
            return .unknown(
                "is known for \(days) day\(days == 1 ? "" : "s"): too short to look \(horizon.days) ahead from")
        }
        let forecast = regression.forecast(at: now + horizon.seconds)
        return .known(
            SizeForecast(
                expected: Self.bytes(forecast.value), low: Self.bytes(forecast.low), high: Self.bytes(forecast.high)))
    }

    /// No component is smaller than nothing, or larger than what can be counted.
    private static func bytes(_ value: Double) -> Int { Int(clamping: min(max(0, value), 1e18)) }
}
