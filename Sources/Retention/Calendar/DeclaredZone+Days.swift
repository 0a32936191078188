/// Days of a zone, for few queries; a caller with thousands of queries keeps a ``ZoneCalendar``.
extension DeclaredZone {
    /// Returns the first moment of the day that contains a moment; both in seconds since 1970.
    package func startOfDay(_ time: Int) -> Int {
        let calendar = ZoneCalendar(self)
        return calendar.moment(ofLocal: (time + calendar.offset(at: time)).dividedDown(by: 86_400).quotient * 86_400)
    }

    /// Returns the first moment of a day written as `2026-11-24`; nil if there is no such day.
    package func startOfDay(named text: String) -> Int? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.map(\.count) == [4, 2, 2],
            parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard (1...12).contains(month), CivilDate(daysSince1970: date.daysSince1970) == date else { return nil }
        return ZoneCalendar(self).moment(ofLocal: date.daysSince1970 * 86_400)
    }

    package func adding(_ length: CalendarLength, to time: Int) -> Int { ZoneCalendar(self).adding(length, to: time) }

    /// Returns the days that contain the moments, as `2026-11-24`.
    package func days(of times: [Int]) -> [String] {
        let calendar = ZoneCalendar(self)
        return times.map { time in
            CalendarPeriod(tier: .daily, local: time + calendar.offset(at: time), offset: 0).description
        }
    }
}
