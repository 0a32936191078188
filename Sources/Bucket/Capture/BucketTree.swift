internal import BackupRepository
internal import Cryptography
internal import ObjectStorage
internal import Platform
internal import S3
internal import Synchronization

/// A table that several threads use in turn.
private final class SharedTable: @unchecked Sendable {
    // Unchecked: the table is only used while the lock is held. A mutex that owns it would not admit bodies that visit.
    private let table: BucketTable
    private let lock = Mutex(())

    init(_ table: sending BucketTable) { self.table = table }

    func withLock<Value>(_ body: (BucketTable) throws -> Value) rethrows -> Value {
        try lock.withLock { _ in try body(table) }
    }
}

/// An error of the receiver of an object's bytes: that of the repository's store is not one of the bucket.
private struct SinkError: Error {
    let underlying: any Error
}

/// The listed objects as a tree of files.
final class BucketTree: ObjectTree {
    let lanes = 8

    private let bucket: S3Bucket
    private let layout: BucketLayout
    private let spool: ObjectSpool
    private let failures: ObjectFailures
    private var location: String { bucket.location }
    private let table: SharedTable
    private let state = Mutex(State())
    /// In place of the tag of an object without tag and time: it is another version in each backup.
    private let unknownVersion = UInt64.random(in: 1...UInt64(Int64.max))

    private struct State {
        var objects = 0
        var bytes = 0
        var cut = 0
        /// The blocks that miss an object, with the reason.
        var lost: [BucketKey: String] = [:]
        /// The blocks whose last object was gone when they were listed.
        var deleted: Set<BucketKey> = []
    }

    init(
        _ bucket: S3Bucket, _ table: sending BucketTable, layout: BucketLayout, spool: ObjectSpool,
        failures: ObjectFailures
    ) {
        self.bucket = bucket
        self.layout = layout
        self.spool = spool
        self.failures = failures
        self.table = SharedTable(table)
    }

    var objects: Int { state.withLock { $0.objects } }
    var bytes: Int { state.withLock { $0.bytes } }
    var deletedBlocks: Int { state.withLock { $0.deleted.count } }
    /// Objects whose header fields are too long for a backup.
    var cutHeaders: Int { state.withLock { $0.cut } }

    // MARK: Walking

    func walk(_ visit: (FileRecord) throws -> Void) throws {
        var last: [UInt8] = []
        let deleted = try table.withLock { try Self.deletedBlocks(in: $0, layout) }
        state.withLock {
            $0.objects = 0
            $0.bytes = 0
            $0.deleted = deleted
        }
        try table.withLock { table in
            try table.forEach { path, object in
                if let block = layout.block(of: object.key), deleted.contains(block) { return }
                try visitFolders(of: path, after: last, visit)
                last = path
                state.withLock {
                    $0.objects += 1
                    $0.bytes = $0.bytes.addingClamped(object.size)
                }
                try visit(record(path, object))
            }
        }
    }

    /// The blocks that were complete before the listing, but lost their last object before it came to it.
    private static func deletedBlocks(in table: BucketTable, _ layout: BucketLayout) throws -> Set<BucketKey> {
        guard layout.hasBlocks else { return [] }
        var blocks: Set<BucketKey> = []
        var last: BucketKey?
        var found: [BucketKey] = []
        try table.forEach { _, object in
            guard let block = layout.block(of: object.key), block != last else { return }
            last = block
            found.append(block)
        }
        for block in found where try table.state(of: block) != .listed { blocks.insert(block) }
        return blocks
    }

    private func visitFolders(of path: [UInt8], after last: [UInt8], _ visit: (FileRecord) throws -> Void) throws {
        for (number, byte) in path.enumerated() where byte == UInt8(ascii: "/") {
            let folder = path[...number]
            guard !last.starts(with: folder) else { continue }
            try visit(
                FileRecord(
                    path: Array(folder), kind: .directory, size: 0, mode: 0o755, uid: 0, gid: 0,
                    modified: FileTime(nanoseconds: 0), inode: 0))
        }
    }

    /// The owner is the same whoever makes the backup: another one would look like a change of each object.
    private func record(_ path: [UInt8], _ object: BucketObject) -> FileRecord {
        FileRecord(
            path: path, kind: .file, size: object.size, mode: 0o644, uid: 0, gid: 0,
            modified: FileTime(seconds: object.modified ?? 0, nanoseconds: 0) ?? FileTime(nanoseconds: 0),
            inode: object.isVersioned ? Self.number(ofTag: object.tag) : unknownVersion)
    }

    /// A number for a version tag: two tags have the same one by chance once in 2⁶³ times.
    static func number(ofTag tag: String?) -> UInt64 {
        guard let tag else { return 0 }
        return Digest(of: Array(tag.utf8)).bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } >> 1
    }

    // MARK: Reading

    func read(_ record: FileRecord, _ sink: (RawSpan) throws -> Void) throws -> ObjectReading {
        do {
            return try readApart(record) { piece in
                do { try sink(piece) } catch { throw SinkError(underlying: error) }
            }
        } catch let error as SinkError { throw error.underlying }
    }

    /// - Parameter sink: throws ``SinkError`` only.
    private func readApart(_ record: FileRecord, _ sink: (RawSpan) throws -> Void) throws -> ObjectReading {
        guard let object = try table.withLock({ try $0.object(at: record.path) }) else { return .vanished }
        if layout.isEarly(object.key), let headers = try spool.read(object, sink) {
            return .whole(with(headers, record))
        }
        do {
            switch try bucket.read(object, sink) {
            case .whole(let found): return .whole(with(HeaderLines.text(found.headers), record))
            case .missing where layout.movesEarlyObjects && layout.isEarly(object.key):
                // The set would lack the index without a word.
                return .unreadable("it is gone from the bucket, and the copy in the state folder is gone too")
            case .missing: return .vanished
            case .replaced: return .changed
            }
        } catch let error as ObjectStoreError {
            guard try failures.isOfObjectAlone(error, object.key, in: bucket) else {
                throw ComponentError(error, "\(location)/\(object.key)")
            }
            return .unreadable(error.words)
        }
    }

    private func with(_ headers: String, _ record: FileRecord) -> FileRecord {
        var record = record
        if headers.utf8.count <= HeaderLines.most {
            record.headers = headers.isEmpty ? nil : headers
        } else {
            state.withLock { $0.cut += 1 }
        }
        return record
    }

    func look(at path: [UInt8]) throws -> FileRecord? {
        guard let object = try table.withLock({ try $0.object(at: path) }) else { return nil }
        do {
            guard let now = try bucket.head(object.key) else { return nil }
            try table.withLock { try $0.replace(now, at: path) }
            return record(path, now)
        } catch let error as ObjectStoreError {
            guard try failures.isOfObjectAlone(error, object.key, in: bucket) else {
                throw ComponentError(error, "\(location)/\(object.key)")
            }
            // The next reading tells what is wrong with it.
            return record(path, object)
        }
    }

    func noteMissing(_ path: [UInt8], because reason: String) {
        guard let key = ObjectPath.key(of: path) else { return }
        // A copy that was damaged on this machine must not stay.
        if layout.isEarly(key), let object = try? table.withLock({ try $0.object(at: path) }) { spool.remove(object) }
        guard let block = layout.block(of: key) else { return }
        state.withLock { $0.lost[block] = $0.lost[block] ?? "'\(key)' is not in this backup: \(reason)" }
    }

    func incomplete() -> [Damage] {
        state.withLock { $0.lost }.map { block, reason in
            Damage(path: String(decoding: ObjectPath.path(of: block), as: UTF8.self), reason: reason)
        }.sorted { $0.path < $1.path }
    }
}
