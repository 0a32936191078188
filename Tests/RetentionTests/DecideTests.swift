import Testing

@testable import Retention

@Suite struct DecideTests {
    private let hours = sets(from: "2026-11-20 00", to: "2026-11-24 12")

    @Test func `the newest set of each period represents it, and says so`() {
        let plan = plan(
            sets(from: "2026-11-24 00:05", to: "2026-11-24 02:59", every: 1080), RetentionPolicy(hourly: .hours(24)),
            now: "2026-11-24 03:00")
        // 0:05 is the oldest of all; 0:41, 0:59 … every 18 minutes, so the hours end with 0:59, 1:53 and 2:47.
        #expect(
            plan.keptNames == ["2026-11-24 00:05", "2026-11-24 00:59", "2026-11-24 01:53", "2026-11-24 02:47"])
        #expect(plan.texts("2026-11-24 00:59") == ["hourly: newest of 2026-11-24 00h, until 2026-11-25 00:59"])
        #expect(plan.texts("2026-11-24 00:41") == ["hourly: 20261124T005900Z represents hour 2026-11-24 00h"])
    }

    @Test func `windows are counted from now, not from the newest set`() {
        let policy = RetentionPolicy(hourly: .hours(24), daily: .days(3))
        let names = plan(hours, policy, now: "2026-11-25 10:00:00").keptNames
        // A day without a run: of the last 24 hours only 11:00 and 12:00 of the day before have sets. Three days back
        // is 2026-11-22 10:00.
        #expect(
            names == ["2026-11-22 23:00", "2026-11-23 23:00", "2026-11-24 11:00", "2026-11-24 12:00"])
        #expect(plan(hours, policy, now: "2027-11-25").keptNames == ["2026-11-24 12:00"])
    }

    @Test func `a window ends at its second`() {
        let policy = RetentionPolicy(hourly: .hours(24))
        #expect(plan(hours, policy, now: "2026-11-25 10:59:59").decision("2026-11-24 11:00")?.verdict == .keep)
        #expect(plan(hours, policy, now: "2026-11-25 11:00:00").decision("2026-11-24 11:00")?.verdict == .drop)
    }

    @Test func `tiers are independent of each other`() {
        let monthly = plan(hours, RetentionPolicy(monthly: .months(2)), now: "2026-11-24 12:30")
        let both = plan(hours, RetentionPolicy(hourly: .hours(3), monthly: .months(2)), now: "2026-11-24 12:30")
        #expect(monthly.keptNames == ["2026-11-20 00:00", "2026-11-24 12:00"])
        #expect(both.keptNames == ["2026-11-20 00:00", "2026-11-24 10:00", "2026-11-24 11:00", "2026-11-24 12:00"])
    }

    @Test func `the oldest set stays while the history does not reach back as far as a tier`() {
        let policy = RetentionPolicy(daily: .days(2), yearly: .years(1))
        let young = plan(hours, policy, now: "2027-11-19 23:59:59")
        #expect(young.decision("2026-11-20")?.verdict == .keep)
        #expect(young.tier(.yearly)?.isFull == false)
        #expect(young.tier(.daily)?.isFull == true)
        #expect(
            young.texts("2026-11-20")
                == ["yearly: oldest set, kept until it is 1y old at 2027-11-20 00:00"])
        let full = plan(hours, policy, now: "2027-11-20 00:00:00")
        #expect(full.decision("2026-11-20")?.verdict == .drop)
        #expect(full.tier(.yearly)?.isFull == true)
    }

    @Test func `a partial set does not take a complete one's place, but fills an empty one`() {
        var history = hours
        history.append(SetFacts(time: at("2026-11-24 12:30"), isComplete: false))
        history.append(SetFacts(time: at("2026-11-24 13:30"), isComplete: false))
        let plan = plan(history, RetentionPolicy(hourly: .hours(3)), now: "2026-11-24 13:45")
        #expect(
            plan.keptNames
                == ["2026-11-24 11:00", "2026-11-24 12:00", "2026-11-24 13:30"])
        #expect(plan.texts("2026-11-24 12:30") == ["hourly: 20261124T120000Z represents hour 2026-11-24 12h"])
    }

    @Test func `a set known to be bad fills a period only where nothing better is`() {
        func day(_ hour: String, _ complete: Bool, damaged: Bool = false, verified: Bool = false) -> SetFacts {
            SetFacts(
                time: at("2026-11-23 \(hour)"), isComplete: complete, verified: verified ? at("2026-11-24") : nil,
                isDamaged: damaged)
        }
        func kept(_ sets: [SetFacts]) -> [String] {
            // A sound set of another day, so that the floors do not hide the effect of the tier.
            plan(
                [SetFacts(time: at("2026-11-20"))] + sets + [SetFacts(time: at("2026-11-24 01"), verified: 1)],
                RetentionPolicy(daily: .days(2)), now: "2026-11-24 02"
            ).keptNames.filter { $0.hasPrefix("2026-11-23") }.map { String($0.suffix(5)) }
        }
        #expect(kept([day("03", true), day("04", true, damaged: true)]) == ["03:00"])
        #expect(kept([day("03", true, verified: true), day("04", true)]) == ["03:00"])
        #expect(kept([day("03", true, verified: true), day("04", true, verified: true)]) == ["04:00"])
        #expect(kept([day("03", true), day("04", false), day("05", false, damaged: true)]) == ["03:00"])
        // No whole set: a partial and a damaged one may each hold data that the other lost.
        #expect(kept([day("03", true, damaged: true), day("04", false)]) == ["03:00", "04:00"])
        #expect(kept([day("03", false, damaged: true), day("04", true, damaged: true)]) == ["04:00"])
        #expect(kept([day("03", false, damaged: true)]) == ["03:00"])
    }

    @Test func `the newest complete and the newest verified set outlive every policy`() {
        var history = sets(from: "2020-01-01", to: "2020-03-01", every: 86_400)
        history[3].verified = at("2020-01-05")
        history[50].isDamaged = true
        history[50].verified = at("2020-01-05")
        for index in 58...59 { history[index].isDamaged = true }
        history[60].isComplete = false
        let plan = plan(history, RetentionPolicy(keepWithin: .hours(1)), now: "2026-11-24")
        #expect(plan.keptNames == ["2020-01-04 00:00", "2020-02-27 00:00", "2020-02-29 00:00"])
        #expect(plan.texts("2020-01-04") == ["newest verified set"])
        #expect(plan.texts("2020-02-27") == ["newest whole backup not known to be damaged"])
        #expect(plan.texts("2020-02-29") == ["newest whole backup"])
    }

    @Test func `where no set is complete the newest stays`() {
        let history = (0..<5).map { SetFacts(time: at("2020-01-01") + $0 * 3600, isComplete: false) }
        let plan = plan(history, RetentionPolicy(hourly: .hours(1)), now: "2026-11-24")
        #expect(plan.keptNames == ["2020-01-01 04:00"])
        #expect(plan.texts("2020-01-01 04") == ["newest backup; no whole backup exists"])
    }

    @Test func `sets from the future are kept, counted, and stand in for nothing`() {
        let history = hours + [SetFacts(time: at("2026-11-24 12:20"), verified: 1), SetFacts(time: at("2030-01-01"))]
        let plan = plan(history, RetentionPolicy(hourly: .hours(1), keepLast: 1), now: "2026-11-24 12:10")
        #expect(plan.keptNames == ["2026-11-24 12:00", "2026-11-24 12:20", "2030-01-01 00:00"])
        #expect(plan.statistics.future == 2)
        #expect(plan.texts("2030-01-01") == ["its name is a time in the future"])
        #expect(plan.texts("2026-11-24 12").contains("newest whole backup"))
    }

    @Test func `keep_last counts sound sets, and others only while those are too few`() {
        var history = hours
        for hour in 1...5 { history.append(SetFacts(time: at("2026-11-24 12") + hour * 60, isComplete: false)) }
        let names = plan(history, RetentionPolicy(keepLast: 2), now: "2026-11-24 13").keptNames
        #expect(names == ["2026-11-24 11:00", "2026-11-24 12:00"])
        let few = plan(Array(history.suffix(6)), RetentionPolicy(keepLast: 2), now: "2026-11-24 13").keptNames
        #expect(few == ["2026-11-24 12:00", "2026-11-24 12:05"])
    }

    @Test func `keep_within keeps every set that is younger`() {
        let plan = plan(hours, RetentionPolicy(keepWithin: .hours(3)), now: "2026-11-24 12:30")
        #expect(plan.keptNames == ["2026-11-24 10:00", "2026-11-24 11:00", "2026-11-24 12:00"])
        #expect(plan.texts("2026-11-24 10") == ["keep_within: younger than 3h, until 2026-11-24 13:00"])
        #expect(plan.texts("2026-11-24 09") == ["keep_within: past 3h since 2026-11-24 12:00"])
    }

    @Test func `a pin holds until its end`() {
        var history = hours
        history[2].pinnedUntil = at("2026-12-01")
        history[3].pinnedUntil = .max
        let policy = RetentionPolicy(keepLast: 1)
        let before = plan(history, policy, now: "2026-11-30 23:59:59")
        #expect(before.keptNames == ["2026-11-20 02:00", "2026-11-20 03:00", "2026-11-24 12:00"])
        #expect(before.texts("2026-11-20 02") == ["pinned until 2026-12-01 00:00"])
        #expect(before.texts("2026-11-20 03") == ["pinned for ever"])
        #expect(plan(history, policy, now: "2026-12-01").keptNames == ["2026-11-20 03:00", "2026-11-24 12:00"])
    }

    @Test func `without a rule nothing is dropped`() {
        let plan = plan(hours, RetentionPolicy(), now: "2030-01-01")
        #expect(plan.dropped.isEmpty)
        #expect(plan.texts("2026-11-20") == ["no retention is configured"])
    }

    @Test func `the prune plan sums the freed bytes and states how long each kept set stays`() {
        var history = hours
        for index in history.indices { history[index].size = 1000 }
        history[0].size = nil
        let plan = plan(history, RetentionPolicy(hourly: .hours(2), daily: .days(1)), now: "2026-11-24 12:30")
        // 109 sets: 11:00 and 12:00 for their hours, 23:00 of the day before for its day.
        #expect(plan.statistics.kept == 3)
        #expect(plan.statistics.dropped == 106)
        #expect(plan.statistics.bytesFreed == 105_000)
        #expect(plan.decision("2026-11-23 23")?.keptUntil == at("2026-11-24 23"))
        #expect(plan.decision("2026-11-24 12")?.keptUntil == nil, "a floor has no end")
    }

    @Test func `an empty repository is not an error`() {
        let plan = plan([], .proposed, now: "2026-11-24")
        #expect(plan.decisions.isEmpty && !plan.isFrozen)
    }
}
