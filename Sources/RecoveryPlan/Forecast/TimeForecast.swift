internal import Trends

/// An expected duration in seconds, with its likely range.
package struct TimeForecast: Codable, Equatable, Sendable {
    /// The source of the range.
    package enum Basis: String, Codable, Sendable {
        /// One measurement. The spread is unknown, so there is no range.
        case one
        /// Two measurements: their mean; they are the ends of the range.
        case span
        /// Three or more measurements: their median and the 95 % prediction interval, widened to include all of them.
        case interval
        /// A line of seconds over bytes, and its 95 % prediction interval.
        case line
        /// Rehearsals only: a lower bound, because they write nothing.
        case rehearsal
        /// The step is a wait of this length, which the plan sets.
        case wait
        /// Waits within the step, which the plan sets: a lower bound, because no run shows how long the rest takes.
        case waits
        /// A thaw of archived packs: the longest time that the store usually takes.
        case thaw
        /// A path through several steps: all at their low ends, all at their high ends.
        case sum
    }

    /// The runs that the measurements come from.
    package enum Source: String, Codable, Sendable {
        case recoveries, drills
        /// Recoveries and drills together, because there are too few of the kind that is forecast.
        case both
    }

    /// A range that is to contain the duration with a certain probability.
    package struct Band: Codable, Equatable, Sendable {
        package var low: Double
        package var high: Double

        package init(low: Double, high: Double) {
            self.low = low
            self.high = high
        }

        package func contains(_ seconds: Double) -> Bool { seconds >= low && seconds <= high }
    }

    package var expected: Double
    /// Never below zero.
    package var low: Double
    package var high: Double
    /// The number of measurements.
    package var samples: Int
    /// Nil in journals that do not record it.
    package var basis: Basis?
    /// The range that is to contain the duration in half of the cases; nil for fewer than three measurements, and in
    /// journals that do not record it.
    package var band50: Band?
    /// The range that is to contain the duration in nine of ten cases; nil where ``band50`` is nil.
    package var band90: Band?
    /// Nil in journals that do not record it.
    package var source: Source?

    /// Both ends never lie beyond the expected value, and never below zero.
    package init(
        expected: Double, low: Double, high: Double, samples: Int, basis: Basis, band50: Band? = nil,
        band90: Band? = nil, source: Source? = nil
    ) {
        self.expected = max(0, expected)
        self.low = min(max(0, low), self.expected)
        self.high = max(high, self.expected)
        self.samples = samples
        self.basis = basis
        self.source = source
        guard let band50, let band90 else { return }
        func around(_ band: Band, _ value: Double) -> Band {
            Band(low: min(max(0, band.low), value), high: max(band.high, value))
        }
        self.band50 = around(band50, self.expected)
        self.band90 = around(band90, self.expected)
    }

    /// Returns the forecast, at least as long as the bound.
    /// - Parameter least: seconds.
    func notBelow(_ least: Double) -> TimeForecast {
        guard expected < least, let basis else { return self }
        return TimeForecast(
            expected: least, low: max(low, least), high: max(high, least), samples: samples, basis: basis,
            source: source)
    }

    /// The forecast of a step that only waits, for a length that the plan sets.
    static func wait(_ seconds: Double) -> TimeForecast { given(seconds, .wait) }

    /// The forecast of a thaw that takes the longest time that is usual.
    static func thaw(_ seconds: Double) -> TimeForecast { given(seconds, .thaw) }

    private static func given(_ seconds: Double, _ basis: Basis) -> TimeForecast {
        let band = Band(low: seconds, high: seconds)
        return TimeForecast(
            expected: seconds, low: seconds, high: seconds, samples: 0, basis: basis, band50: band, band90: band)
    }

    /// The lower bound of a step from what is known of it without a run.
    /// - Parameters:
    ///   - rehearsal: of its restore, which does all that a rehearsal does.
    ///   - waits: the seconds of the waits that the plan sets within it.
    /// - Returns: nil if nothing is known.
    static func lowerBound(rehearsal: TimeForecast?, waits: Double) -> TimeForecast? {
        guard let rehearsal else {
            guard waits > 0 else { return nil }
            return TimeForecast(expected: waits, low: waits, high: waits, samples: 0, basis: .waits)
        }
        return TimeForecast(
            expected: rehearsal.expected + waits, low: rehearsal.low + waits, high: rehearsal.high + waits,
            samples: rehearsal.samples, basis: .rehearsal)
    }

    /// True if the time is only a lower bound.
    package var isLowerBound: Bool { basis == .rehearsal || basis == .waits }

    /// True if the plan or the store sets the time, so that no run is needed to know it.
    package var isGiven: Bool { basis == .wait || basis == .thaw }

    /// True if the two ends are meaningful: one measurement has no range.
    package var hasRange: Bool { samples > 1 || low < high }

    /// Forecasts from measurements of the same duration.
    /// - Returns: nil if there are no measurements.
    package init?(_ samples: [Double]) {
        let sorted = samples.filter { $0.isFinite && $0 >= 0 }.sorted()
        guard let least = sorted.first, let most = sorted.last else { return nil }
        let middle = sorted.count / 2
        let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        // A measured value can occur again, even if it lies outside the interval.
        let interval = PredictionInterval(sorted)
        func band(_ coverage: Coverage) -> Band? {
            PredictionInterval(sorted, covering: coverage).map { Band(low: $0.low, high: $0.high) }
        }
        self.init(
            expected: median, low: min(least, interval?.low ?? least), high: max(most, interval?.high ?? most),
            samples: sorted.count, basis: sorted.count == 1 ? .one : interval == nil ? .span : .interval,
            band50: band(.half), band90: band(.ninety))
    }

    /// Returns the forecast with the runs that it comes from.
    func by(_ source: Source) -> TimeForecast {
        var forecast = self
        forecast.source = source
        return forecast
    }

    /// The score of the forecast in seconds, see ``IntervalScore``; without bands the absolute error.
    package func score(_ actual: Double) -> Double {
        let bands = [(Coverage.half, band50), (.ninety, band90)].compactMap { coverage, band in
            band.map { IntervalScore.Range(coverage: coverage.rawValue, low: $0.low, high: $0.high) }
        }
        return IntervalScore(median: expected, bands, actual: actual).value
    }
}
