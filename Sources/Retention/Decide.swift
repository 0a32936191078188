/// Decides which sets a policy keeps now, with a reason for each, in any order of the sets.
///
/// Each component is judged separately, over the sets that hold it. A set is kept if any of its components keeps it.
/// This is a pure function: the clock, the last prune and the failed runs are parameters. Its time grows linearly with
/// the number of sorted sets. `docs/retention.md` documents the rules.
package func decide(
    _ sets: [SetFacts], policy: RetentionPolicy, circumstances: PruneCircumstances
) -> RetentionPlan {
    let now = circumstances.now
    let zone = ZoneCalendar(policy.timeZone)
    let tiers = policy.tiers
    let ordered = sets.sorted { $0.time < $1.time }
    let judged = ordered.filter { $0.dropReason == nil && $0.otherStack == nil && !$0.isAbandoned }
    let dated = judged.map { DatedSet($0, policy: policy, tiers: tiers, zone) }
    var joint = [JointDecision](repeating: JointDecision(), count: dated.count)
    var isFull = [Bool](repeating: false, count: tiers.count)
    var newestWhole: [Int] = []
    for view in ComponentView.views(dated, configured: circumstances.components) {
        let judgement = Judgement(
            view.sets, policy: policy, tiers: tiers, now: now, components: view.components,
            hasFloors: view.isConfigured)
        let explanation = Explanation(judgement, policy: policy, now: now)
        for (index, position) in view.positions.enumerated() {
            joint[position].add(explanation.decision(at: index), for: view.components)
        }
        for index in tiers.indices where explanation.isFull(tier: index) { isFull[index] = true }
        if view.isConfigured, let whole = view.sets[..<judgement.past].last(where: { $0.facts.isComplete }) {
            newestWhole.append(whole.facts.time)
        }
    }
    var decisions: [RetentionDecision] = []
    var next = 0
    for set in ordered {
        if let reason = set.dropReason {
            decisions.append(RetentionDecision(set: set, verdict: .drop, reasons: [.dropped(reason)]))
        } else if let stack = set.otherStack {
            decisions.append(RetentionDecision(set: set, verdict: .keep, reasons: [.otherStack(stack)]))
        } else if set.isAbandoned {
            decisions.append(RetentionDecision(set: set, verdict: .drop, reasons: [.abandoned]))
        } else {
            let decision = joint[next]
            next += 1
            decisions.append(
                RetentionDecision(
                    set: set, verdict: decision.isKept ? .keep : .drop, reasons: decision.reasons))
        }
    }
    let statistics = RetentionStatistics(decisions, tiers: tiers, isFull: isFull, now: now)
    let freezes = Freeze.all(
        times: judged.map(\.time), sets: judged.count + ordered.count { $0.isAbandoned && $0.dropReason == nil },
        oldestNewest: newestWhole.min(),
        dropped: decisions.count { $0.verdict == .drop && $0.set.dropReason == nil }, circumstances: circumstances,
        limits: policy.limits)
    return RetentionPlan(decisions: decisions, freezes: freezes, statistics: statistics)
}

extension RetentionStatistics {
    fileprivate init(
        _ decisions: [RetentionDecision], tiers: [(tier: Tier, length: CalendarLength)], isFull: [Bool], now: Int
    ) {
        var uses = zip(tiers, isFull).map { tier, isFull in
            TierUse(tier: tier.tier, length: tier.length, sets: 0, oldest: nil, isFull: isFull)
        }
        for decision in decisions {
            guard decision.verdict == .keep else {
                dropped += 1
                bytesFreed += decision.set.size ?? 0
                continue
            }
            kept += 1
            if decision.set.time > now { future += 1 }
            let counted = Set(decision.reasons.compactMap(\.tier))
            for index in uses.indices where counted.contains(uses[index].tier) {
                uses[index].sets += 1
                uses[index].oldest = uses[index].oldest ?? decision.set.time
            }
        }
        self.tiers = uses
    }
}
