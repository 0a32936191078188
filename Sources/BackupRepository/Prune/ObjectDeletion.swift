internal import ObjectStorage

/// Deletes objects, and first asks whether a lock keeps them: the store would hide them and keep them all the same.
struct ObjectDeletion {
    private let permit: PrunePermit

    init(_ permit: PrunePermit) { self.permit = permit }

    private var prune: Prune { permit.prune }
    private var store: any ObjectStore { prune.repository.store }

    /// Keys in one request: S3 takes a thousand.
    static let batch = 300

    /// - Returns: the keys that are locked, or that the store did not let go.
    @discardableResult
    func delete(_ keys: [ObjectKey], _ removal: inout Removal) throws -> Set<ObjectKey> {
        let locked = try locked(keys, &removal)
        return locked.union(try deleteUnasked(keys.filter { !locked.contains($0) }, &removal))
    }

    /// A pack and its index go together or not at all, as far as locks tell before.
    func delete(_ page: [DoomedPack], _ removal: inout Removal) throws {
        let locked = try locked(page.flatMap(\.objects), &removal)
        let free = page.filter { locked.isDisjoint(with: $0.objects) }
        var refused = try deleteUnasked(free.map(\.index), &removal)
        refused.formUnion(try deleteUnasked(free.flatMap(\.contents), &removal))
        for pack in free where refused.isDisjoint(with: pack.contents) {
            removal.removed.packs += 1
            removal.removed.add(bytes: pack.bytes)
        }
    }

    /// - Returns: the keys that the store did not let go.
    @discardableResult
    func deleteUnasked(_ keys: [ObjectKey], _ removal: inout Removal) throws -> Set<ObjectKey> {
        guard !prune.isDryRun else { return [] }
        var refused: Set<ObjectKey> = []
        for start in stride(from: 0, to: keys.count, by: Self.batch) {
            try Task.checkCancellation()
            for error in try store.delete(Array(keys[start..<min(start + Self.batch, keys.count)])) {
                guard let key = error.key else { throw error }
                refused.insert(key)
                removal.keep(key, because: error)
            }
        }
        return refused
    }

    private func locked(_ keys: [ObjectKey], _ removal: inout Removal) throws -> Set<ObjectKey> {
        guard prune.repository.lock != nil, let store = store as? any RetainingStore else { return [] }
        var locked: Set<ObjectKey> = []
        for key in keys {
            try Task.checkCancellation()
            do {
                guard let lock = try store.retention(of: key), lock.until > permit.clock.storeNow else { continue }
                locked.insert(key)
                removal.keep(key, until: Timestamp(seconds: lock.until))
            } catch let error as ObjectStoreError where error.reason == .notFound || error.reason == .unsupported {
                continue
            } catch let error as ObjectStoreError where error.reason == .denied {
                // It may be locked, and a deletion would hide it.
                locked.insert(key)
                removal.keep(key, because: error)
            }
        }
        return locked
    }
}

/// A pack that is to be deleted.
struct DoomedPack {
    let component: String
    let id: String
    /// Together with its index.
    let bytes: Int

    var index: ObjectKey { Layout.index(component, id) }
    /// Both keys, encrypted or not: deleting a key without an object does nothing.
    var contents: [ObjectKey] { [false, true].map { Layout.pack(component, id, isEncrypted: $0) } }
    var objects: [ObjectKey] { [index] + contents }
}
