import ObjectStorage
import Synchronization

/// A store that remembers the objects that were read.
final class ReadLog: ObjectStore {
    private let base: any ObjectStore
    private let keys = Mutex<[ObjectKey]>([])

    init(_ base: any ObjectStore) { self.base = base }

    var location: String { base.location }
    /// The packs that were read, once for each request.
    var packs: [ObjectKey] {
        keys.withLock { $0.filter { $0.text.contains("/packs/") && $0.text.hasSuffix(".tar.gz") } }
    }

    func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        try base.put(key, content, options: options)
    }

    func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload { try base.upload(key, options) }

    func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        keys.withLock { $0.append(key) }
        try base.get(key, range: range, sink)
    }

    func head(_ key: ObjectKey) throws -> ObjectInfo? { try base.head(key) }

    func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try base.list(prefix: prefix, after: after, body)
    }

    func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { try base.delete(keys) }
}
