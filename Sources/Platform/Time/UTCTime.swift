package import FoundationEssentials

/// An instant in the parts of the calendar, UTC: the one piece of calendar arithmetic under every form of a time.
///
/// The Gregorian calendar counts for all years, those before 1582 included (ISO 8601).
package struct UTCTime: Equatable, Sendable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int
    /// 0 is Sunday.
    package let weekday: Int

    /// - Parameter seconds: since 1970; cut to the years 0 to 9999, which all forms can spell.
    package init(seconds: Int) {
        let seconds = min(max(seconds, Self.spellable.lowerBound), Self.spellable.upperBound)
        let time = ((seconds % 86_400) + 86_400) % 86_400
        let days = (seconds - time) / 86_400
        (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60)
        weekday = ((days + 4) % 7 + 7) % 7
        // Days to civil date: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * march + 2) / 5 + 1
        month = march < 10 ? march + 3 : march - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Seconds since 1970 that have a year of four digits.
    package static let spellable = -62_167_219_200...253_402_300_799

    /// A number with leading zeros.
    package static func padded(_ number: Int, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// `2026-11-23`.
    package var date: String { "\(Self.padded(year, 4))-\(Self.padded(month))-\(Self.padded(day))" }

    /// `02:00:00`.
    package var time: String { "\(Self.padded(hour)):\(Self.padded(minute)):\(Self.padded(second))" }

    /// `20261123T020000Z`: ISO 8601's basic form.
    package var basic: String {
        Self.padded(year, 4) + Self.padded(month) + Self.padded(day) + "T" + Self.padded(hour) + Self.padded(minute)
            + Self.padded(second) + "Z"
    }
}

/// Instants as RFC 3339 writes them, UTC.
package enum RFC3339 {
    /// `2026-11-23T02:00:00Z`.
    /// - Parameter seconds: since 1970.
    package static func text(seconds: Int) -> String {
        let instant = UTCTime(seconds: seconds)
        return "\(instant.date)T\(instant.time)Z"
    }

    /// `2026-11-23T02:00:00Z`, cut to the second.
    package static func text(_ date: Date) -> String {
        text(seconds: Int(clamping: date.timeIntervalSince1970.rounded(.down)))
    }

    /// `2026-11-23T02:00:00.123Z`.
    /// - Parameter milliseconds: since 1970.
    package static func text(milliseconds: Int) -> String {
        let fraction = ((milliseconds % 1000) + 1000) % 1000
        let instant = UTCTime(seconds: milliseconds.subtractingClamped(fraction) / 1000)
        return "\(instant.date)T\(instant.time).\(UTCTime.padded(fraction, 3))Z"
    }
}
