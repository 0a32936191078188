/// Decides which sets a policy keeps now, with a reason for each, whatever their order.
///
/// A pure function: the clock, the last prune and the failed runs come in as facts. Time grows linearly with the sets
/// once they are in order. The rules are written down in `docs/retention.md`.
package func decide(
    _ sets: [SetFacts], policy: RetentionPolicy, circumstances: PruneCircumstances
) -> RetentionPlan {
    let zone = ZoneCalendar(policy.timeZone)
    let tiers = policy.tiers
    let dated = sets.sorted { $0.time < $1.time }.map { DatedSet($0, policy: policy, tiers: tiers, zone) }
    let judgement = Judgement(dated, policy: policy, tiers: tiers, now: circumstances.now)
    var explanation = Explanation(judgement, policy: policy, now: circumstances.now)
    let decisions = dated.indices.map { explanation.decision(at: $0) }
    var statistics = explanation.statistics
    for decision in decisions where decision.verdict == .drop { statistics.bytesFreed += decision.set.size ?? 0 }
    statistics.dropped = judgement.keep.count { !$0 }
    statistics.kept = dated.count - statistics.dropped
    statistics.future = dated.count - judgement.past
    let freezes = Freeze.all(
        times: dated.map(\.facts.time),
        newestComplete: dated[..<judgement.past].last { $0.facts.isComplete }?.facts.time,
        dropped: statistics.dropped, circumstances: circumstances, limits: policy.limits)
    return RetentionPlan(decisions: decisions, freezes: freezes, statistics: statistics)
}
