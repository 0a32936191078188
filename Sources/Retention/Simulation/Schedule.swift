/// The times of backup runs.
package struct Schedule: Hashable, Sendable, CustomStringConvertible {
    /// The interval of runs. Days, weeks and months keep the time of day, like a timer in the zone.
    package var every: CalendarLength

    package init(every: CalendarLength) { self.every = every }

    /// Reads `hourly`, `daily`, `weekly`, `monthly`, `yearly`, and lengths of time as `every 15m` or `15m`.
    /// - Returns: nil for anything else, and for less than a minute.
    package init?(_ text: String) {
        switch text {
        case "hourly": every = .hours(1)
        case "daily": every = .days(1)
        case "weekly": every = .weeks(1)
        case "monthly": every = .months(1)
        case "yearly": every = .years(1)
        default:
            let written = text.hasPrefix("every ") ? text.dropFirst(6) : text[...]
            guard let length = CalendarLength(String(written)), length.nominalSeconds >= 60 else { return nil }
            every = length
        }
    }

    package var description: String { "every \(every)" }

    /// Returns the moment of the run with this number, 0 at `start`. Each is counted from the start, so that a 31st
    /// stays a 31st.
    func run(_ number: Int, from start: Int, _ zone: ZoneCalendar) -> Int {
        zone.adding(
            CalendarLength(
                months: every.months * number, days: every.days * number, seconds: every.seconds * number),
            to: start)
    }
}
