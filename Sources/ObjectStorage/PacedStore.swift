internal import Cryptography
package import Platform

/// A store whose contents move at most at given speeds, over all threads that use it. Requests without contents, such as
/// listings, are not slowed down.
///
/// The speed is an average over seconds: a transfer in parts sends each part as fast as the network takes it.
package struct PacedStore: LayeredStore {
    package let base: any ObjectStore
    private let sending: RateLimit?
    private let receiving: RateLimit?

    /// - Parameters:
    ///   - sending: for contents to the store; nil for no limit.
    ///   - receiving: for contents from the store; nil for no limit.
    package init(_ base: any ObjectStore, sending: RateLimit?, receiving: RateLimit?) {
        (self.base, self.sending, self.receiving) = (base, sending, receiving)
    }

    package var location: String { base.location }

    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        guard let receiving else { return try base.get(key, range: range, sink) }
        try base.get(key, range: range) { piece in
            try receiving.wait(for: piece.byteCount)
            try sink(piece)
        }
    }

    package func head(_ key: ObjectKey) throws -> ObjectInfo? { try base.head(key) }

    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try base.list(prefix: prefix, after: after, body)
    }

    package func enumerate(
        prefix: String, skipping skipped: String?, _ body: (ObjectInfo) throws -> Void
    ) throws {
        try base.enumerate(prefix: prefix, skipping: skipped, body)
    }

    package func storeTime() throws -> Int? { try base.storeTime() }

    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        try sending?.wait(for: content.count)
        return try base.put(key, content, options: options)
    }

    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        let upload = try base.upload(key, options)
        guard let sending else { return upload }
        if let upload = upload as? any HashingUpload { return PacedHashingUpload(upload, sending) }
        return PacedUpload(upload, sending)
    }

    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { try base.delete(keys) }
}

private class PacedUpload: ObjectUpload {
    private let base: any ObjectUpload
    private let limit: RateLimit

    init(_ base: any ObjectUpload, _ limit: RateLimit) { (self.base, self.limit) = (base, limit) }

    func write(_ bytes: RawSpan) throws {
        try limit.wait(for: bytes.byteCount)
        try base.write(bytes)
    }

    func finish() throws -> ObjectInfo { try base.finish() }
    func cancel() { base.cancel() }
}

private final class PacedHashingUpload: PacedUpload, HashingUpload {
    private let hashing: any HashingUpload

    init(_ base: any HashingUpload, _ limit: RateLimit) {
        hashing = base
        super.init(base, limit)
    }

    func finishHashed() throws -> (info: ObjectInfo, sha256: Digest) { try hashing.finishHashed() }
}
