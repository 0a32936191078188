/// A set with its calendar periods under a policy, computed once however often the set is judged.
struct DatedSet {
    var facts: SetFacts
    /// The time that clocks of the zone showed, in seconds as if it were UTC, and the zone's offset then.
    let local: Int
    let offset: Int
    /// By position of the tier in the policy's tiers: the number of the period that contains the set …
    let numbers: InlineArray<5, Int>
    /// … and the time from which that tier no longer covers it.
    let ends: InlineArray<5, Int>
    /// The time from which `keep_within` no longer holds; nil without that rule.
    let withinEnd: Int?

    init(
        _ facts: SetFacts, policy: RetentionPolicy, tiers: [(tier: Tier, length: CalendarLength)], _ zone: ZoneCalendar
    ) {
        self.facts = facts
        offset = zone.offset(at: facts.time)
        local = facts.time + offset
        var numbers = InlineArray<5, Int>(repeating: 0), ends = InlineArray<5, Int>(repeating: 0)
        for (index, (tier, length)) in tiers.enumerated() {
            numbers[index] = CalendarPeriod.number(tier, local: local, offset: offset)
            ends[index] = zone.adding(length, to: facts.time)
        }
        self.numbers = numbers
        self.ends = ends
        withinEnd = policy.keepWithin.map { zone.adding($0, to: facts.time) }
    }

    func period(_ tier: Tier) -> CalendarPeriod { CalendarPeriod(tier: tier, local: local, offset: offset) }
}
