import BackupRepository
import FoundationEssentials
import ObjectStorage
import Platform
import StackConfiguration

/// The place of a copy, which may be gone: a volume that is not mounted leaves an empty directory.
extension Session {
    /// Opens the store of a copy. Blocks.
    /// - Parameters:
    ///   - creating: creates a directory that does not exist.
    ///   - seen: the newest set that this machine saw in the copy; nil if it saw none, or if the copy may begin anew.
    /// - Returns: nil for a directory that does not exist, if it is not to be created.
    /// - Throws: `RepositoryError` `.notARepository` if a set was seen, and there is nothing now; `ObjectStoreError`.
    func store(of copy: CopyConfiguration, creating: Bool, seen: Timestamp?) throws -> (any ObjectStore)? {
        if case .directory(let path) = copy.store.url, !FileManager.default.fileExists(atPath: path) {
            if let seen { throw Self.lost(copy, seen) }
            if !creating { return nil }
        }
        let store = try StoreFactory.make(copy.store, create: creating, use: storeUse, logger: logger)
        if let seen, try Self.isEmpty(store) { throw Self.lost(copy, seen) }
        return store
    }

    /// Opens the store of a copy for a command that does not begin one. Blocks.
    /// - Throws: as ``store(of:creating:seen:)``; `RepositoryError` `.notARepository` also if no set was seen.
    func begunStore(of copy: CopyConfiguration, seen: Timestamp?) throws -> any ObjectStore {
        guard let store = try self.store(of: copy, creating: false, seen: seen), try !Self.isEmpty(store) else {
            throw RepositoryError(
                .notARepository, object: "\(copy.store.url)", "there is no repository here",
                hint: "check the mount or the bucket; `dr copy \(copy.name)` begins the copy")
        }
        return store
    }

    /// False for a copy that lost its description alone: it gets it back.
    private static func isEmpty(_ store: any ObjectStore) throws -> Bool {
        guard try store.head(Layout.description) == nil else { return false }
        var isEmpty = true
        try store.list(prefix: Layout.setPrefix, after: nil) { _ in
            isEmpty = false
            return .stop
        }
        return isEmpty
    }

    private static func lost(_ copy: CopyConfiguration, _ seen: Timestamp) -> RepositoryError {
        RepositoryError(
            .notARepository, object: "\(copy.store.url)",
            "there is no repository here, but this machine saw set \(seen) in this copy",
            hint: "check the mount or the bucket; `dr copy \(copy.name) --create` begins the copy anew")
    }

    /// The newest set that this machine saw in a copy at its present address; nil if it saw none, or does not know.
    func seenSet(in copy: CopyConfiguration, of repository: Repository) -> Timestamp? {
        guard let note = (try? state(of: repository))?.copyNote(copy.name), note.location == "\(copy.store.url)" else {
            return nil
        }
        return note.newest
    }
}
