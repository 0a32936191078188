import ObjectStorage

/// A store that lists its packs, and refuses to deliver them.
struct UnreadableStore: ObjectStore {
    let base: any ObjectStore
    let reason: ObjectStoreError.Reason

    init(_ base: any ObjectStore, _ reason: ObjectStoreError.Reason) {
        self.base = base
        self.reason = reason
    }

    var location: String { "cold://" }

    func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        try base.put(key, content, options: options)
    }

    func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload { try base.upload(key, options) }

    func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        guard !key.text.contains("/packs/") || !key.text.hasSuffix(".tar.gz") else {
            throw ObjectStoreError(reason, operation: "get", key: key, "not today", store: location)
        }
        try base.get(key, range: range, sink)
    }

    func head(_ key: ObjectKey) throws -> ObjectInfo? { try base.head(key) }

    func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try base.list(prefix: prefix, after: after, body)
    }

    func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { try base.delete(keys) }
}
