internal import Platform

/// The forecast of one past run, as its journal recorded it before the first step, and the measured time.
package struct ForecastOutcome: Encodable, Equatable, Sendable {
    package var run: String
    /// The start of the run, RFC 3339.
    package var at: String
    package var kind: RunKind
    /// Nil if there was too little data for a forecast of the whole run.
    package var forecast: TimeForecast?
    /// Seconds from the start to the validation; nil if the run was not validated.
    package var actual: Double?
    /// The reason why the run does not count; nil if it does.
    package var note: String?

    package init(
        run: String, at: String, kind: RunKind, forecast: TimeForecast?, actual: Double?, note: String? = nil
    ) {
        self.run = run
        self.at = at
        self.kind = kind
        self.forecast = forecast
        self.actual = actual
        self.note = note ?? Self.note(forecast, actual)
    }

    /// Reads the outcome from a journal; nil if the journal does not define a run.
    package init?(_ reading: JournalReading) {
        guard let record = reading.record else { return nil }
        let isResumed = reading.lines.contains { if case .runResumed = $0.body.event { true } else { false } }
        self.init(
            run: record.identity.id, at: Moment.text(record.startedAt), kind: record.kind,
            forecast: record.forecast?.total, actual: RecoveryClocks(reading.lines)?.validated,
            note: isResumed ? "resumed: the time includes the interruption" : nil)
    }

    private static func note(_ forecast: TimeForecast?, _ actual: Double?) -> String? {
        actual == nil ? "not validated" : forecast == nil ? "no forecast: too little data at that time" : nil
    }

    // MARK: Comparison

    /// The forecast and the measured time of a run that counts.
    private var pair: (forecast: TimeForecast, actual: Double)? {
        // Absurd values in a journal would overflow in sums.
        guard note == nil, let forecast, let actual, max(actual, forecast.high) < 1e12 else { return nil }
        return (forecast, actual)
    }

    /// Measured minus expected seconds.
    package var error: Double? { pair.map { $0.actual - $0.forecast.expected } }
    /// The measured time as a multiple of the expected time; nil if that is zero.
    package var ratio: Double? {
        pair.flatMap { $0.forecast.expected > 0 ? $0.actual / $0.forecast.expected : nil }
    }
    package var held50: Bool? { pair.flatMap { pair in pair.forecast.band50.map { $0.contains(pair.actual) } } }
    package var held90: Bool? { pair.flatMap { pair in pair.forecast.band90.map { $0.contains(pair.actual) } } }
    /// True if the time lay in the whole range; nil for a forecast from one measurement, which has none.
    package var heldRange: Bool? {
        pair.flatMap { pair in
            pair.forecast.hasRange
                ? TimeForecast.Band(low: pair.forecast.low, high: pair.forecast.high).contains(pair.actual) : nil
        }
    }
    /// Seconds, see `IntervalScore`; nil for a forecast without bands, whose score cannot be compared with others.
    package var score: Double? { pair.flatMap { $0.forecast.band50 == nil ? nil : $0.forecast.score($0.actual) } }

    package var counts: Bool { pair != nil }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(run, forKey: .run)
        try container.encode(at, forKey: .at)
        try container.encode(kind, forKey: .kind)
        try container.encodeIfPresent(forecast, forKey: .forecast)
        try container.encodeIfPresent(actual, forKey: .actual)
        try container.encodeIfPresent(note, forKey: .note)
        try container.encodeIfPresent(error, forKey: .error)
        try container.encodeIfPresent(ratio, forKey: .ratio)
        try container.encodeIfPresent(held50, forKey: .held50)
        try container.encodeIfPresent(held90, forKey: .held90)
        try container.encodeIfPresent(heldRange, forKey: .heldRange)
        try container.encodeIfPresent(score, forKey: .score)
    }

    private enum Key: CodingKey {
        case run, at, kind, forecast, actual, note, error, ratio, held50, held90, heldRange, score
    }
}

extension TimeForecast {
    /// The least difference in seconds that counts: short runs differ by chance and by the load of the machine.
    package static let leastDifference = 10.0

    /// True if the measured time differs from the expected one by more than a factor, in either direction.
    package func isOff(_ actual: Double, by factor: Double) -> Bool {
        guard abs(actual - expected) >= Self.leastDifference else { return false }
        return actual > expected * factor || actual * factor < expected
    }

    /// The finding about a measured time beyond the tolerance; nil within it.
    package func deviation(_ actual: Double, tolerance: Double) -> String? {
        guard isOff(actual, by: tolerance) else { return nil }
        let words = actual > expected ? "longer" : "shorter"
        return "the run took \(words) than forecast by more than a factor of \(Units.fixed(tolerance, 1)): "
            + "\(Units.duration(actual)), expected \(Units.duration(expected))"
    }
}
