internal import Synchronization

/// The requests that a store has answered, and the bytes of objects that it has delivered.
package final class StoreMeter: Sendable {
    package struct Reading: Codable, Equatable, Sendable {
        /// Calls of the store; of a listing, its pages of 1,000 objects. Retries of a broken transfer do not count.
        package var requests = 0
        package var bytes = 0

        package init() {}
    }

    private let mutex = Mutex(Reading())

    package init() {}

    package var reading: Reading { mutex.withLock { $0 } }

    fileprivate func addRequest() { mutex.withLock { $0.requests += 1 } }
    fileprivate func add(bytes: Int) { mutex.withLock { $0.bytes += bytes } }
}

/// Counts the requests to a store, but for those of its optional abilities.
package struct MeteredStore: LayeredStore {
    package let base: any ObjectStore
    private let meter: StoreMeter
    /// S3 lists at most this many objects in one request.
    private static let page = 1000

    package init(_ store: any ObjectStore, meter: StoreMeter) { (base, self.meter) = (store, meter) }

    package var location: String { base.location }

    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        meter.addRequest()
        try base.get(key, range: range) { piece in
            meter.add(bytes: piece.byteCount)
            try sink(piece)
        }
    }

    package func head(_ key: ObjectKey) throws -> ObjectInfo? {
        meter.addRequest()
        return try base.head(key)
    }

    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        meter.addRequest()
        var listed = 0
        try base.list(prefix: prefix, after: after) { object in
            if listed > 0, listed.isMultiple(of: Self.page) { meter.addRequest() }
            listed += 1
            return try body(object)
        }
    }

    package func storeTime() throws -> Int? { try base.storeTime() }

    package func enumerate(
        prefix: String, skipping skipped: String?, _ body: (ObjectInfo) throws -> Void
    ) throws {
        meter.addRequest()
        var listed = 0
        try base.enumerate(prefix: prefix, skipping: skipped) { object in
            if listed > 0, listed.isMultiple(of: Self.page) { meter.addRequest() }
            listed += 1
            try body(object)
        }
    }

    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        meter.addRequest()
        return try base.put(key, content, options: options)
    }

    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        meter.addRequest()
        return try base.upload(key, options)
    }

    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        meter.addRequest()
        return try base.delete(keys)
    }
}
