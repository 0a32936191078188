/// Adds the reasons to a judgement, set by set.
struct Explanation {
    let judgement: Judgement
    let policy: RetentionPolicy
    let now: Int
    private let floors: [Int: [Reason]]

    init(_ judgement: Judgement, policy: RetentionPolicy, now: Int) {
        self.judgement = judgement
        self.policy = policy
        self.now = now
        floors = Dictionary(grouping: judgement.floors + judgement.protections, by: \.position).mapValues {
            $0.map(\.reason)
        }
    }

    /// True if the history covers the whole length of a tier.
    /// - Parameter index: of the tier in the judgement's tiers.
    func isFull(tier index: Int) -> Bool {
        judgement.oldest.map { judgement.sets[$0].ends[index] <= now } ?? false
    }

    /// - Returns: true if the set is kept, and the reasons for the decision.
    func decision(at position: Int) -> (isKept: Bool, reasons: [Reason]) {
        let set = judgement.sets[position]
        guard position < judgement.past else { return (true, [.future]) }
        var reasons = Reasons(keeping: floors[position] ?? [])
        if let until = set.facts.pinnedUntil, until > now { reasons.keeping.append(.pinned(until: until)) }
        if policy.isEmpty { reasons.keeping.append(.noPolicy) }
        if let count = policy.keepLast {
            if judgement.last.contains(position) {
                reasons.keeping.append(.last(count))
            } else {
                reasons.dropping.append(.beyondLast(count))
            }
        }
        if let length = policy.keepWithin, let end = set.withinEnd {
            if end > now {
                reasons.keeping.append(.within(length, until: end))
            } else {
                reasons.dropping.append(.beyondWithin(length, since: end))
            }
        }
        for index in judgement.tiers.indices { explainTier(index, of: position, &reasons) }
        let isKept = judgement.keep[position]
        return (isKept, isKept ? reasons.keeping : reasons.dropping)
    }

    /// The reasons for and against keeping a set. Only those of the decision are reported.
    private struct Reasons {
        var keeping: [Reason]
        var dropping: [Reason] = []
    }

    private func explainTier(_ index: Int, of position: Int, _ reasons: inout Reasons) {
        let set = judgement.sets[position]
        let (tier, length) = judgement.tiers[index]
        let groups = judgement.groups[index]
        let group = groups.groups[groups.groupOf[position]]
        let end = set.ends[index]
        let represents = position == group.first || position == group.second
        if represents, end > now {
            reasons.keeping.append(.newest(of: set.period(tier), until: end))
        } else if position == judgement.oldest, end > now {
            reasons.keeping.append(.oldest(tier, length, until: end))
        } else {
            reasons.dropping.append(
                represents
                    ? .expired(set.period(tier), length, since: end)
                    : .superseded(in: set.period(tier), by: judgement.sets[group.first].facts.time))
        }
    }
}
