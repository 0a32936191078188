/// The sets of one tier, period by period, and which of them represent each.
struct PeriodGroups {
    /// Positions of the newest set of each quality in one period; nil where there is none.
    struct Group {
        let number: Int
        /// Complete and not known to be damaged; a verified one where there is any.
        var sound: Int?
        var soundIsProved = false
        /// Partial, not known to be damaged.
        var partial: Int?
        var damagedComplete: Int?
        var damagedPartial: Int?

        mutating func add(_ position: Int, _ set: SetFacts) {
            switch (set.isComplete, set.isDamaged) {
            case (true, false):
                // A set that nobody proved, newer though it is, must not take the place of one that was.
                guard set.isProved || !soundIsProved else { return }
                sound = position
                soundIsProved = set.isProved
            case (false, false): partial = position
            case (true, true): damagedComplete = position
            case (false, true): damagedPartial = position
            }
        }

        /// The best of the period.
        var first: Int { sound ?? partial ?? damagedComplete ?? damagedPartial ?? 0 }

        /// Where no sound set exists, a partial one and a damaged complete one both stay: each may hold what the other
        /// has lost.
        var second: Int? { sound == nil && partial != nil ? damagedComplete : nil }
    }

    private(set) var groups: [Group] = []
    /// For each set the position of its group.
    private(set) var groupOf: [Int] = []

    /// - Parameters:
    ///   - sets: oldest first.
    ///   - tier: the tier's position in the policy's tiers.
    init(_ sets: ArraySlice<DatedSet>, tier: Int) {
        groupOf.reserveCapacity(sets.count)
        var highest = Int.min
        for (position, set) in sets.enumerated() {
            let number = set.numbers[tier]
            var group = groups.count - 1
            if number > highest {
                highest = number
                groups.append(Group(number: number))
                group += 1
            } else {
                // Where clocks fall back over midnight, yesterday comes again: one or two groups back.
                while group > 0, groups[group].number != number { group -= 1 }
            }
            groups[group].add(position, set.facts)
            groupOf.append(group)
        }
    }
}
