/// What a prune did, or would do.
package struct PruneReport: Codable, Equatable, Sendable {
    package enum Fate: String, Codable, Sendable {
        case kept
        /// To be dropped; an intent says so, or would, and the grace is not over.
        case announced
        /// Gone, or would be.
        case removed
        /// To be dropped, but the store locks it.
        case locked
    }

    package struct SetLine: Codable, Equatable, Sendable {
        package var name: Timestamp
        package var fate: Fate
        /// Never empty.
        package var reasons: [String]
        /// Of what is announced: when a prune may remove it.
        package var due: Timestamp?
    }

    package struct Counts: Codable, Equatable, Sendable {
        package var sets = 0, manifests = 0, packs = 0
        /// As stored: packs, indexes, manifests and sets.
        package var bytes = 0
    }

    /// Objects that a lock keeps; they are tried again by later prunes.
    package struct Locked: Codable, Equatable, Sendable {
        package var objects = 0
        /// When the last of them is free.
        package var until: Timestamp?
        /// The first of them, by key.
        package var first: [Held] = []

        package struct Held: Codable, Equatable, Sendable {
            package var object: String
            /// Absent where the store only said that it is locked.
            package var until: Timestamp?
        }

        private static let mostNamed = 100

        mutating func add(_ object: String, until end: Timestamp?) {
            objects += 1
            until = [until, end].compactMap { $0 }.max()
            if first.count < Self.mostNamed { first.append(Held(object: object, until: end)) }
        }
    }

    /// Locks of what is kept.
    package struct Locks: Codable, Equatable, Sendable {
        /// Objects that were locked, or locked for longer.
        package var extended = 0
        /// The furthest end of these locks.
        package var until: Timestamp?
    }

    /// Uploads that were never finished.
    package struct Uploads: Codable, Equatable, Sendable {
        /// How many were aborted.
        package var aborted = 0
        /// Of the first of them, the keys that they were for.
        package var keys: [String] = []
    }

    package struct Refusal: Codable, Equatable, Sendable {
        package var reason: String
        package var remedy: String
    }

    package var isDryRun: Bool
    /// Seconds between the announcement of a deletion and the deletion.
    package var grace: Int
    /// Why nothing at all was removed or announced; empty when nothing stood against it.
    package var frozen: [Refusal] = []
    /// Oldest first.
    package var sets: [SetLine] = []
    package var removed = Counts()
    /// By this prune; what earlier ones announced is not counted again.
    package var announced = Counts()
    /// Components of which nothing is removed, with the reason.
    package var sealed: [String: String] = [:]
    /// Packs whose few needed files the next backup stores anew.
    package var unwantedPacks = 0
    /// Objects that are to go and that a lock keeps.
    package var locked = Locked()
    /// Absent where nothing is locked, or it was not yet time.
    package var locks: Locks?
    package var uploads = Uploads()
    /// Objects that the store did not let go for another reason, and the first of its reasons.
    package var refused = 0
    package var refusal: String?
    package var warnings: [String] = []

    package init(isDryRun: Bool, grace: Int) {
        self.isDryRun = isDryRun
        self.grace = grace
    }
}
