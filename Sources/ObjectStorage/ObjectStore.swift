package import Cryptography

/// A flat namespace of immutable objects, modelled on S3: the only storage that a repository needs.
///
/// Keys are relative to the store's prefix: `/`-separated, no leading slash, of the characters
/// `A-Z a-z 0-9 . _ - /`, no empty, `.` or `..` component (``ObjectKey`` checks this once for all stores).
///
/// **Every call blocks** until the storage has answered; run it on a `BlockingPool` thread. A call returns early with
/// `CancellationError` if the current task is cancelled. Stores are safe to use from many threads.
///
/// Errors are ``ObjectStoreError``; errors of a caller's closure pass unchanged. A store itself retries failures that
/// can pass, so an error that reaches the caller is final.
package protocol ObjectStore: Sendable {
    /// The location for messages: a URL without credentials.
    var location: String { get }

    /// Stores a small object in one request: all or nothing, durable when it returns.
    /// - Throws: `.alreadyExists` under `.ifAbsent` if the key has an object that this call did not write.
    func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo

    /// Begins an object of unknown length that is written piece by piece. The key shows nothing before
    /// ``ObjectUpload/finish()`` has returned.
    func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload

    /// Streams an object, or the bytes `range` of it, to `sink` in order, in pieces of at most 1 MiB.
    ///
    /// A broken transfer is resumed where it stopped, from the same version of the object.
    /// - Parameter range: byte offsets; must lie within the object.
    /// - Throws: `.notFound`; `.invalidRange`; `.truncated` if fewer bytes arrive than the store announced,
    ///   or the object was replaced between two parts of the range.
    func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws

    /// - Returns: nil if the object does not exist.
    func head(_ key: ObjectKey) throws -> ObjectInfo?

    /// Calls `body` for every object whose key starts with `prefix`, in ascending order of the keys' bytes. It fetches
    /// pages as needed, so a listing of any size needs the memory of one page.
    /// - Parameters:
    ///   - prefix: any string, not only whole components.
    ///   - after: skips this key and all keys before it.
    func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws

    /// Calls `body` for every object whose key starts with `prefix`, in any order. An object may come twice.
    ///
    /// Where the storage answers in pages, this costs a request for each page, while ``list(prefix:after:_:)`` costs at
    /// least one for each folder.
    /// - Parameter skipped: a folder with its slash, whose objects are not wanted; nil for none.
    func enumerate(prefix: String, skipping skipped: String?, _ body: (ObjectInfo) throws -> Void) throws

    /// Returns the time of the storage's clock in seconds since 1970; nil if only a new object would show it.
    func storeTime() throws -> Int?

    /// Removes objects; a key that does not exist is not an error.
    /// - Returns: the keys that could not be removed (locked or denied), each with the reason; empty if all are
    ///   removed.
    func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError]
}

/// An object that is being written. If it is released without ``finish()``, it aborts: the key stays absent and the
/// sent data is removed.
package protocol ObjectUpload: AnyObject {
    /// Appends bytes; may block while earlier ones are in flight. Not for two threads at once.
    func write(_ bytes: RawSpan) throws

    /// Makes the object visible, whole and durable.
    /// - Throws: as ``ObjectStore/put(_:_:options:)`` does.
    func finish() throws -> ObjectInfo

    /// Aborts: removes the sent data if the storage can be reached. Has no effect after ``finish()``.
    func cancel()
}

/// An upload whose destination hashes what arrives, so that its writer needs no pass over the bytes for a hash.
package protocol HashingUpload: ObjectUpload {
    /// As ``ObjectUpload/finish()``, with the SHA-256 of what arrived.
    func finishHashed() throws -> (info: ObjectInfo, sha256: Digest)
}

package enum ListingAction: Sendable { case proceed, stop }

package struct ObjectInfo: Hashable, Sendable {
    package var key: ObjectKey
    /// The size in bytes, as stored.
    package var size: Int
    /// The store's opaque version tag, if it has one.
    package var tag: String?
    /// The time of the last write in seconds since 1970, by the store's clock, if it reports one.
    package var modified: Int?
    /// Nil for the standard class, and from a store without classes.
    package var storageClass: StorageClass?

    package init(
        key: ObjectKey, size: Int, tag: String? = nil, modified: Int? = nil, storageClass: StorageClass? = nil
    ) {
        self.key = key
        self.size = size
        self.tag = tag
        self.modified = modified
        self.storageClass = storageClass
    }
}

package struct PutOptions: Hashable, Sendable {
    package enum Condition: Hashable, Sendable {
        /// The key must not exist. The store uses a conditional put if it has one, else a check before and after.
        case ifAbsent
        case none
    }

    package enum LockMode: String, Hashable, Sendable { case governance, compliance }

    /// Write-once protection until a time, in seconds since 1970.
    package struct Lock: Hashable, Sendable {
        package var mode: LockMode
        package var until: Int
        package init(mode: LockMode, until: Int) {
            self.mode = mode
            self.until = until
        }
    }

    package var condition: Condition
    /// Ignored by stores without object lock.
    package var lock: Lock?
    /// True for a small object with a random name, which no other process writes: the store may send it twice to learn
    /// whether a server refuses the second write. Later writes then need no question before and after.
    package var isTrial = false

    package init(_ condition: Condition = .ifAbsent, lock: Lock? = nil) {
        self.condition = condition
        self.lock = lock
    }
}

extension ObjectStore {
    package func enumerate(
        prefix: String, skipping skipped: String?, _ body: (ObjectInfo) throws -> Void
    ) throws {
        try list(prefix: prefix, after: nil) { object in
            if skipped.map({ object.key.text.hasPrefix($0) }) != true { try body(object) }
            return .proceed
        }
    }

    package func storeTime() throws -> Int? { nil }

    /// Reads a whole, small object into memory.
    /// - Parameter limit: the longest object to accept, in bytes.
    package func read(_ key: ObjectKey, limit: Int = 64 << 20) throws -> [UInt8] {
        var content: [UInt8] = []
        try get(key, range: nil) { piece in
            guard content.count + piece.byteCount <= limit else {
                throw ObjectStoreError(
                    .tooLarge, operation: "read", key: key, "the object is longer than \(limit) bytes", store: location)
            }
            piece.withUnsafeBytes { content.append(contentsOf: $0) }
        }
        return content
    }
}
