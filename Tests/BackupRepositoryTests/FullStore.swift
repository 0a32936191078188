import ObjectStorage
import Synchronization

/// A store of limited size in front of another, in blocks like on a file system; an empty object needs none.
final class FullStore: ObjectStore {
    let base: MemoryStore
    private let capacity: Mutex<Int>
    static let block = 4096

    var location: String { base.location }

    /// - Parameter spare: bytes that are free at first.
    init(_ base: MemoryStore, spare: Int) {
        self.base = base
        capacity = Mutex(Self.used(base) + spare)
    }

    /// Free bytes; negative if other writers used more than there were.
    var free: Int { capacity.withLock { $0 } - Self.used(base) }

    private static func used(_ store: MemoryStore) -> Int {
        var used = 0
        try? store.list(prefix: "", after: nil) { object in
            used += blocks(object.size)
            return .proceed
        }
        return used
    }

    private static func blocks(_ size: Int) -> Int { (size + block - 1) / block * block }

    func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        guard Self.blocks(content.count) <= max(free, 0) else {
            throw ObjectStoreError(.noSpace, operation: "put", key: key, "No space left on device", store: location)
        }
        return try base.put(key, content, options: options)
    }

    func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        CollectedUpload { [self] content in try put(key, content, options: options) }
    }

    func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        try base.get(key, range: range, sink)
    }
    func head(_ key: ObjectKey) throws -> ObjectInfo? { try base.head(key) }
    func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try base.list(prefix: prefix, after: after, body)
    }
    func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { try base.delete(keys) }
}
