internal import Cryptography
internal import ObjectStorage

/// The time of a prune.
struct PruneClock: Sendable {
    /// The time of this machine's clock.
    let now: Timestamp
    /// Seconds since 1970: the earlier of this machine's clock and the store's, so that neither can make objects look
    /// too old.
    let storeNow: Int

    /// A dry run writes no objects, so it uses only this machine's clock.
    init(for prune: Prune) throws {
        let store = prune.repository.store
        let now = prune.now()
        self.now = now
        storeNow =
            prune.isDryRun
            ? now.seconds
            : min(
                now.seconds,
                try SpaceReserve(store: store).spending { try store.storeTime() ?? Self.time(of: store) ?? now.seconds }
            )
    }

    /// Returns the time of the store's clock, read from a new object: an empty one, which fits on a full disk.
    private static func time(of store: any ObjectStore) throws -> Int? {
        let key = ObjectKey(trusted: "marks/probe/\(RandomID.make())")  // checked: digits
        let written = try store.put(key, [], options: PutOptions(.ifAbsent)).modified
        // The times in listings may come from another clock than those in answers.
        let modified = try store.head(key)?.modified ?? written
        if let refused = try store.delete([key]).first { throw refused }
        return modified
    }

    /// Returns the age of an object in seconds; 0 if the store does not report it (`Int.max`).
    func age(of modified: Int) -> Int { modified == .max ? 0 : storeNow - modified }
}
