/// Puts reasons to a judgement, set by set from the oldest, and counts what each tier keeps.
struct Explanation {
    let judgement: Judgement
    let policy: RetentionPolicy
    let now: Int
    private let floors: [Int: [Reason]]
    private(set) var statistics = RetentionStatistics()

    init(_ judgement: Judgement, policy: RetentionPolicy, now: Int) {
        self.judgement = judgement
        self.policy = policy
        self.now = now
        floors = Dictionary(grouping: judgement.floors, by: \.position).mapValues { $0.map(\.reason) }
        for (index, (tier, length)) in judgement.tiers.enumerated() {
            let full = judgement.oldest.map { judgement.sets[$0].ends[index] <= now } ?? false
            statistics.tiers.append(.init(tier: tier, length: length, sets: 0, oldest: nil, isFull: full))
        }
    }

    mutating func decision(at position: Int) -> RetentionDecision {
        let set = judgement.sets[position]
        guard position < judgement.past else {
            return RetentionDecision(set: set.facts, verdict: .keep, reasons: [.future])
        }
        var keeping = floors[position] ?? [], dropping: [Reason] = []
        if let until = set.facts.pinnedUntil, until > now { keeping.append(.pinned(until: until)) }
        if policy.isEmpty { keeping.append(.noPolicy) }
        if let count = policy.keepLast {
            if judgement.last.contains(position) {
                keeping.append(.last(count))
            } else {
                dropping.append(.beyondLast(count))
            }
        }
        if let length = policy.keepWithin, let end = set.withinEnd {
            if end > now {
                keeping.append(.within(length, until: end))
            } else {
                dropping.append(.beyondWithin(length, since: end))
            }
        }
        for index in judgement.tiers.indices { explainTier(index, position, set, &keeping, &dropping) }
        let isKept = judgement.keep[position]
        return RetentionDecision(
            set: set.facts, verdict: isKept ? .keep : .drop, reasons: isKept ? keeping : dropping)
    }

    private mutating func explainTier(
        _ index: Int, _ position: Int, _ set: DatedSet, _ keeping: inout [Reason], _ dropping: inout [Reason]
    ) {
        let (tier, length) = judgement.tiers[index]
        let groups = judgement.groups[index]
        let group = groups.groups[groups.groupOf[position]]
        let end = set.ends[index]
        let represents = position == group.first || position == group.second
        if represents, end > now {
            keeping.append(.newest(of: set.period(tier), until: end))
        } else if position == judgement.oldest, end > now {
            keeping.append(.oldest(tier, length, until: end))
        } else {
            dropping.append(
                represents
                    ? .expired(set.period(tier), length, since: end)
                    : .superseded(in: set.period(tier), by: judgement.sets[group.first].facts.time))
            return
        }
        statistics.tiers[index].sets += 1
        if statistics.tiers[index].oldest == nil { statistics.tiers[index].oldest = set.facts.time }
    }
}
