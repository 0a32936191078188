import Testing

@testable import Retention

@Suite struct SimulationTests {
    @Test func `seven simulated years keep the same sets as one decision over all sets`() throws {
        let simulation = Simulation(
            policy: .proposed, schedule: Schedule(every: .hours(1)), start: at("2020-01-01"), length: .years(7))
        let outcome = try #require(simulation.run())
        #expect(outcome.runs == 61_368)
        #expect(outcome.days.count == 2557)
        #expect(outcome.at == at("2026-12-31 23:59:59"))
        let once = plan(sets(from: "2020-01-01", to: "2026-12-31 23"), .proposed, now: "2026-12-31 23:59:59")
        #expect(outcome.plan.kept == once.kept)
        #expect(outcome.days.last?.kept == 79)
        #expect(outcome.plan.statistics.tiers.map(\.sets) == [24, 30, 13, 12, 8])
    }

    @Test(arguments: ["UTC", "Europe/Berlin", "America/St_Johns"])
    func `any day can be looked at, with outages, in any zone`(name: String) throws {
        var policy = RetentionPolicy(hourly: .hours(24), daily: .days(10), weekly: .weeks(4), keepLast: 3)
        policy.timeZone = try #require(DeclaredZone(name))
        var simulation = Simulation(
            policy: policy, schedule: Schedule(every: .hours(3)), start: at("2026-09-20 05"), length: .days(60))
        simulation.outages = [at("2026-10-20")..<at("2026-10-26")]
        for day in ["2026-09-20 06", "2026-10-22 12", "2026-10-25 12", "2026-11-10 12"] {
            let outcome = try #require(simulation.run(at: at(day)))
            #expect(outcome.at - at(day) < 86_400 && outcome.at >= at(day))
            let history = stride(from: at("2026-09-20 05"), through: outcome.at, by: 3 * 3600)
                .filter { !simulation.outages[0].contains($0) }.map { SetFacts(time: $0) }
            let once = decide(history, policy: policy, circumstances: PruneCircumstances(now: outcome.at))
            #expect(outcome.plan.kept == once.kept, "\(name) \(day)")
            #expect(outcome.days.contains { $0.end == outcome.at && $0.kept == once.kept.count })
        }
        #expect(simulation.run(at: at("2026-09-18")) == nil)
        #expect(simulation.run(at: at("2027-01-01")) == nil)
    }

    @Test func `days and months of a schedule follow the calendar`() throws {
        let zone = ZoneCalendar(try #require(DeclaredZone("Europe/Berlin")))
        let daily = Schedule(every: .days(1)), monthly = Schedule(every: .months(1))
        // 3:30 in Berlin, before and after the change to winter time.
        #expect(Moment.readable(daily.run(0, from: at("2026-10-24 01:30"), zone)) == "2026-10-24 01:30")
        #expect(Moment.readable(daily.run(1, from: at("2026-10-24 01:30"), zone)) == "2026-10-25 02:30")
        #expect(Moment.readable(monthly.run(2, from: at("2026-08-31 10:00"), zone)) == "2026-10-31 11:00")
    }

    @Test(arguments: [
        ("hourly", "every 1h"), ("daily", "every 1d"), ("weekly", "every 1w"), ("every 15m", "every 15m"),
        ("15m", "every 15m"), ("6h", "every 6h"), ("monthly", "every 1mo"),
    ])
    func `schedules are read`(text: String, meaning: String) {
        #expect(Schedule(text)?.description == meaning)
    }

    @Test(arguments: ["", "every", "every hour", "0h", "59s", "often"])
    func `a value that is not a schedule is refused`(text: String) { #expect(Schedule(text) == nil) }

    /// Calculated by hand: 1000 bytes, half of them replaced each day, three daily sets.
    @Test func `the repository size is the oldest set plus the new data of each later set`() {
        var model = StorageModel(size: 1000, monthlyGrowth: 0, dailyChange: 0.5, pricePerGBMonth: 0)
        let day = 86_400
        #expect(model.stored([0]) == 1000)
        #expect(model.stored([0, day, 2 * day]) == 1000 + 500 + 500)
        // Without the middle set, a quarter is left after two days.
        #expect(model.stored([0, 2 * day]) == 1000 + 750)
        // Nothing is shared if everything changes; nothing is added if nothing changes.
        model.dailyChange = 1
        #expect(model.stored([0, day]) == 2000)
        model.dailyChange = 0
        #expect(model.stored([0, day]) == 1000)
        // Growth alone adds the difference: it doubles in a month of 30.4375 days.
        model.monthlyGrowth = 1
        #expect(abs(model.stored([0, 2_629_800]) - 2000) < 1e-6)
    }

    @Test func `a set kept for a month costs one month's price`() throws {
        let simulation = Simulation(
            policy: RetentionPolicy(keepLast: 1), schedule: Schedule(every: .days(1)), start: at("2026-01-01"),
            length: .days(30),
            model: StorageModel(size: 2e9, monthlyGrowth: 0, dailyChange: 0.1, pricePerGBMonth: 0.5))
        let last = try #require(simulation.run()?.days.last)
        #expect(last.kept == 1)
        #expect(last.stored == 2e9)
        #expect(last.pricePerMonth == 1)
        #expect(abs(last.paid - 30 / 30.4375) < 1e-9)
    }
}
