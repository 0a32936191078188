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
    /// Objects that the store did not let go, and the first of its reasons.
    package var refused = 0
    package var refusal: String?
    package var warnings: [String] = []

    package init(isDryRun: Bool, grace: Int) {
        self.isDryRun = isDryRun
        self.grace = grace
    }
}
