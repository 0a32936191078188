internal import ObjectStorage
package import Retention

/// The facts in the marks about sets: the latest of each kind.
package struct SetMarks: Sendable {
    package struct Facts: Equatable, Sendable {
        /// The time at which every byte of it was last found good. Only this counts as *verified*.
        package var verified: Timestamp?
        /// The time at which its structure was last found good, with its data or without.
        package var checked: Timestamp?
        /// True if a verification found it damaged, and no later one that reads as much found it good.
        package var isDamaged: Bool { damage != nil }
        /// The depth of the verification that found it damaged: documents, or packs too; nil if none did.
        fileprivate(set) var damage: VerifiedDepth?
        package var drilled: Timestamp?
        /// The time of the newest drill that passed and does not count, because its mark has no trusted signature. It comes
        /// from that mark, so it serves only to tell the operator.
        package var untrustedDrill: Timestamp?
        package var pinned: Pin?
        /// The time at which the newest pin was set, by the clock of the machine that set it.
        package fileprivate(set) var pinnedAt: Timestamp?
        /// The reason for which an operator dropped it.
        fileprivate var dropped: String?

        /// Returns the reason for which an operator dropped the set; nil if none did, or a pin keeps it.
        package func dropReason(at now: Timestamp) -> String? {
            pinned?.holds(at: now) == true ? nil : dropped
        }
    }

    /// Returns the sets for which `fact` has a time, newest time first. They may be gone by now.
    package func sets(by fact: (Facts) -> Timestamp?) -> [(set: Timestamp, at: Timestamp)] {
        facts.compactMap { set, facts in fact(facts).map { (set, $0) } }.sorted { ($0.at, $0.set) > ($1.at, $1.set) }
    }

    package struct Pin: Equatable, Sendable {
        /// Nil: for ever.
        package var until: Timestamp?
        package var reason: String?

        package func holds(at now: Timestamp) -> Bool { until.map { $0 > now } ?? true }
    }

    private(set) var facts: [Timestamp: Facts] = [:]
    /// Marks that could not be read. One of them may be a pin that keeps a set.
    package private(set) var unreadable: [RepositoryError] = []
    /// Unreadable pins: the pinned sets are not known.
    package private(set) var lostPins: [RepositoryError] = []

    package subscript(set: Timestamp) -> Facts { facts[set] ?? Facts() }

    /// No marks.
    package init() {}

    /// Reads all marks about sets. Memory grows with the number of marked sets, not of marks.
    /// - Parameter now: drills that are later do not count: a clock was wrong, or the mark is false.
    package init(_ marks: Marks, now: Timestamp? = nil) throws {
        marks.store.prepare(
            [VerifiedMark.kind, DrilledMark.kind, PinnedMark.kind, UnpinnedMark.kind, DroppedMark.kind]
                .map(Marks.prefix))
        try marks.forEach(VerifiedMark.self, unreadable: { unreadable.append($0) }) { _, mark in
            // Marks come oldest first: a later one overrides an earlier one.
            for set in mark.good {
                facts[set, default: Facts()].note(goodBy: mark)
            }
            for set in mark.damaged { facts[set, default: Facts()].note(damagedBy: mark) }
        }
        // One without a signature hides nothing: the set only counts as not drilled.
        try marks.forEachJudged(DrilledMark.self, unreadable: { unreadable.append($0) }) { _, found in
            let mark = found.mark
            guard mark.passed, now.map({ mark.at <= $0 }) ?? true else { return }
            if found.refusal == nil {
                facts[mark.set, default: Facts()].drilled = mark.at
            } else {
                facts[mark.set, default: Facts()].untrustedDrill = mark.at
            }
        }
        try marks.forEach(PinnedMark.self, unreadable: { lostPins.append($0) }) { _, mark in
            facts[mark.set, default: Facts()].pinned = Pin(until: mark.until, reason: mark.reason)
            facts[mark.set]?.pinnedAt = mark.at
        }
        try marks.forEach(UnpinnedMark.self, unreadable: { unreadable.append($0) }) { _, mark in
            // Within one second the pin wins: an operator can correct a set that is kept too long by repeating the
            // command.
            if let at = facts[mark.set]?.pinnedAt, at < mark.at { facts[mark.set]?.pinned = nil }
        }
        try marks.forEach(DroppedMark.self, unreadable: { unreadable.append($0) }) { _, mark in
            facts[mark.set, default: Facts()].dropped = mark.reason
        }
    }

    /// The facts about a set that retention decides on.
    package func retentionFacts(of set: BackupSet, at now: Timestamp, in scope: SetScope = SetScope()) -> SetFacts {
        let known = self[set.name]
        let pin = known.pinned.flatMap { $0.holds(at: now) ? $0 : nil }
        var facts = SetFacts(
            // Another tool's backup may lack parts that dr's own backups hold: it does not take their place.
            time: set.name.seconds, isComplete: set.status == .complete && set.imported == nil,
            components: set.components.mapValues { $0.isWhole && set.imported == nil },
            verified: known.verified?.seconds,
            isDamaged: known.isDamaged, pinnedUntil: pin.map { $0.until?.seconds ?? .max })
        facts.sizes = set.components.mapValues(\.bytes)
        facts.dropReason = known.dropReason(at: now)
        if !scope.owns(set) { facts.otherStack = set.stack }
        return facts
    }
}

extension SetMarks.Facts {
    /// Records a good result for the parts that were read; deeper parts keep their earlier result.
    fileprivate mutating func note(goodBy mark: VerifiedMark) {
        checked = mark.at
        if mark.level == .data { verified = mark.at }
        if let found = damage, found == .structure || mark.level == .data { damage = nil }
    }

    fileprivate mutating func note(damagedBy mark: VerifiedMark) {
        damage = max(damage ?? mark.read, mark.read)
    }
}
