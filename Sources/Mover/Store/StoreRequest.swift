internal import Cryptography
internal import ObjectStorage

/// A call of a mover to the coordinator's store, or to the keys that it keeps.
struct StoreRequest: Codable {
    enum Operation: String, Codable {
        case put, upload, get, head, list
        /// Encrypts a document, which follows in pieces.
        case seal
        /// Decrypts a document that the mover has read.
        case open
        /// Reads and decrypts a pack.
        case openPack
        /// Asks which packs prunes are about to remove; their ids follow, as JSON.
        case doomed
        /// Asks, right before restored data replace the present ones, if that is still right.
        case mayReplace
    }

    var operation: Operation
    var key: String?
    var prefix: String?
    var after: String?
    var from: Int?
    var to: Int?
    var isConditional: Bool?

    init(_ operation: Operation, _ key: ObjectKey? = nil, range: Range<Int>? = nil) {
        self.operation = operation
        self.key = key?.text
        from = range?.lowerBound
        to = range?.upperBound
    }

    /// - Returns: nil for no range.
    /// - Throws: ``LinkError`` `.malformed` for a range that cannot be.
    func range() throws(LinkError) -> Range<Int>? {
        guard let from, let to else { return nil }
        guard 0 <= from, from <= to else { throw LinkError(.malformed, "an impossible range") }
        return from..<to
    }
}

/// The size and hash of all pieces that a side has sent, its last word on them: a transfer that lost any does not count.
struct Transfer: Codable, Equatable {
    var size: Int
    var sha256: Digest
    /// The object, once the store has it.
    var object: StoredObject?
}

/// A mover's last word on a pack: its size. The coordinator hashes the pack as it arrives, and answers with the
/// ``Transfer``, whose hash the mover takes into its index. Every frame of the link has a checksum.
struct SentPack: Codable, Equatable {
    var size: Int
}

struct StoredObject: Codable, Equatable {
    var key: String
    var size: Int
    var tag: String?
    var modified: Int?

    init(_ info: ObjectInfo) {
        key = info.key.text
        size = info.size
        tag = info.tag
        modified = info.modified
    }

    /// - Returns: nil for a key that no store has.
    var info: ObjectInfo? {
        ObjectKey(key).map { ObjectInfo(key: $0, size: max(0, size), tag: tag, modified: modified) }
    }
}

/// Counts and hashes the pieces of a transfer.
struct TransferMeter: ~Copyable {
    private(set) var size = 0
    private var hasher = SHA256()

    mutating func add(_ bytes: RawSpan) {
        size += bytes.byteCount
        hasher.update(bytes)
    }

    consuming func transfer(of object: StoredObject? = nil) -> Transfer {
        let size = size
        return Transfer(size: size, sha256: Digest(bytes: hasher.finalize()), object: object)
    }
}
