/// The sets that a policy keeps at a moment: the rules themselves, without texts.
struct Judgement {
    /// Oldest first.
    let sets: [DatedSet]
    /// The number of sets, from the first, that are not in the future.
    let past: Int
    let tiers: [(tier: Tier, length: CalendarLength)]
    /// In the order of `tiers`.
    let groups: [PeriodGroups]
    private(set) var keep: [Bool]
    private(set) var floors: [(position: Int, reason: Reason)] = []
    /// The set that each tier keeps until it is full.
    private(set) var oldest: Int?
    /// Positions that `keep_last` keeps.
    private(set) var last: Set<Int> = []
    /// The sets that only the protection keeps.
    private(set) var protections: [(position: Int, reason: Reason)] = []

    /// - Parameters:
    ///   - sets: oldest first, dated for this policy.
    ///   - components: whose sizes the protection compares.
    ///   - hasFloors: false for a component that is no longer configured: it has only the sets that the policy keeps.
    init(
        _ sets: [DatedSet], policy: RetentionPolicy, tiers: [(tier: Tier, length: CalendarLength)], now: Int,
        components: [String] = [], hasFloors: Bool = true
    ) {
        self.sets = sets
        self.tiers = tiers
        past = sets.partitioningIndex { $0.facts.time > now }
        let seen = sets[..<past]
        groups = tiers.indices.map { PeriodGroups(seen, tier: $0) }
        keep = [Bool](repeating: policy.isEmpty, count: sets.count)
        for position in past..<sets.count { keep[position] = true }

        for (tier, groups) in groups.enumerated() {
            for group in groups.groups {
                for position in [group.first, group.second ?? group.first] where sets[position].ends[tier] > now {
                    keep[position] = true
                }
            }
        }
        oldest = seen.firstIndex { $0.facts.isSound } ?? seen.indices.first
        if let oldest, tiers.indices.contains(where: { sets[oldest].ends[$0] > now }) { keep[oldest] = true }

        if let count = policy.keepLast {
            last = Self.newest(count, of: seen)
            for position in last { keep[position] = true }
        }
        for (position, set) in seen.enumerated() {
            if let end = set.withinEnd, end > now { keep[position] = true }
            if let until = set.facts.pinnedUntil, until > now { keep[position] = true }
        }
        if hasFloors { floors = Self.floors(of: seen) }
        for floor in floors { keep[floor.position] = true }
        guard hasFloors else { return }
        protections = protected(by: policy.protection, components: components, now: now)
        for protection in protections { keep[protection.position] = true }
    }

    /// Prefers sound sets, so that a series of partial ones does not use up the count; takes others only if there are
    /// too few.
    private static func newest(_ count: Int, of sets: ArraySlice<DatedSet>) -> Set<Int> {
        let sound = sets.indices.reversed().lazy.filter { sets[$0].facts.isSound }.prefix(count)
        var chosen = Set(sound)
        guard chosen.count < count else { return chosen }
        for position in sets.indices.reversed() where chosen.count < count { chosen.insert(position) }
        return chosen
    }

    /// The sets that no policy can drop.
    private static func floors(of sets: ArraySlice<DatedSet>) -> [(position: Int, reason: Reason)] {
        var floors: [(position: Int, reason: Reason)] = []
        let complete = sets.lastIndex { $0.facts.isComplete }, sound = sets.lastIndex { $0.facts.isSound }
        if let complete {
            floors.append((complete, .newestComplete))
        } else if let newest = sets.lastIndex(where: { !$0.facts.isDamaged }) ?? sets.indices.last {
            floors.append((newest, .newestOfAll))
        }
        if let sound, sound != complete { floors.append((sound, .newestSound)) }
        let proved =
            sets.lastIndex { $0.facts.isProved }
            ?? sets.lastIndex { $0.facts.verified != nil && !$0.facts.isDamaged }
        if let proved { floors.append((proved, .newestVerified)) }
        return floors
    }
}

extension [DatedSet] {
    /// The position of the first element that matches `belongs`, in an array in which all following elements match too.
    func partitioningIndex(where belongs: (DatedSet) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
