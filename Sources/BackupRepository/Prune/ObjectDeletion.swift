internal import ObjectStorage

/// Deletes objects after a check for locks: without it the store would hide locked objects and still keep them.
struct ObjectDeletion {
    private let permit: PrunePermit

    init(_ permit: PrunePermit) { self.permit = permit }

    private var prune: Prune { permit.prune }
    private var store: any ObjectStore { prune.repository.store }

    /// The number of keys in one request: S3 accepts a thousand.
    static let batch = 300

    /// - Returns: the keys that are locked, or that the store did not delete.
    @discardableResult
    func delete(_ keys: [ObjectKey], _ removal: inout Removal) throws -> Set<ObjectKey> {
        let locked = try locked(keys, &removal)
        return locked.union(try deleteUnasked(keys.filter { !locked.contains($0) }, &removal))
    }

    /// Deletes a pack and its index together or not at all, as far as the check for locks can tell.
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

    /// - Returns: the keys that the store did not delete.
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
        guard prune.repository.lock != nil, let store = store.with((any RetainingStore).self) else { return [] }
        var locked: Set<ObjectKey> = []
        for key in keys {
            try Task.checkCancellation()
            do {
                guard let lock = try store.retention(of: key), lock.until > permit.clock.storeNow else { continue }
                locked.insert(key)
                removal.keep(key, until: Timestamp(seconds: lock.until))
            } catch let error as ObjectStoreError where error.reason == .notFound || error.reason == .unsupported {
                continue
            } catch let error as ObjectStoreError where [.denied, .locked].contains(error.reason) {
                // If the lock is not known, the object may be locked, so it is not deleted.
                locked.insert(key)
                removal.keep(key, because: error)
            }
        }
        return locked
    }
}

/// A pack to delete.
struct DoomedPack {
    let component: String
    let id: String
    /// The bytes of the pack and its index.
    let bytes: Int

    var index: ObjectKey { Layout.index(component, id) }
    /// Both keys, encrypted or not: a key without an object is not an error.
    var contents: [ObjectKey] { [false, true].map { Layout.pack(component, id, isEncrypted: $0) } }
    var objects: [ObjectKey] { [index] + contents }
}
