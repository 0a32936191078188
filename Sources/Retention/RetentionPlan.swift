/// The decision on one set, with its reasons.
package struct RetentionDecision: Hashable, Sendable {
    package enum Verdict: String, Sendable { case keep, drop }

    package var set: SetFacts
    package var verdict: Verdict
    /// Never empty. For a kept set every reason to keep it, floors first; for a dropped set the reason of each rule.
    package var reasons: [Reason]

    /// The time at which the policy drops it if only time changes; nil if a reason without an end keeps it.
    package var keptUntil: Int? {
        guard verdict == .keep, reasons.allSatisfy({ $0.until != nil }) else { return nil }
        return reasons.compactMap(\.until).max()
    }
}

/// The decisions on all sets, and the reasons not to carry them out now.
package struct RetentionPlan: Sendable {
    /// One for each set, oldest first.
    package var decisions: [RetentionDecision]
    /// Reasons to drop no set until an operator has checked; empty if there are none. The decisions are complete in any
    /// case, so that they can be shown.
    package var freezes: [Freeze]
    package var statistics: RetentionStatistics

    package var isFrozen: Bool { !freezes.isEmpty }
    package var kept: [SetFacts] { decisions.filter { $0.verdict == .keep }.map(\.set) }
    package var dropped: [SetFacts] { decisions.filter { $0.verdict == .drop }.map(\.set) }
}

/// A plan in numbers.
package struct RetentionStatistics: Hashable, Sendable {
    package struct TierUse: Hashable, Sendable {
        package var tier: Tier
        package var length: CalendarLength
        /// Sets that the tier keeps, for their periods or as the oldest.
        package var sets: Int
        /// The oldest of them, in seconds since 1970.
        package var oldest: Int?
        /// True if the history covers the whole length of the tier.
        package var isFull: Bool
    }

    package var kept = 0
    package var dropped = 0
    /// Kept sets whose names are in the future.
    package var future = 0
    /// The sum of the known sizes of the dropped sets.
    package var bytesFreed = 0
    /// For each configured tier, finest first.
    package var tiers: [TierUse] = []
}

/// The known facts about time and runs when a plan is made.
package struct PruneCircumstances: Hashable, Sendable {
    /// Seconds since 1970.
    package var now: Int
    /// The clock's time at the last prune; nil if there was none, or it is not known. A time after `now` is ignored: a
    /// clock was wrong.
    package var lastPrune: Int?
    /// Backup runs that failed since the last successful one.
    package var failedRuns: Int
    /// The configured components; nil if they are not known. A component that is not configured has no set that
    /// outlives the policy.
    package var components: Set<String>?

    package init(now: Int, lastPrune: Int? = nil, failedRuns: Int = 0, components: Set<String>? = nil) {
        self.now = now
        self.lastPrune = lastPrune
        self.failedRuns = failedRuns
        self.components = components
    }
}
