import Testing

@testable import Documents

@Suite struct PeriodTests {
    @Test(arguments: [
        ("30s", 0, 30), ("90m", 0, 5400), ("4h", 0, 14_400), ("30d", 0, 2_592_000), ("12w", 0, 7_257_600),
        ("12mo", 12, 0), ("7y", 84, 0), ("1h30m", 0, 5400), ("1y6mo2d", 18, 172_800),
    ])
    func `is read with its units`(text: String, months: Int, seconds: Int) throws {
        #expect(try Period(text) == Period(months: months, seconds: seconds))
    }

    @Test(arguments: [
        ("30s", "30s"), ("90m", "1h30m"), ("24h", "1d"), ("12mo", "1y"), ("1y6mo2d", "1y6mo2d"), ("0s", "0s"),
    ])
    func `is written in the largest units`(_ text: String, _ written: String) throws {
        #expect(try Period(text).description == written)
        #expect(try Period(written) == Period(text))
    }

    @Test func `has a nominal length`() throws {
        #expect(try Period("1y").duration == .seconds(365 * 86_400))
        #expect(try Period("18mo").duration == .seconds((365 + 180) * 86_400))
        #expect(try Period("1h30m").duration == .seconds(5400))
    }

    @Test(arguments: [
        ("", PeriodError.notAPeriod), ("h", .notAPeriod), ("4x", .notAPeriod), ("4 h", .notAPeriod),
        ("1m1h", .notAPeriod),
        ("1h1h", .notAPeriod), ("1.5h", .notAPeriod), ("4H", .notAPeriod), ("٤h", .notAPeriod), ("4", .noUnit),
        ("-1h", .negative), ("1001y", .tooLong), ("99999999999999999999s", .tooLong),
    ])
    func `is refused with the reason`(_ text: String, _ reason: PeriodError) {
        #expect(throws: reason) { try Period(text) }
    }
}
