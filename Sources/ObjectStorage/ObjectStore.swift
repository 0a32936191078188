/// A flat namespace of immutable objects, shaped like S3: the only thing a repository asks of its storage.
///
/// Keys are relative to the store's prefix: `/`-separated, no leading slash, of the characters
/// `A-Z a-z 0-9 . _ - /`, no empty, `.` or `..` component (``ObjectKey`` checks this once for all stores).
///
/// **Every call blocks** until the storage has answered; run it on a `BlockingPool` thread. A call returns early with
/// `CancellationError` when the current task is cancelled. Stores are safe to use from many threads.
///
/// Errors are ``ObjectStoreError``, except what a caller's closure throws, which passes unchanged. A store retries
/// what is worth retrying by itself, so an error that reaches the caller is final.
package protocol ObjectStore: Sendable {
    /// Where this is, for people: a URL without credentials.
    var location: String { get }

    /// Stores a small object in one go. All or nothing, durable when it returns.
    /// - Throws: `.alreadyExists` under `.ifAbsent` when the key is taken, by anything but this very call.
    func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo

    /// Begins an object of unknown length, written piece by piece. Nothing is visible under the key before
    /// ``ObjectUpload/finish()`` has returned.
    func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload

    /// Streams an object, or the bytes `range` of it, to `sink` in order, in pieces of at most 1 MiB.
    ///
    /// A transfer that breaks off is continued where it stopped, from the same version of the object.
    /// - Parameter range: byte offsets; must lie within the object.
    /// - Throws: `.notFound`; `.invalidRange`; `.truncated` when fewer bytes came than the store announced.
    func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws

    /// - Returns: nil when there is no such object.
    func head(_ key: ObjectKey) throws -> ObjectInfo?

    /// Calls `body` for every object whose key starts with `prefix`, in ascending order of the keys' bytes. Pages are
    /// fetched as needed, so a listing of any size takes the memory of one page.
    /// - Parameters:
    ///   - prefix: any string, not only whole components.
    ///   - after: leaves out this key and all before it.
    func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws

    /// Removes objects; keys that do not exist are no error.
    /// - Returns: the keys that could not be removed (locked or denied), each with the reason. Empty when all are gone.
    func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError]
}

/// An object being written. Dropping it without ``finish()`` aborts: the key stays absent and what was sent is removed.
package protocol ObjectUpload: AnyObject {
    /// Appends bytes; may block while earlier ones are on their way. Not for two threads at once.
    func write(_ bytes: RawSpan) throws

    /// Makes the object visible, whole and durable.
    /// - Throws: as ``ObjectStore/put(_:_:options:)`` does.
    func finish() throws -> ObjectInfo

    /// Gives up: removes what was sent as far as the storage can be reached. Harmless after ``finish()``.
    func cancel()
}

package enum ListingAction: Sendable { case proceed, stop }

package struct ObjectInfo: Hashable, Sendable {
    package var key: ObjectKey
    /// Bytes as stored.
    package var size: Int
    /// The store's opaque version tag, where it has one.
    package var tag: String?
    /// Seconds since 1970 of the last write, by the store's clock, where it is told.
    package var modified: Int?

    package init(key: ObjectKey, size: Int, tag: String? = nil, modified: Int? = nil) {
        self.key = key
        self.size = size
        self.tag = tag
        self.modified = modified
    }
}

package struct PutOptions: Hashable, Sendable {
    package enum Condition: Hashable, Sendable {
        /// The key must not exist: conditional put where the store has it, else a look before and after.
        case ifAbsent
        case none
    }

    package enum LockMode: String, Hashable, Sendable { case governance, compliance }

    /// Write-once protection until a moment, in seconds since 1970.
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

    package init(_ condition: Condition = .ifAbsent, lock: Lock? = nil) {
        self.condition = condition
        self.lock = lock
    }
}

extension ObjectStore {
    /// A whole object in memory, for small ones.
    /// - Parameter limit: refuse anything longer, in bytes, instead of growing.
    package func read(_ key: ObjectKey, limit: Int = 64 << 20) throws -> [UInt8] {
        var content: [UInt8] = []
        try get(key, range: nil) { piece in
            guard content.count + piece.byteCount <= limit else {
                throw ObjectStoreError(
                    .tooLarge, operation: "read", key: key, "longer than \(limit) bytes", store: location)
            }
            piece.withUnsafeBytes { content.append(contentsOf: $0) }
        }
        return content
    }
}
