internal import Cryptography
internal import ObjectStorage

/// The time at which a prune looks at a repository.
struct PruneClock: Sendable {
    /// By this machine's clock.
    let now: Timestamp
    /// Seconds since 1970: the earlier of this machine's clock and the store's, so that neither can make objects look
    /// older than they are.
    let storeNow: Int

    /// A dry run writes nothing, so it goes by this machine's clock alone.
    init(for prune: Prune) throws {
        let store = prune.repository.store
        let now = prune.now()
        self.now = now
        storeNow =
            prune.isDryRun
            ? now.seconds
            : min(now.seconds, try SpaceReserve(store: store).spending { try Self.time(of: store) ?? now.seconds })
    }

    /// The time of the store's clock, read from an object that is written: an empty one, which a full disk still takes.
    private static func time(of store: any ObjectStore) throws -> Int? {
        let key = ObjectKey(trusted: "marks/probe/\(RandomID.make())")  // checked: digits
        let modified = try store.put(key, [], options: PutOptions(.ifAbsent)).modified
        if let refused = try store.delete([key]).first { throw refused }
        return modified
    }

    /// Seconds since an object was written; 0 where the store does not tell (`Int.max`).
    func age(of modified: Int) -> Int { modified == .max ? 0 : storeNow - modified }
}
