/// A time span as `dr.yaml` writes it: `30s`, `90m`, `4h`, `30d`, `12w`, `12mo`, `7y`, or combined as `1h30m`.
///
/// Months and years are steps of the calendar, so they are stored apart from the seconds: retention walks the calendar,
/// all other code uses ``duration``.
package struct Period: Hashable, Sendable, CustomStringConvertible {
    /// The number of calendar months; a year is twelve.
    package var months: Int
    package var seconds: Int

    package init(months: Int = 0, seconds: Int = 0) {
        self.months = months
        self.seconds = seconds
    }

    package static func seconds(_ count: Int) -> Period { Period(seconds: count) }
    package static func minutes(_ count: Int) -> Period { Period(seconds: count * 60) }
    package static func hours(_ count: Int) -> Period { Period(seconds: count * 3600) }
    package static func days(_ count: Int) -> Period { Period(seconds: count * 86_400) }

    /// The nominal length: 365 days a year, 30 days a month.
    package var duration: Duration {
        .seconds(seconds + (months / 12 * 365 + months % 12 * 30) * 86_400)
    }

    /// The units from the largest, with their months and seconds.
    private static let units: [(name: String, months: Int, seconds: Int)] = [
        ("y", 12, 0), ("mo", 1, 0), ("w", 0, 604_800), ("d", 0, 86_400), ("h", 0, 3600), ("m", 0, 60), ("s", 0, 1),
    ]

    /// The longest plausible period: a thousand years.
    private static let limit = (months: 12_000, seconds: 1000 * 365 * 86_400)

    /// - Throws: `PeriodError`, whose text follows the quoted input in a message.
    package init(_ text: String) throws(PeriodError) {
        self.init()
        var rest = Substring(text)
        guard !rest.isEmpty else { throw .notAPeriod }
        if rest.first == "-" { throw .negative }
        var smallest = -1
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard !digits.isEmpty else { throw .notAPeriod }
            guard !name.isEmpty else { throw rest.isEmpty ? .noUnit : .notAPeriod }
            guard let index = Self.units.firstIndex(where: { $0.name == name }) else { throw .notAPeriod }
            guard index > smallest else { throw .notAPeriod }
            smallest = index
            let unit = Self.units[index]
            // Nine digits of the largest unit cannot overflow; a longer number is past the limit anyway.
            guard let count = Int(digits), digits.count <= 11 else { throw .tooLong }
            months += count * unit.months
            seconds += count * unit.seconds
        }
        guard months <= Self.limit.months, seconds <= Self.limit.seconds else { throw .tooLong }
    }

    package var description: String {
        var (months, seconds) = (months, seconds)
        var text = ""
        for unit in Self.units {
            let count = unit.months > 0 ? months / unit.months : seconds / unit.seconds
            guard count > 0 else { continue }
            text += "\(count)\(unit.name)"
            months -= count * unit.months
            seconds -= count * unit.seconds
        }
        return text.isEmpty ? "0s" : text
    }
}

/// The reason why a text is not a ``Period``.
package enum PeriodError: Error, Equatable, CustomStringConvertible {
    case notAPeriod, noUnit, negative, tooLong

    package var description: String {
        switch self {
        case .notAPeriod: "is not a length of time, such as 30s, 90m, 4h, 30d, 12w, 12mo or 7y"
        case .noUnit: "has no unit: s, m, h, d, w, mo or y"
        case .negative: "is negative"
        case .tooLong: "is longer than a thousand years"
        }
    }
}
