/// A tier of a policy, defined by the length of its periods. One set represents each period of a tier.
package enum Tier: String, CaseIterable, Sendable, Hashable {
    case hourly, daily, weekly, monthly, yearly

    /// The name of one period.
    package var unit: String {
        switch self {
        case .hourly: "hour"
        case .daily: "day"
        case .weekly: "week"
        case .monthly: "month"
        case .yearly: "year"
        }
    }
}

/// One hour, day, ISO week, month or year of the declared zone.
package struct CalendarPeriod: Hashable, Sendable, CustomStringConvertible {
    package let tier: Tier
    /// The time that clocks of the zone show at a moment inside it, in seconds as if it were UTC.
    let local: Int
    /// The zone's offset at that moment, in seconds east of Greenwich.
    let offset: Int

    /// Returns a number that is equal for two moments exactly if they are in the same period. The hour that is repeated
    /// at the end of summer time counts as two hours with different numbers.
    static func number(_ tier: Tier, local: Int, offset: Int) -> Int {
        let day = local.dividedDown(by: 86_400).quotient
        switch tier {
        case .hourly: return local.dividedDown(by: 3600).quotient * 3600 - offset
        case .daily: return day
        // 1970-01-01 was a Thursday, and weeks begin on Mondays.
        case .weekly: return (day + 3).dividedDown(by: 7).quotient
        case .monthly:
            let date = CivilDate(daysSince1970: day)
            return date.year * 12 + date.month
        case .yearly: return CivilDate(daysSince1970: day).year
        }
    }

    /// `2026-11-24 02h`, `2026-11-24`, `2026-W48`, `2026-11`, `2026`; hours include their zone's offset if it is not 0.
    package var description: String {
        let (day, second) = local.dividedDown(by: 86_400)
        let date = CivilDate(daysSince1970: day)
        let month = "\(date.year.padded(4))-\(date.month.padded())"
        switch tier {
        case .hourly:
            let sign = offset < 0 ? "-" : "+"
            let minutes = abs(offset) / 60
            let zone = offset == 0 ? "" : " \(sign)\((minutes / 60).padded()):\((minutes % 60).padded())"
            return "\(month)-\(date.day.padded()) \((second / 3600).padded())h\(zone)"
        case .daily: return "\(month)-\(date.day.padded())"
        case .weekly:
            let (year, week) = CivilDate.isoWeek(ofDay: day)
            return "\(year.padded(4))-W\(week.padded())"
        case .monthly: return month
        case .yearly: return date.year.padded(4)
        }
    }
}

/// Moments in the notation of the repository's keys and in that for people, always UTC.
package enum Moment {
    /// `20261124T025900Z`, a set's name.
    package static func stamp(_ time: Int) -> String { text(time, date: "", between: "T", clock: "") + "Z" }

    /// `2026-11-24 02:59`
    package static func readable(_ time: Int) -> String {
        String(text(time, date: "-", between: " ", clock: ":").dropLast(3))
    }

    private static func text(_ time: Int, date mark: String, between: String, clock: String) -> String {
        let (day, second) = time.dividedDown(by: 86_400)
        let date = CivilDate(daysSince1970: day)
        return [date.year.padded(4), date.month.padded(), date.day.padded()].joined(separator: mark) + between
            + [second / 3600, second / 60 % 60, second % 60].map { $0.padded() }.joined(separator: clock)
    }
}
