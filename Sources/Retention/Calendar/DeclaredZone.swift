/// The one time zone of a policy's hours, days, weeks, months and years.
package struct DeclaredZone: Hashable, Sendable, CustomStringConvertible {
    package static let utc = DeclaredZone()

    /// Name in the time zone database, such as `Europe/Berlin`.
    package let identifier: String

    private init() { identifier = "UTC" }

    /// - Returns: nil for a name that is not in this machine's time zone database.
    package init?(_ identifier: String) {
        guard !identifier.isEmpty, ZoneFile(identifier) != nil || ["UTC", "GMT"].contains(identifier) else {
            return nil
        }
        self.identifier = identifier
    }

    package var description: String { identifier }
}

/// Dates and times of a zone. UTC needs only arithmetic; for other zones it asks the database once for each day.
///
/// A class because it caches the answers; one decision or simulation uses one, on one thread.
final class ZoneCalendar {
    let zone: DeclaredZone
    private let file: ZoneFile?
    /// For each day since 1970, UTC: the offset at the day's start, and the time of a change within the day.
    private var days: [Int: DayOffsets] = [:]

    private struct DayOffsets {
        var first: Int
        /// Seconds since 1970 from which `second` holds.
        var change: Int
        var second: Int
    }

    init(_ zone: DeclaredZone) {
        self.zone = zone
        file = ["UTC", "GMT"].contains(zone.identifier) ? nil : ZoneFile(zone.identifier)
    }

    /// Seconds east of Greenwich.
    func offset(at time: Int) -> Int {
        guard let file else { return 0 }
        let day = time.dividedDown(by: 86_400).quotient
        if let known = days[day] { return time < known.change ? known.first : known.second }
        let start = day * 86_400, end = start + 86_400
        var offsets = DayOffsets(first: file.offset(at: start), change: end, second: file.offset(at: end))
        if offsets.first != offsets.second {
            // A zone changes at most once a day, so bisection finds the change.
            var (low, high) = (start, end)
            while high - low > 1 {
                let middle = (low + high) / 2
                if file.offset(at: middle) == offsets.first { low = middle } else { high = middle }
            }
            offsets.change = high
        }
        days[day] = offsets
        return time < offsets.change ? offsets.first : offsets.second
    }

    /// Returns the moment at which clocks of the zone show `local` (seconds, as if it were UTC): the later of two, and
    /// for a time that clocks skip, the moment of the change. So a later reading never means an earlier moment.
    func moment(ofLocal local: Int) -> Int {
        guard file != nil else { return local }
        // Offsets are at most 14 hours: a day on either side is before and after any change.
        let before = offset(at: local - 86_400), after = offset(at: local + 86_400)
        guard before != after else { return local - before }
        let candidates = [local - before, local - after].filter { $0 + offset(at: $0) == local }
        if let latest = candidates.max() { return latest }
        var (low, high) = (min(local - before, local - after), max(local - before, local - after))
        while high - low > 1 {
            let middle = (low + high) / 2
            if offset(at: middle) == before { low = middle } else { high = middle }
        }
        return high
    }

    /// Returns the moment a length after another: adds first months, then days, both by the zone's calendar, then
    /// seconds.
    ///
    /// A day that the month does not have means the end of that month (29 February and a year: 1 March, 0:00), so that
    /// no result is shorter than the length. A later start has no earlier end, except for the time that clocks show
    /// twice.
    func adding(_ length: CalendarLength, to time: Int) -> Int {
        guard length.months != 0 || length.days != 0 else { return time + length.seconds }
        var (day, second) = (time + offset(at: time)).dividedDown(by: 86_400)
        if length.months != 0 {
            let date = CivilDate(daysSince1970: day)
            let month = date.year * 12 + date.month - 1 + length.months
            var target = CivilDate(
                year: month.dividedDown(by: 12).quotient, month: month.dividedDown(by: 12).remainder + 1, day: 1)
            let last = CivilDate.days(inMonth: month)
            target.day = min(date.day, last)
            day = target.daysSince1970
            if date.day > last {
                day += 1
                second = 0
            }
        }
        return moment(ofLocal: (day + length.days) * 86_400 + second) + length.seconds
    }
}
