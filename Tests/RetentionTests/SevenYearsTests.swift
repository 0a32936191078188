import Testing

@testable import Retention

/// Seven years of hourly backups under hourly 24h, daily 30d, weekly 12w, monthly 12mo, yearly 7y.
@Suite struct SevenYearsTests {
    /// 2557 days, because 2020 and 2024 have 366: 61,368 sets, from 2020-01-01 00:00 to 2026-12-31 23:00.
    private static let history = sets(from: "2020-01-01", to: "2026-12-31 23")
    private static let atTheEnd = plan(history, .proposed, now: "2026-12-31 23:59:59")
    /// The sets that remain after seven years of prunes.
    private static let survivors = atTheEnd.kept

    /// Returns hourly sets of a part of the time, for tests that do not need the earlier years.
    private static func history(from start: String, to end: String) -> [SetFacts] { sets(from: start, to: end) }

    @Test func `the numbers at the end of the last year, worked out by hand`() throws {
        #expect(Self.history.count == 2557 * 24)
        let plan = Self.atTheEnd
        // hourly: 24 hours back lies 2026-12-30 23:59:59; younger are 00:00 … 23:00 of the 31st.       24 sets
        #expect(plan.tier(.hourly)?.sets == 24)
        // daily: 23:00 of each day represents it. 30 days back lies 12-01 23:59:59, so 12-02 … 12-31.  30 sets,
        //   one of them (12-31 23:00) already there for its hour.                                      29 more
        #expect(plan.tier(.daily)?.sets == 30)
        // weekly: 12-31 is a Thursday of W53, represented by 12-31 23:00 so far; other weeks by Sunday 23:00.
        //   84 days back lies 10-08 23:59:59; Sundays since: 10-11, 18, 25, 11-01, 08, 15, 22, 29, 12-06, 13, 20, 27.
        //   13 sets; 12-31 and the four Sundays of December are there for their days.                  8 more
        #expect(plan.tier(.weekly)?.sets == 13)
        // monthly: 12 months back lies 2025-12-31 23:59:59, so the last 23:00 of each month of 2026.   12 sets,
        //   12-31 is there, no other last of a month is a Sunday since 10-11 or a day since 12-02
        //   (10-31 is a Saturday, 11-30 a Monday).                                                     11 more
        #expect(plan.tier(.monthly)?.sets == 12)
        // yearly: 7 years back lies 2019-12-31 23:59:59, so 12-31 23:00 of 2020 … 2026: 7 sets, the last is there:
        //                                                                                              6 more
        //   and the oldest, 2020-01-01 00:00, whose 7 years end in a second.                           1 more
        #expect(plan.tier(.yearly)?.sets == 8)
        #expect(plan.tier(.yearly)?.isFull == false)
        #expect(plan.statistics.kept == 24 + 29 + 8 + 11 + 6 + 1)  // 79
        #expect(plan.statistics.dropped == 61_368 - 79)
        #expect(
            plan.keptNames.prefix(16) == [
                "2020-01-01 00:00", "2020-12-31 23:00", "2021-12-31 23:00", "2022-12-31 23:00", "2023-12-31 23:00",
                "2024-12-31 23:00", "2025-12-31 23:00", "2026-01-31 23:00", "2026-02-28 23:00", "2026-03-31 23:00",
                "2026-04-30 23:00", "2026-05-31 23:00", "2026-06-30 23:00", "2026-07-31 23:00", "2026-08-31 23:00",
                "2026-09-30 23:00",
            ])
    }

    @Test func `and in the middle of a day, where periods are cut by the windows`() throws {
        let plan = plan(
            Self.history.filter { $0.time <= at("2026-11-24 06") }, .proposed, now: "2026-11-24 06:29:00")
        // hourly: since 11-23 06:29: 07:00 … 23:00 and 00:00 … 06:00.                                  24 sets
        #expect(plan.tier(.hourly)?.sets == 24)
        // daily: since 10-25 06:29: 23:00 of 10-25 … 11-23 (30 days) and today's 06:00.                31 sets;
        //   today's and 11-23 23:00 are hours.                                                         29 more
        #expect(plan.tier(.daily)?.sets == 31)
        // weekly: since 09-01 06:29: Sundays 09-06, 13, 20, 27, 10-04, 11, 18, 25, 11-01, 08, 15, 22, and 11-24 06:00.
        //   13 sets; from 10-25 on the five Sundays are days, 11-24 too.                               7 more
        #expect(plan.tier(.weekly)?.sets == 13)
        // monthly: since 2025-11-24 06:29: last days of 2025-11 … 2026-10 and 11-24 06:00.             13 sets;
        //   2026-10-31 is a day, 11-24 an hour; 2026-08-31 lies before the weeks, 09-30 is a Wednesday:  11 more
        #expect(plan.tier(.monthly)?.sets == 13)
        // yearly: since 2019-11-24: 12-31 of 2020 … 2025 and 11-24 06:00: 7 sets, 2025-12-31 is a month: 5 more
        //   and the oldest.                                                                            1 more
        #expect(plan.tier(.yearly)?.sets == 8)
        #expect(plan.statistics.kept == 24 + 29 + 7 + 11 + 5 + 1)  // 77
    }

    @Test func `a second later the history reaches back seven years, and the oldest set may go`() {
        let plan = plan(Self.survivors, .proposed, now: "2027-01-01 00:00:00")
        #expect(plan.decision("2020-01-01")?.verdict == .drop)
        #expect(plan.tier(.yearly)?.isFull == true)
        // 2026-12-31 00:00 is 24 hours old and is dropped too; it is not the last of a day.
        #expect(plan.statistics.kept == 79 - 2)
    }

    @Test func `in Berlin the days end an hour or two before those of UTC`() throws {
        var policy = RetentionPolicy.proposed
        policy.timeZone = try #require(DeclaredZone("Europe/Berlin"))
        // 13:30 on the Sunday of the change to winter time: a day of 25 hours.
        let names = plan(
            Self.history(from: "2025-09-01", to: "2026-10-25 12"), policy, now: "2026-10-25 12:30:00"
        ).keptNames
        // 24 hours are still 24 sets: from 10-24 13:00 UTC.
        #expect(names.suffix(24).first == "2026-10-24 13:00")
        #expect(names.suffix(24).last == "2026-10-25 12:00")
        // The days before end with 23:00 in summer time, 21:00 UTC; 30 days back is 09-25 13:30 in Berlin.
        let days = names.suffix(24 + 29).prefix(29)
        #expect(days.first == "2026-09-25 21:00")
        #expect(days.last == "2026-10-23 21:00")
        #expect(days.allSatisfy { $0.hasSuffix("21:00") })
        // January ended in winter time.
        #expect(names.contains("2026-01-31 22:00"))
        #expect(names.contains("2025-12-31 22:00"))
        #expect(!names.contains("2026-01-31 23:00"))
    }

    @Test func `the two hours that clocks show twice are two hours`() throws {
        var policy = RetentionPolicy(hourly: .hours(24))
        policy.timeZone = try #require(DeclaredZone("Europe/Berlin"))
        let quarters = sets(from: "2026-10-24 23:00", to: "2026-10-25 02:45", every: 900)
        let plan = plan(quarters, policy, now: "2026-10-25 03:00")
        #expect(
            plan.keptNames == [
                "2026-10-24 23:00", "2026-10-24 23:45", "2026-10-25 00:45", "2026-10-25 01:45", "2026-10-25 02:45",
            ])
        #expect(plan.texts("2026-10-25 00:45").first?.contains("2026-10-25 02h +02:00") == true)
        #expect(plan.texts("2026-10-25 01:45").first?.contains("2026-10-25 02h +01:00") == true)
    }

    @Test func `a year of 53 weeks keeps each of them`() {
        let plan = plan(
            Self.history(from: "2020-11-01", to: "2021-01-10 23"), RetentionPolicy(weekly: .weeks(3)),
            now: "2021-01-10 23:30:00")
        // Sundays: 12-27 of W52, 01-03 of W53, 01-10 of W01; three weeks back is 12-20 23:30. And the newest.
        #expect(plan.keptNames == ["2020-12-27 23:00", "2021-01-03 23:00", "2021-01-10 23:00"])
        #expect(plan.texts("2021-01-03 23").first?.hasPrefix("weekly: newest of 2020-W53") == true)
        #expect(plan.texts("2021-01-10 23").contains { $0.hasPrefix("weekly: newest of 2021-W01") })
    }

    @Test func `a leap day's set lasts to the end of February a year later`() {
        let upTo = sets(from: "2024-01-01 23", to: "2025-02-28 23", every: 86_400)
        let policy = RetentionPolicy(monthly: .months(12))
        let before = plan(upTo, policy, now: "2025-02-28 23:59:59")
        #expect(before.decision("2024-02-29 23")?.verdict == .keep)
        #expect(before.keptNames.count == 13)
        #expect(plan(upTo, policy, now: "2025-03-01 00:00").decision("2024-02-29 23")?.verdict == .drop)
    }

    @Test func `an outage leaves its periods to the last set before it`() {
        // No sets from the evening of Friday 02-20 to noon of Tuesday 03-10.
        let history = Self.history(from: "2025-12-01", to: "2026-03-31 06").filter {
            !(at("2026-02-20 18:30")..<at("2026-03-10 12")).contains($0.time)
        }
        let after = plan(history, .proposed, now: "2026-03-31 06:10")
        #expect(after.texts("2026-02-20 18").contains { $0.hasPrefix("monthly: newest of 2026-02") })
        #expect(after.texts("2026-02-20 18").contains { $0.hasPrefix("weekly: newest of 2026-W08") })
        // During the outage, older sets are only thinned as they would have been without it.
        let within = plan(history.filter { $0.time < at("2026-03-01") }, .proposed, now: "2026-03-09 12:00")
        #expect(within.keptNames.last == "2026-02-20 18:00")
        #expect(within.tier(.hourly)?.sets == 0)
        #expect(within.tier(.daily)?.sets == 14)  // 02-07 23:00 … 02-19 23:00, 02-20 18:00
    }

    @Test func `a burst of partial junk displaces nothing`() {
        let junk = (0..<3000).map { SetFacts(time: at("2026-12-31 23:00") + 1 + $0, isComplete: false) }
        let attacked = plan(Self.survivors + junk, .proposed, now: "2026-12-31 23:59:59")
        #expect(attacked.kept == Self.survivors)
    }

    @Test func `a burst of junk sets displaces only unverified sets of its hour`() {
        let junk = (0..<3000).map { SetFacts(time: at("2026-12-31 23:00") + 1 + $0) }
        let attacked = plan(Self.survivors + junk, .proposed, now: "2026-12-31 23:59:59")
        // One junk set replaces 23:00; the 78 others stay.
        #expect(Set(Self.survivors).subtracting(attacked.kept) == [SetFacts(time: at("2026-12-31 23"))])
        #expect(attacked.statistics.kept == 79)

        var verified = Self.survivors
        verified[verified.count - 1].verified = at("2026-12-31 23:10")
        let guarded = plan(verified + junk, .proposed, now: "2026-12-31 23:59:59")
        #expect(guarded.kept.contains { $0.verified != nil })
        #expect(guarded.statistics.kept == 80)  // the newest junk stays as well: it is the newest complete set
    }

    @Test func `junk under old dates displaces no verified set`() {
        var history = sets(from: "2026-11-01", to: "2026-12-31 23")
        for index in history.indices { history[index].verified = history[index].time + 600 }
        let junk = history.map { SetFacts(time: $0.time + 1800) } + [SetFacts(time: 0)]
        let clean = plan(history, RetentionPolicy(hourly: .hours(24), daily: .days(30)), now: "2026-12-31 23:59:59")
        let attacked = plan(
            history + junk, RetentionPolicy(hourly: .hours(24), daily: .days(30)), now: "2026-12-31 23:59:59")
        #expect(Set(clean.kept).isSubset(of: attacked.kept))
    }

    @Test func `a clock ten years ahead freezes the prune`() {
        let leapt = decide(
            Self.survivors, policy: .proposed,
            circumstances: PruneCircumstances(now: at("2037-01-01"), lastPrune: at("2026-12-31 23:10")))
        #expect(leapt.freezes.count == 3)  // the gap, no backups, and too many sets at once
        #expect(leapt.keptNames == ["2026-12-31 23:00"])
    }

    /// Like a script that prunes after each run, across the change to winter time.
    @Test func `pruning after each run comes to the same as pruning once`() throws {
        var policy = RetentionPolicy(hourly: .hours(24), daily: .days(7), weekly: .weeks(3))
        policy.timeZone = try #require(DeclaredZone("Europe/Berlin"))
        let history = Self.history(from: "2026-10-10", to: "2026-11-10")
        var held: [SetFacts] = []
        for set in history {
            let plan = decide(
                held + [set], policy: policy, circumstances: PruneCircumstances(now: set.time + 60))
            #expect(plan.freezes == [])
            held = plan.kept
        }
        let once = plan(history, policy, now: "2026-11-10 00:01")
        #expect(held == once.kept)
    }
}
