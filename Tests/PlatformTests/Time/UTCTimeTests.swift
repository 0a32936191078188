import Foundation
import Platform
import Testing

@Suite struct UTCTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
        (1_440_938_160, "2015-08-30T12:36:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
        (-62_167_219_200, "0000-01-01T00:00:00Z"), (.max, "9999-12-31T23:59:59Z"), (.min, "0000-01-01T00:00:00Z"),
    ])
    func `an instant is spelt after RFC 3339`(_ seconds: Int, _ text: String) {
        #expect(RFC3339.text(seconds: seconds) == text)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (1_440_938_160_007, "2015-08-30T12:36:00.007Z"),
        (.max, "9999-12-31T23:59:59.807Z"), (.min, "0000-01-01T00:00:00.192Z"),
    ])
    func `milliseconds are spelt with three digits`(_ milliseconds: Int, _ text: String) {
        #expect(RFC3339.text(milliseconds: milliseconds) == text)
    }

    /// The C library counts days by another way.
    @Test func `every day of four centuries is that of the C library`() {
        for day in stride(from: -146_097, through: 146_097, by: 1) {
            var clock = time_t(day * 86_400 + 86_399)
            var parts = tm()
            gmtime_r(&clock, &parts)
            let instant = UTCTime(seconds: clock)
            let isSame =
                instant.year == Int(parts.tm_year) + 1900 && instant.month == Int(parts.tm_mon) + 1
                && instant.day == Int(parts.tm_mday) && instant.weekday == Int(parts.tm_wday)
                && instant.time == "23:59:59"
            if !isSame { Issue.record("day \(day)") }
        }
    }

    @Test func `the clock returns the given time, rounded down to its unit`() {
        let clock = WallClock { Date(timeIntervalSince1970: -0.25) }
        #expect(clock.seconds == -1 && clock.milliseconds == -250)
        #expect(WallClock { Date(timeIntervalSince1970: .infinity) }.seconds == .max)
    }
}
