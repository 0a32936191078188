internal import ObjectStorage
package import Retention

/// What marks say of sets, gathered: the latest word of each kind.
package struct SetMarks: Sendable {
    package struct Facts: Equatable, Sendable {
        /// When every byte of it was last found good: only this is meant by *verified*.
        package var verified: Timestamp?
        /// When its structure was last found good, with its data or without.
        package var checked: Timestamp?
        /// A verification found it damaged, and none that reads as much has found it good since.
        package var isDamaged: Bool { damage != nil }
        fileprivate var damage: VerifiedDepth?
        package var drilled: Timestamp?
        package var pinned: Pin?
        /// When the newest pin was set, by the clock of the machine that did.
        package fileprivate(set) var pinnedAt: Timestamp?
        /// An operator dropped it.
        fileprivate var dropped: String?

        /// The reason for which an operator dropped the set; nil where none did, or a pin keeps it.
        package func dropReason(at now: Timestamp) -> String? {
            pinned?.holds(at: now) == true ? nil : dropped
        }
    }

    /// The sets of which `fact` tells a time, newest time first. They may be gone by now.
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
    /// What could not be read. A pin among them might be the one that keeps a set.
    package private(set) var unreadable: [RepositoryError] = []
    /// A mark of pinning is unreadable: which set it is about is not known.
    package private(set) var lostPins: [RepositoryError] = []

    package subscript(set: Timestamp) -> Facts { facts[set] ?? Facts() }

    /// Reads all marks about sets; memory grows with the sets that are marked, not with the marks.
    package init(_ marks: Marks) throws {
        try marks.forEach(VerifiedMark.self, unreadable: { unreadable.append($0) }) { _, mark in
            // Marks come oldest first: a later word overrides an earlier one.
            for set in mark.good {
                facts[set, default: Facts()].note(goodBy: mark)
            }
            for set in mark.damaged { facts[set, default: Facts()].note(damagedBy: mark) }
        }
        try marks.forEach(DrilledMark.self, unreadable: { unreadable.append($0) }) { _, mark in
            if mark.passed { facts[mark.set, default: Facts()].drilled = mark.at }
        }
        try marks.forEach(PinnedMark.self, unreadable: { lostPins.append($0) }) { _, mark in
            facts[mark.set, default: Facts()].pinned = Pin(until: mark.until, reason: mark.reason)
            facts[mark.set]?.pinnedAt = mark.at
        }
        try marks.forEach(UnpinnedMark.self, unreadable: { unreadable.append($0) }) { _, mark in
            // Within one second the pin wins: keeping too much is mended by saying it again.
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
            time: set.name.seconds, isComplete: set.status == .complete,
            components: set.components.mapValues(\.isWhole), verified: known.verified?.seconds,
            isDamaged: known.isDamaged, pinnedUntil: pin.map { $0.until?.seconds ?? .max })
        facts.dropReason = known.dropReason(at: now)
        if !scope.owns(set) { facts.otherStack = set.stack }
        return facts
    }
}

extension SetMarks.Facts {
    /// Good, as far as was read: what lies deeper stays as it was found before.
    fileprivate mutating func note(goodBy mark: VerifiedMark) {
        checked = mark.at
        if mark.level == .data { verified = mark.at }
        if let found = damage, found == .structure || mark.level == .data { damage = nil }
    }

    fileprivate mutating func note(damagedBy mark: VerifiedMark) {
        damage = max(damage ?? mark.read, mark.read)
    }
}
