import BackupRepository
import ObjectStorage
import Synchronization

/// A store with classes in front of one without. After a number of operations it fails all of them, as after a kill.
final class TieredStore: TieringStore, LayeredStore {
    /// The classes of the objects, which outlive a run.
    final class Classes: Sendable {
        private let state = Mutex([ObjectKey: StorageClass]())

        /// Without the objects in the standard class.
        var all: [ObjectKey: StorageClass] { state.withLock { $0 } }
        var archived: Set<String> { Set(all.filter { $0.value.isArchive }.keys.compactMap { Layout.packID(of: $0) }) }

        subscript(key: ObjectKey) -> StorageClass? {
            get { state.withLock { $0[key] } }
            set { state.withLock { $0[key] = newValue } }
        }
    }

    struct Killed: Error {}

    let base: any ObjectStore
    let largestMove = 5 << 30
    private let classes: Classes
    private let limit: Int
    private let count = Mutex(0)

    init(_ base: any ObjectStore, _ classes: Classes, limit: Int = .max) {
        self.base = base
        self.classes = classes
        self.limit = limit
    }

    var location: String { base.location }
    var operations: Int { count.withLock { $0 } }

    private func begin() throws {
        try count.withLock { count in
            guard count < limit else { throw Killed() }
            count += 1
        }
    }

    private func classed(_ object: ObjectInfo) -> ObjectInfo {
        var object = object
        object.storageClass = classes[object.key]
        return object
    }

    // MARK: Classes

    func placement(of key: ObjectKey) throws -> ObjectPlacement? {
        try head(key).map { ObjectPlacement($0, $0.storageClass?.isArchive == true ? .archived : .ready) }
    }

    func move(_ object: ObjectInfo, to target: StorageClass, lock: PutOptions.Lock?) throws -> Bool {
        try begin()
        classes[object.key] = target
        return false
    }

    func thaw(_ key: ObjectKey, days: Int, speed: ThawSpeed) throws -> Bool {
        try begin()
        return true
    }

    func refusal(of target: StorageClass) throws -> String? {
        try begin()
        return nil
    }

    // MARK: Objects

    func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        try begin()
        return try base.put(key, content, options: options)
    }

    func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        try begin()
        return try base.upload(key, options)
    }

    func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        try begin()
        guard classes[key]?.isArchive != true else {
            throw ObjectStoreError(.archived, operation: "get", key: key, "it is archived", store: location)
        }
        try base.get(key, range: range, sink)
    }

    func head(_ key: ObjectKey) throws -> ObjectInfo? {
        try begin()
        return try base.head(key).map(classed)
    }

    func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try begin()
        try base.list(prefix: prefix, after: after) { try body(classed($0)) }
    }

    func storeTime() throws -> Int? {
        try begin()
        return try base.storeTime()
    }

    func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        try begin()
        return try base.delete(keys)
    }
}
