/// The rule of a zone's present and future, as POSIX's `TZ` gives it: `CET-1CEST,M3.5.0,M10.5.0/3`
/// (RFC 8536, section 3.3.1; POSIX.1-2017, section 8.3).
struct ZoneRule {
    private var standard = 0
    private var summer: Summer?

    private struct Summer {
        var offset: Int
        var start: Change
        var end: Change
    }

    /// A day of the year, and seconds after its midnight, by the clock before the change.
    private struct Change {
        var day: Day
        var second = 7200

        enum Day {
            /// From 1; 29 February does not count.
            case julian(Int)
            /// From 0; 29 February counts.
            case day(Int)
            /// The week counts from 1, and 5 is the last one; the weekday from 0, Sunday.
            case weekday(month: Int, week: Int, weekday: Int)
        }

        /// Seconds since 1970 on the zone's own clock.
        func moment(inYear year: Int) -> Int {
            let first = CivilDate(year: year, month: 1, day: 1).daysSince1970
            let isLeap = CivilDate(year: year, month: 3, day: 1).daysSince1970 - first == 60
            let number: Int
            switch day {
            case .julian(let count): number = first + count - 1 + (isLeap && count >= 60 ? 1 : 0)
            case .day(let count): number = first + count
            case .weekday(let month, let week, let weekday):
                let start = CivilDate(year: year, month: month, day: 1).daysSince1970
                // 1 January 1970 was a Thursday.
                let distance = (weekday - (start + 4).dividedDown(by: 7).remainder + 7) % 7
                let length = CivilDate.days(inMonth: year * 12 + month - 1)
                var date = start + distance + 7 * (week - 1)
                while date >= start + length { date -= 7 }
                number = date
            }
            return number * 86_400 + second
        }
    }

    /// - Returns: nil if the text is not such a rule.
    init?(_ text: String) {
        var rest = Substring(text)
        guard Self.skipName(&rest), let west = Self.time(&rest) else { return nil }
        standard = -west
        guard !rest.isEmpty else { return }
        guard Self.skipName(&rest) else { return nil }
        var offset = standard + 3600
        if rest.first != "," {
            guard let west = Self.time(&rest) else { return nil }
            offset = -west
        }
        guard let start = Self.change(&rest), let end = Self.change(&rest), rest.isEmpty else { return nil }
        summer = Summer(offset: offset, start: start, end: end)
    }

    /// Seconds east of Greenwich.
    func offset(at time: Int) -> Int {
        guard let summer else { return standard }
        let year = CivilDate(daysSince1970: (time + standard).dividedDown(by: 86_400).quotient).year
        let start = summer.start.moment(inYear: year) - standard
        let end = summer.end.moment(inYear: year) - summer.offset
        let isSummer = start < end ? (start..<end).contains(time) : !(end..<start).contains(time)
        return isSummer ? summer.offset : standard
    }

    // MARK: Reading

    private static func skipName(_ rest: inout Substring) -> Bool {
        if rest.first == "<" {
            guard let end = rest.firstIndex(of: ">") else { return false }
            rest = rest[rest.index(after: end)...]
            return true
        }
        let name = rest.prefix { $0.isLetter }
        rest = rest.dropFirst(name.count)
        return name.count >= 3
    }

    /// `hh[:mm[:ss]]` with a sign, in seconds.
    private static func time(_ rest: inout Substring) -> Int? {
        var sign = 1
        if let first = rest.first, first == "-" || first == "+" {
            sign = first == "-" ? -1 : 1
            rest = rest.dropFirst()
        }
        guard var seconds = number(&rest).map({ $0 * 3600 }) else { return nil }
        for unit in [60, 1] where rest.first == ":" {
            rest = rest.dropFirst()
            guard let value = number(&rest) else { return nil }
            seconds += value * unit
        }
        return sign * seconds
    }

    private static func number(_ rest: inout Substring) -> Int? {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        rest = rest.dropFirst(digits.count)
        return digits.count <= 3 ? Int(digits) : nil
    }

    /// `,M3.5.0/2`, `,J60` or `,59`.
    private static func change(_ rest: inout Substring) -> Change? {
        guard rest.first == "," else { return nil }
        rest = rest.dropFirst()
        let kind = rest.first
        if kind == "M" || kind == "J" { rest = rest.dropFirst() }
        guard let first = number(&rest) else { return nil }
        var change: Change
        if kind == "M" {
            var parts = [first]
            while rest.first == "." {
                rest = rest.dropFirst()
                guard let part = number(&rest) else { return nil }
                parts.append(part)
            }
            guard parts.count == 3, 1...12 ~= parts[0], 1...5 ~= parts[1], 0...6 ~= parts[2] else { return nil }
            change = Change(day: .weekday(month: parts[0], week: parts[1], weekday: parts[2]))
        } else {
            guard first <= 366 else { return nil }
            change = Change(day: kind == "J" ? .julian(first) : .day(first))
        }
        if rest.first == "/" {
            rest = rest.dropFirst()
            guard let second = time(&rest) else { return nil }
            change.second = second
        }
        return change
    }
}
