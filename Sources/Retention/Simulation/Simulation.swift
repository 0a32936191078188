/// Runs a schedule and a policy over years, without a store: the real rules, applied at the end of every day.
///
/// Each day decides on the sets that the day before kept and on those made since, like real prunes.
package struct Simulation: Sendable {
    package var policy: RetentionPolicy
    package var schedule: Schedule
    /// The first run, in seconds since 1970.
    package var start: Int
    package var length: CalendarLength
    /// Time spans in which runs fail and write no set, in seconds since 1970.
    package var outages: [Range<Int>] = []
    package var model: StorageModel

    package init(
        policy: RetentionPolicy, schedule: Schedule, start: Int, length: CalendarLength,
        model: StorageModel = StorageModel()
    ) {
        self.policy = policy
        self.schedule = schedule
        self.start = start
        self.length = length
        self.model = model
    }

    /// The repository at the end of one day.
    package struct Day: Hashable, Sendable {
        /// The day's last second in the policy's zone, in seconds since 1970.
        package var end: Int
        package var kept: Int
        /// The oldest kept set, in seconds since 1970; nil while there is none.
        package var oldest: Int?
        /// Bytes of one full backup, and of all kept sets.
        package var full: Double
        package var stored: Double
        /// Price of a month at this size, and the total paid since the start.
        package var pricePerMonth: Double
        package var paid: Double
    }

    package struct Outcome: Sendable {
        /// One for each day, from the first.
        package var days: [Day]
        /// Runs that wrote a set.
        package var runs: Int
        /// The kept sets at the end of the chosen day, with reasons.
        package var plan: RetentionPlan
        /// The chosen day: its last second.
        package var at: Int
    }

    /// The end of the simulated time.
    package var end: Int { ZoneCalendar(policy.timeZone).adding(length, to: start) }

    /// - Parameter moment: a moment in the day of ``Outcome/plan``; nil is the last day.
    /// - Returns: nil if that day is not simulated, or the time is shorter than its first day.
    package func run(at moment: Int? = nil) -> Outcome? {
        let zone = ZoneCalendar(policy.timeZone)
        let tiers = policy.tiers
        let end = zone.adding(length, to: start)
        var held: [DatedSet] = []
        var days: [Day] = []
        var paid = 0.0
        var runs = 0, number = 0
        var chosen: (kept: [SetFacts], at: Int)?
        var localDay = (start + zone.offset(at: start)).dividedDown(by: 86_400).quotient
        while true {
            let now = zone.moment(ofLocal: (localDay + 1) * 86_400) - 1
            guard now < end || days.isEmpty else { break }
            defer { localDay += 1 }
            while true {
                let time = schedule.run(number, from: start, zone)
                guard time <= now else { break }
                number += 1
                guard !outages.contains(where: { $0.contains(time) }) else { continue }
                runs += 1
                held.append(DatedSet(SetFacts(time: time), policy: policy, tiers: tiers, zone))
            }
            let judgement = Judgement(held, policy: policy, tiers: tiers, now: now)
            held = held.indices.filter { judgement.keep[$0] }.map { held[$0] }
            let stored = model.stored(held.lazy.map { $0.facts.time - start })
            paid += model.pricePerMonth(stored) / StorageModel.daysOfMonth
            days.append(
                Day(
                    end: now, kept: held.count, oldest: held.first?.facts.time, full: model.full(after: now - start),
                    stored: stored, pricePerMonth: model.pricePerMonth(stored), paid: paid))
            if let moment, (zone.moment(ofLocal: localDay * 86_400)...now).contains(moment) {
                chosen = (held.map(\.facts), now)
            }
        }
        if moment == nil, let last = days.last { chosen = (held.map(\.facts), last.end) }
        guard let chosen else { return nil }
        let plan = decide(chosen.kept, policy: policy, circumstances: PruneCircumstances(now: chosen.at))
        return Outcome(days: days, runs: runs, plan: plan, at: chosen.at)
    }
}
