/// A length of time as people use it: months and years are steps of the calendar, days are days of the declared zone
/// (23 or 25 hours at a change of summer time), and shorter units are elapsed time.
package struct CalendarLength: Hashable, Sendable, CustomStringConvertible {
    /// A year is twelve.
    package var months: Int
    /// A week is seven.
    package var days: Int
    package var seconds: Int

    package init(months: Int = 0, days: Int = 0, seconds: Int = 0) {
        self.months = months
        self.days = days
        self.seconds = seconds
    }

    package static func hours(_ count: Int) -> CalendarLength { CalendarLength(seconds: count * 3600) }
    package static func days(_ count: Int) -> CalendarLength { CalendarLength(days: count) }
    package static func weeks(_ count: Int) -> CalendarLength { CalendarLength(days: count * 7) }
    package static func months(_ count: Int) -> CalendarLength { CalendarLength(months: count) }
    package static func years(_ count: Int) -> CalendarLength { CalendarLength(months: count * 12) }

    /// True if the length is zero.
    package var isZero: Bool { self == CalendarLength() }

    /// Seconds for comparisons, and for limits that need no calendar: a month is 30 days, a year 365.
    package var nominalSeconds: Int { (months / 12 * 365 + months % 12 * 30 + days) * 86_400 + seconds }

    /// The units from the largest, with their months, days and seconds.
    private static let units: [(name: String, months: Int, days: Int, seconds: Int)] = [
        ("y", 12, 0, 0), ("mo", 1, 0, 0), ("w", 0, 7, 0), ("d", 0, 1, 0), ("h", 0, 0, 3600), ("m", 0, 0, 60),
        ("s", 0, 0, 1),
    ]

    /// Reads `30s`, `90m`, `24h`, `30d`, `12w`, `12mo`, `7y`, or several joined from the largest, as `1y6mo`.
    /// - Returns: nil for anything else, and for more than a thousand years.
    package init?(_ text: String) {
        self.init()
        var rest = Substring(text)
        var units = Self.units[...]
        repeat {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let name = rest.dropFirst(digits.count).prefix { $0.isASCII && $0.isLetter }
            guard let count = Int(digits), count <= 31_536_000_000,
                let index = units.firstIndex(where: { $0.name == name })
            else { return nil }
            months += count * units[index].months
            days += count * units[index].days
            seconds += count * units[index].seconds
            units = units[(index + 1)...]
            rest = rest.dropFirst(digits.count + name.count)
        } while !rest.isEmpty
        guard months <= 12_000, days <= 365_000, seconds <= 365_000 * 86_400 else { return nil }
    }

    /// The usual notation: `24h` stays hours and `12w` weeks, `12mo` is `1y`.
    package var description: String {
        var text = ""
        if months >= 12 { text += "\(months / 12)y" }
        if months % 12 > 0 { text += "\(months % 12)mo" }
        if days > 0 { text += days % 7 == 0 ? "\(days / 7)w" : "\(days)d" }
        if seconds >= 3600 { text += "\(seconds / 3600)h" }
        if seconds / 60 % 60 > 0 { text += "\(seconds / 60 % 60)m" }
        if seconds % 60 > 0 { text += "\(seconds % 60)s" }
        return text.isEmpty ? "0s" : text
    }
}
