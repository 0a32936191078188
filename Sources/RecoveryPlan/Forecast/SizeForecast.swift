internal import Platform
package import Trends

/// The expected size of a restore in bytes, with its likely range.
package struct SizeForecast: Equatable, Sendable {
    package var expected: Int
    package var low: Int
    package var high: Int

    package init(expected: Int, low: Int, high: Int) {
        self.expected = expected
        self.low = low
        self.high = high
    }

    /// A known size.
    package init(_ bytes: Int) { self.init(expected: bytes, low: bytes, high: bytes) }

    /// True for a known size.
    var isExact: Bool { low == high }
}

/// The sizes of one component in its backups.
package struct SizeHistory: Equatable, Sendable {
    /// Bytes in the newest backup that contains the component.
    package var newest: Int
    /// Bytes by the time of the backup, the oldest first.
    package var samples: [Sample]

    package init(newest: Int, samples: [Sample]) {
        self.newest = newest
        self.samples = samples
    }

    package enum Ahead: Equatable, Sendable {
        case known(SizeForecast)
        /// The reason, as words that follow the component's name.
        case unknown(String)
    }

    /// The longest horizon, as a multiple of the history's length: a forecast for a year needs a month of backups.
    ///
    /// A shorter history does not support the extrapolation, however well a line fits it.
    package static let reach = 12.0

    /// Forecasts the size at the current growth: a straight line with its 95 % prediction interval.
    /// - Parameter now: seconds since 1970.
    package func ahead(_ horizon: Horizon, from now: Double) -> Ahead {
        guard let regression = LinearRegression(samples), let first = samples.first, let last = samples.last else {
            return .unknown(
                "is in \(samples.count) backup\(samples.count == 1 ? "" : "s") of the last 90 days: too few for a forecast"
            )
        }
        guard (last.x - first.x) * Self.reach >= horizon.seconds else {
            let days = Int(clamping: (last.x - first.x) / 86_400)
            return .unknown(
                "has \(days) day\(days == 1 ? "" : "s") of history: too short for a forecast of \(horizon.days) days")
        }
        let forecast = regression.forecast(at: now + horizon.seconds)
        return .known(
            SizeForecast(
                expected: Self.bytes(forecast.value), low: Self.bytes(forecast.low), high: Self.bytes(forecast.high)))
    }

    /// Clamps a size to 0...1e18 bytes.
    private static func bytes(_ value: Double) -> Int { Int(clamping: min(max(0, value), 1e18)) }
}
