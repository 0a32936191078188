/// The time at which a growing value passes a threshold.
package struct Passing: Equatable, Sendable {
    /// The number of days until the line reaches it; 0 if it already has.
    package var expected: Int?
    /// The number of days until the upper end of the interval reaches it: passing is possible from then on.
    package var earliest: Int?
}

extension LinearRegression {
    /// Looks a year ahead, day by day, for an x that is time: the interval's end is not a straight line.
    /// - Parameters:
    ///   - threshold: the value should stay below it.
    ///   - now: seconds since 1970.
    package func passing(_ threshold: Double, from now: Double) -> Passing {
        var passing = Passing()
        for day in 0...Horizon.year.days {
            let forecast = forecast(at: now + Double(day) * 86_400)
            if passing.earliest == nil, forecast.high >= threshold { passing.earliest = day }
            if forecast.value >= threshold {
                passing.expected = day
                break
            }
        }
        return passing
    }
}
