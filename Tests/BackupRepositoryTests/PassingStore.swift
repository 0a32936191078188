import ObjectStorage

/// A store that passes on each call that it does not define itself.
protocol PassingStore: LayeredStore {}

extension PassingStore {
    var location: String { base.location }

    func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        try base.put(key, content, options: options)
    }
    func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload { try base.upload(key, options) }
    func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        try base.get(key, range: range, sink)
    }
    func head(_ key: ObjectKey) throws -> ObjectInfo? { try base.head(key) }
    func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try base.list(prefix: prefix, after: after, body)
    }
    func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { try base.delete(keys) }
}
