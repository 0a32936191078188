import Foundation
import Testing

@testable import Retention

@Suite struct CalendarTests {
    @Test func `every day and ISO week of a century matches Foundation's calendar`() throws {
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        // Every 5th day covers all weekdays, and every 1st, 29 February and 31 December within the century.
        for day in stride(from: at("1960-01-01") / 86_400, to: at("2060-01-01") / 86_400, by: 5) {
            let date = Date(timeIntervalSince1970: TimeInterval(day * 86_400))
            let says = calendar.dateComponents([.year, .month, .day, .weekOfYear, .yearForWeekOfYear], from: date)
            let civil = CivilDate(daysSince1970: day)
            let week = CivilDate.isoWeek(ofDay: day)
            #expect(civil.year == says.year && civil.month == says.month && civil.day == says.day)
            #expect(week.year == says.yearForWeekOfYear && week.week == says.weekOfYear, "\(civil)")
            #expect(civil.daysSince1970 == day)
        }
    }

    @Test(arguments: [
        // 2020 and 2026 have 53 weeks; 2021's first days belong to 2020's last.
        ("2020-12-31", "2020-W53"), ("2021-01-03", "2020-W53"), ("2021-01-04", "2021-W01"),
        ("2024-12-30", "2025-W01"), ("2026-12-31", "2026-W53"), ("2027-01-03", "2026-W53"), ("1969-12-31", "1970-W01"),
    ])
    func `weeks are those of ISO 8601`(day: String, week: String) {
        #expect(CalendarPeriod(tier: .weekly, local: at(day), offset: 0).description == week)
    }

    @Test(arguments: [
        (Tier.hourly, "2026-11-24 02h"), (.daily, "2026-11-24"), (.weekly, "2026-W48"), (.monthly, "2026-11"),
        (.yearly, "2026"),
    ])
    func `periods have names`(tier: Tier, name: String) {
        #expect(CalendarPeriod(tier: tier, local: at("2026-11-24 02:59"), offset: 0).description == name)
    }

    @Test(arguments: [
        ("2026-12-31 23:00", "7y", "2033-12-31 23:00"), ("2024-02-29 23:00", "1y", "2025-03-01 00:00"),
        ("2024-02-29 23:00", "4y", "2028-02-29 23:00"), ("2026-01-31 12:00", "1mo", "2026-03-01 00:00"),
        ("2026-01-28 12:00", "1mo", "2026-02-28 12:00"), ("2026-11-30 12:00", "3mo", "2027-03-01 00:00"),
        ("2026-10-31 00:00", "12w", "2027-01-23 00:00"), ("2026-12-31 23:00", "24h", "2027-01-01 23:00"),
    ])
    func `a length ends where the calendar says, and never early`(start: String, length: String, end: String) throws {
        let length = try #require(CalendarLength(length))
        #expect(Moment.readable(ZoneCalendar(.utc).adding(length, to: at(start))) == end)
    }

    /// Clocks of Berlin changed from 2:00 to 3:00 on 2026-03-29 (at 1:00 UTC) and from 3:00 to 2:00 on 2026-10-25.
    @Test(arguments: [
        ("2026-03-28 01:30", "1d", "2026-03-29 01:00"),  // 2:30 the next day does not exist: the moment of the change
        ("2026-03-28 12:00", "1d", "2026-03-29 11:00"), ("2026-03-28 12:00", "24h", "2026-03-29 12:00"),
        ("2026-10-24 00:30", "1d", "2026-10-25 01:30"),  // 2:30 the next day exists twice: the later one
        ("2026-10-24 12:00", "1d", "2026-10-25 13:00"), ("2026-10-24 12:00", "24h", "2026-10-25 12:00"),
    ])
    func `days follow the zone's clocks, hours the time that passes`(start: String, length: String, end: String) throws
    {
        let zone = ZoneCalendar(try #require(DeclaredZone("Europe/Berlin")))
        let length = try #require(CalendarLength(length))
        #expect(Moment.readable(zone.adding(length, to: at(start))) == end)
    }

    @Test(arguments: ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca"])
    func `a later start never has an earlier end`(name: String) throws {
        let zone = ZoneCalendar(try #require(DeclaredZone(name)))
        let lengths = try ["1mo", "12mo", "1y1mo", "30d", "12w", "1mo36h"].map { try #require(CalendarLength($0)) }
        for length in lengths {
            var last = Int.min, shown = Int.min
            // Twenty minutes are shorter than any zone's change.
            for time in stride(from: at("2024-01-27"), to: at("2024-04-10"), by: 1200) {
                // While clocks repeat an hour, skip the times that they already showed.
                guard time + zone.offset(at: time) > shown else { continue }
                shown = time + zone.offset(at: time)
                let end = zone.adding(length, to: time)
                #expect(end >= last, "\(name) \(length) \(Moment.readable(time))")
                last = end
            }
        }
    }

    @Test(arguments: [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-24", 24)])
    func `a day has as many hours as its clocks show`(day: String, hours: Int) throws {
        let zone = ZoneCalendar(try #require(DeclaredZone("Europe/Berlin")))
        let start = zone.moment(ofLocal: at(day)), end = zone.moment(ofLocal: at(day) + 86_400)
        let numbers = stride(from: start, to: end, by: 600).map { time in
            let offset = zone.offset(at: time)
            return CalendarPeriod.number(.hourly, local: time + offset, offset: offset)
        }
        #expect(end - start == hours * 3600)
        #expect(Set(numbers).count == hours)
    }

    @Test(arguments: [
        ("24h", "24h"), ("30d", "30d"), ("12w", "12w"), ("12mo", "1y"), ("1y6mo2d", "1y6mo2d"), ("90m", "1h30m"),
    ])
    func `lengths are read and written`(text: String, written: String) throws {
        #expect(try #require(CalendarLength(text)).description == written)
    }

    @Test(arguments: ["", "h", "4", "1h1d", "1h1h", "-1h", "4 h", "1001y", "99999999999999999999s"])
    func `a value that is not a length is refused`(text: String) { #expect(CalendarLength(text) == nil) }

    @Test func `a zone must exist`() {
        #expect(DeclaredZone("Europe/Berlim") == nil)
        #expect(DeclaredZone("") == nil)
        #expect(DeclaredZone("Europe/Berlin")?.identifier == "Europe/Berlin")
    }
}
