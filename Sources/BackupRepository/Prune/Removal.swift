internal import ObjectStorage

/// The objects that a prune removed, and those that it could not remove.
struct Removal: Sendable {
    var removed = PruneReport.Counts()
    /// The result for each set to remove: removed, or locked.
    var fates: [Timestamp: PruneReport.Fate] = [:]
    /// The runs of the removed sets.
    var runs: [String] = []
    /// Objects that the store did not delete.
    var left: Set<ObjectKey> = []
    var locked = PruneReport.Locked()
    var refused = 0
    var refusal: String?
    /// Components of which no object may be removed, with the reason.
    var sealed: [String: String]
    var warnings: [String] = []

    init(sealed: [String: String]) { self.sealed = sealed }

    /// Records an object that the store did not delete.
    mutating func keep(_ key: ObjectKey, because error: ObjectStoreError) {
        left.insert(key)
        guard error.reason != .locked else { return locked.add(key.text, until: nil) }
        refused += 1
        refusal = refusal ?? "\(error)"
    }

    /// Records an object that a lock keeps.
    mutating func keep(_ key: ObjectKey, until end: Timestamp) {
        left.insert(key)
        locked.add(key.text, until: end)
    }
}
