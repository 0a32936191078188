/// When a growing value passes a threshold.
package struct Passing: Equatable, Sendable {
    /// Days until the line is there; 0 where it is already.
    package var expected: Int?
    /// Days until the upper end of the interval is there: not impossible from then on.
    package var earliest: Int?
}

extension LinearRegression {
    /// Looks a year ahead, day by day, where x is time: the interval's end is no straight line.
    /// - Parameters:
    ///   - threshold: that the value should stay below.
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
