/// The actions of a prune, done or planned.
package struct PruneReport: Codable, Equatable, Sendable {
    package enum Fate: String, Codable, Sendable {
        case kept
        /// To be dropped: an intent names it, or would, and the grace period is not over.
        case announced
        /// Removed, or would be.
        case removed
        /// To be dropped, but the store locks it.
        case locked
    }

    package struct SetLine: Codable, Equatable, Sendable {
        package var name: Timestamp
        package var fate: Fate
        /// Never empty.
        package var reasons: [String]
        /// For an announced set: the time from which a prune may remove it.
        package var due: Timestamp?
    }

    package struct Counts: Codable, Equatable, Sendable {
        package var sets = 0, manifests = 0, packs = 0
        /// Stored bytes of packs, indexes, manifests and sets.
        package var bytes = 0
    }

    /// Objects that a lock keeps; later prunes try again.
    package struct Locked: Codable, Equatable, Sendable {
        package var objects = 0
        /// The time at which the last of the locks ends.
        package var until: Timestamp?
        /// The first of them, by key.
        package var first: [Held] = []

        package struct Held: Codable, Equatable, Sendable {
            package var object: String
            /// Absent if the store reported a lock without its end.
            package var until: Timestamp?
        }

        private static let mostNamed = 100

        mutating func add(_ object: String, until end: Timestamp?) {
            objects += 1
            until = [until, end].compactMap { $0 }.max()
            if first.count < Self.mostNamed { first.append(Held(object: object, until: end)) }
        }
    }

    /// Locks of kept objects.
    package struct Locks: Codable, Equatable, Sendable {
        /// Objects that were locked, or whose lock was extended.
        package var extended = 0
        /// The latest end of these locks.
        package var until: Timestamp?
    }

    /// Uploads that were never finished.
    package struct Uploads: Codable, Equatable, Sendable {
        /// The number of aborted uploads.
        package var aborted = 0
        /// The target keys of the first of them.
        package var keys: [String] = []
    }

    package struct Refusal: Codable, Equatable, Sendable {
        package var reason: String
        package var remedy: String

        package init(reason: String, remedy: String) {
            self.reason = reason
            self.remedy = remedy
        }
    }

    /// A kept set that cannot be restored whole from the store.
    package struct Incomplete: Codable, Equatable, Sendable {
        package var set: Timestamp
        /// The first object that is gone or damaged, and what is wrong with it.
        package var reason: String
    }

    package var isDryRun: Bool
    /// Seconds between the announcement of a deletion and the deletion.
    package var grace: Int
    /// Reasons for which no object was removed or announced; empty without such reasons.
    package var frozen: [Refusal] = []
    /// Oldest first.
    package var sets: [SetLine] = []
    package var removed = Counts()
    /// Announced by this prune, without those of earlier ones.
    package var announced = Counts()
    /// Kept sets with an object that is gone, or with a document that cannot be read, newest first. The contents of packs
    /// are not looked at.
    package var incomplete: [Incomplete] = []
    /// Components of which no object is removed, with the reason.
    package var sealed: [String: String] = [:]
    /// Packs whose few needed files the next backup stores again.
    package var unwantedPacks = 0
    /// Objects to remove that a lock keeps.
    package var locked = Locked()
    /// Absent without locks, or if the extension was not due yet.
    package var locks: Locks?
    package var uploads = Uploads()
    /// Objects that the store did not delete for another reason, and the first of these reasons.
    package var refused = 0
    package var refusal: String?
    package var warnings: [String] = []

    package init(isDryRun: Bool, grace: Int) {
        self.isDryRun = isDryRun
        self.grace = grace
    }
}
