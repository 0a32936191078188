package import ObjectStorage
internal import Synchronization

/// Counts the requests to a store.
package final class CountingStore: ObjectStore {
    private let store: any ObjectStore
    private let log = Mutex<[String]>([])
    package var calls: [String] { log.withLock { $0 } }
    package var location: String { store.location }

    package init(_ store: any ObjectStore) { self.store = store }

    private func note(_ call: String) { log.withLock { $0.append(call) } }

    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        note("put \(key)")
        return try store.put(key, content, options: options)
    }

    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        note("upload \(key)")
        return try store.upload(key, options)
    }

    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        note("get \(key)")
        try store.get(key, range: range, sink)
    }

    package func head(_ key: ObjectKey) throws -> ObjectInfo? {
        note("head \(key)")
        return try store.head(key)
    }

    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        note("list \(prefix)")
        try store.list(prefix: prefix, after: after, body)
    }

    package func enumerate(
        prefix: String, skipping skipped: String?, _ body: (ObjectInfo) throws -> Void
    ) throws {
        note("list \(prefix)")
        try store.enumerate(prefix: prefix, skipping: skipped, body)
    }

    package func storeTime() throws -> Int? { try store.storeTime() }

    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        note("delete")
        return try store.delete(keys)
    }
}
