/// What becomes of one set, and why.
package struct RetentionDecision: Hashable, Sendable {
    package enum Verdict: String, Sendable { case keep, drop }

    package var set: SetFacts
    package var verdict: Verdict
    /// Never empty. For a kept set all that speaks for it, floors first; for a dropped one why each rule lets it go.
    package var reasons: [Reason]

    /// When the policy lets it go if nothing but time changes; nil where something that time does not end keeps it.
    package var keptUntil: Int? {
        guard verdict == .keep, reasons.allSatisfy({ $0.until != nil }) else { return nil }
        return reasons.compactMap(\.until).max()
    }
}

/// The fate of every set, and whether it may be carried out now.
package struct RetentionPlan: Sendable {
    /// One for each set, oldest first.
    package var decisions: [RetentionDecision]
    /// Why nothing may be dropped before a person has looked; empty when nothing stands against it. The decisions are
    /// made all the same, so that they can be shown.
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
        /// Whether the history reaches back as far as the tier does.
        package var isFull: Bool
    }

    package var kept = 0
    package var dropped = 0
    /// Kept sets named after a time in the future.
    package var future = 0
    /// Sum of the sizes that are known of the dropped sets.
    package var bytesFreed = 0
    /// For each tier that is set, finest first.
    package var tiers: [TierUse] = []
}

/// What is known of the time and of the runs when a plan is made.
package struct PruneCircumstances: Hashable, Sendable {
    /// Seconds since 1970.
    package var now: Int
    /// What the clock showed at the last prune; nil when there was none, or it is not known. A time after `now` says
    /// nothing: a clock was wrong.
    package var lastPrune: Int?
    /// Backup runs that failed since the last one that did not.
    package var failedRuns: Int
    /// The components that are configured; nil where that is not known. Those that are not have no set that outlives
    /// the policy.
    package var components: Set<String>?

    package init(now: Int, lastPrune: Int? = nil, failedRuns: Int = 0, components: Set<String>? = nil) {
        self.now = now
        self.lastPrune = lastPrune
        self.failedRuns = failedRuns
        self.components = components
    }
}
