internal import ObjectStorage
package import Retention

/// What marks say of sets, gathered: the latest word of each kind.
package struct SetMarks: Sendable {
    package struct Facts: Equatable, Sendable {
        /// When it was last found good, and what was read then.
        package var verified: Timestamp?
        package var read: VerifiedDepth?
        /// When every byte of it was last found good.
        package var verifiedWhole: Timestamp?
        /// The newest verification that saw it found it damaged.
        package var isDamaged = false
        package var drilled: Timestamp?
        package var pinned: Pin?
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
                facts[set, default: Facts()].verified = mark.at
                facts[set, default: Facts()].read = mark.read
                if mark.read == .all { facts[set, default: Facts()].verifiedWhole = mark.at }
                facts[set, default: Facts()].isDamaged = false
            }
            for set in mark.damaged { facts[set, default: Facts()].isDamaged = true }
        }
        try marks.forEach(DrilledMark.self, unreadable: { unreadable.append($0) }) { _, mark in
            if mark.passed { facts[mark.set, default: Facts()].drilled = mark.at }
        }
        var pinnedAt: [Timestamp: Timestamp] = [:]
        try marks.forEach(PinnedMark.self, unreadable: { lostPins.append($0) }) { _, mark in
            facts[mark.set, default: Facts()].pinned = Pin(until: mark.until, reason: mark.reason)
            pinnedAt[mark.set] = mark.at
        }
        try marks.forEach(UnpinnedMark.self, unreadable: { unreadable.append($0) }) { _, mark in
            // Within one second the pin wins: keeping too much is mended by saying it again.
            if let at = pinnedAt[mark.set], at < mark.at { facts[mark.set]?.pinned = nil }
        }
    }

    /// What retention wants to know of a set.
    package func retentionFacts(of set: BackupSet, at now: Timestamp) -> SetFacts {
        let known = self[set.name]
        let pin = known.pinned.flatMap { $0.holds(at: now) ? $0 : nil }
        return SetFacts(
            time: set.name.seconds, isComplete: set.status == .complete, verified: known.verified?.seconds,
            isDamaged: known.isDamaged, pinnedUntil: pin.map { $0.until?.seconds ?? .max })
    }
}
