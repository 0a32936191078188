/// The sets of one tier by period, with those that represent each period.
struct PeriodGroups {
    /// Positions of the newest set of each quality in one period; nil if there is none.
    struct Group {
        let number: Int
        /// Complete and not known to be damaged; a verified set if there is one.
        var sound: Int?
        var soundIsProved = false
        /// Partial, not known to be damaged.
        var partial: Int?
        var damagedComplete: Int?
        var damagedPartial: Int?

        mutating func add(_ position: Int, _ set: SetFacts) {
            switch (set.isComplete, set.isDamaged) {
            case (true, false):
                // A newer set that is not verified must not replace a verified one.
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

        /// If no sound set exists, a partial set and a damaged complete set both stay: each may hold data that the
        /// other has lost.
        var second: Int? { sound == nil && partial != nil ? damagedComplete : nil }
    }

    private(set) var groups: [Group] = []
    /// The position of its group, for each set.
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
                // If clocks fall back over midnight, the previous day repeats: one or two groups back.
                while group > 0, groups[group].number != number { group -= 1 }
            }
            groups[group].add(position, set.facts)
            groupOf.append(group)
        }
    }
}
