internal import BackupRepository
internal import Cryptography
internal import ObjectStorage
internal import Platform
internal import S3
internal import Synchronization

/// A bucket that objects are restored into. An object that is there with another content stays, unless it may be
/// replaced; objects that the backup does not have always stay.
final class BucketDestination: ObjectDestination {
    private let bucket: S3Bucket
    private let layout: BucketLayout
    private let isDryRun: Bool
    private let replaces: Bool
    /// Before each key.
    private let prefix: String
    private let report: @Sendable (ImportedObject) -> Void
    /// The objects that were there before the restore.
    private let present: Mutex<BucketTable?>
    private let counts = Mutex(Counts())

    private struct Counts {
        var created = 0
        var updated = 0
        var same = 0
        var bytes = 0
        /// Objects with their own line: conflicts and failures.
        var named = 0
        /// Those beyond ``mostNamed``.
        var conflicts = 0
        var failures = 0
    }

    /// The most lines about single objects.
    private static let mostNamed = 100

    init(
        _ bucket: S3Bucket, layout: BucketLayout, isDryRun: Bool, replaces: Bool, prefix: String,
        report: @escaping @Sendable (ImportedObject) -> Void
    ) {
        self.bucket = bucket
        self.layout = layout
        self.isDryRun = isDryRun
        self.replaces = replaces
        self.prefix = prefix
        self.report = report
        present = Mutex(nil)
    }

    /// Lists the objects that are there, once, so that no question is needed for each.
    func list() throws {
        try present.withLock { present in
            let table = try BucketTable()
            try bucket.list { try table.add($0) }
            present = table
        }
    }

    // MARK: Order

    var passes: Int { layout.passes }
    func pass(of path: [UInt8]) -> Int { ObjectPath.key(of: path).map(layout.pass) ?? 0 }

    // MARK: One object

    private func key(of record: FileRecord) -> BucketKey? {
        ObjectPath.key(of: record.path).map { prefix.isEmpty ? $0 : BucketKey(Array(prefix.utf8) + $0.bytes) }
    }

    func needs(_ record: FileRecord, _ digest: Digest) throws -> Bool {
        guard let key = key(of: record) else {
            name(record.name, .failed, because: "its path in the backup is not that of a key")
            return false
        }
        // The path of a key that others begin with is another one in a listing that does not have these.
        let known = try present.withLock { try $0?.object(at: ObjectPath.path(of: key)) }
        guard let known else {
            if isDryRun { counts.withLock { $0.created += 1 } }
            return !isDryRun
        }
        let isSame: Bool
        do { isSame = try holds(known, record, digest: digest) } catch let error as ObjectStoreError {
            guard error.isOfOneObject else { throw self.error(error, key) }
            guard replaces else {
                name(key.text, .conflict, because: "the object with this key cannot be read: \(error.words)")
                return false
            }
            isSame = false
        }
        if isSame {
            counts.withLock { $0.same += 1 }
            return false
        }
        guard replaces else {
            name(key.text, .conflict, because: "there is another object with this key; --replace overwrites it")
            return false
        }
        if isDryRun { counts.withLock { $0.updated += 1 } }
        return !isDryRun
    }

    /// True if an object has exactly this content. Its tag alone shows it only if the backup has the same tag.
    private func holds(_ object: BucketObject, _ record: FileRecord, digest: Digest) throws -> Bool {
        guard object.size == record.size else { return false }
        if record.inode != 0, Self.isContentTag(object.tag), BucketTree.number(ofTag: object.tag) == record.inode {
            return true
        }
        let hash = StreamHash()
        guard case .whole = try bucket.read(object, { hash.update($0) }) else { return false }
        return hash.digest() == digest
    }

    /// True for the tags of S3, which follow from the content: 32 hexadecimal digits, and the number of the parts.
    private static func isContentTag(_ tag: String?) -> Bool {
        guard let tag else { return false }
        let parts = tag.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count <= 2 && parts[0].utf8.count == 32 && parts[0].allSatisfy { $0.isHexDigit }
            && (parts.count == 1 || Int(parts[1]) != nil)
    }

    func receiver(of record: FileRecord) -> any ObjectReceiver {
        Receiver(record, key(of: record) ?? BucketKey([]), in: self)
    }

    private final class Receiver: ObjectReceiver {
        private let record: FileRecord
        private let key: BucketKey
        private let destination: BucketDestination
        private var upload: S3BucketUpload?

        init(_ record: FileRecord, _ key: BucketKey, in destination: BucketDestination) {
            self.record = record
            self.key = key
            self.destination = destination
        }

        private func begun() -> S3BucketUpload {
            if let upload { return upload }
            let upload = destination.bucket.upload(
                key, size: record.size, headers: HeaderLines.fields(record.headers ?? ""),
                destination.replaces ? .none : .ifAbsent)
            self.upload = upload
            return upload
        }

        func write(_ bytes: RawSpan) throws {
            do { try begun().write(bytes) } catch let error as ObjectStoreError { throw destination.error(error, key) }
        }

        func finish(_ digest: Digest) throws {
            do {
                do { try begun().finish() } catch let error as ObjectStoreError where error.reason == .alreadyExists {
                    // It may be this one: an answer was lost, and the request was sent again.
                    guard let now = try destination.bucket.head(key),
                        try destination.holds(now, record, digest: digest)
                    else {
                        return destination.name(key.text, .conflict, because: "another object appeared meanwhile")
                    }
                }
                destination.noteWritten(key, record.size)
            } catch let error as ObjectStoreError { throw destination.error(error, key) }
        }
    }

    private func error(_ error: ObjectStoreError, _ key: BucketKey) -> ComponentError {
        ComponentError(error, "\(bucket.location)/\(key)")
    }

    // MARK: Reporting

    private func noteWritten(_ key: BucketKey, _ size: Int) {
        let isUpdate = (try? present.withLock { try $0?.object(at: ObjectPath.path(of: key)) }) != nil
        counts.withLock {
            if isUpdate { $0.updated += 1 } else { $0.created += 1 }
            $0.bytes = $0.bytes.addingClamped(size)
        }
    }

    private func name(_ key: String, _ outcome: ImportedObject.Outcome, because detail: String) {
        let isNamed = counts.withLock { counts in
            guard counts.named < Self.mostNamed else {
                if outcome == .failed { counts.failures += 1 } else { counts.conflicts += 1 }
                return false
            }
            counts.named += 1
            return true
        }
        if isNamed { report(ImportedObject("object", "'\(key)'", outcome: outcome, detail: detail)) }
    }

    func finish() {
        let counts = counts.withLock { $0 }
        func line(_ count: Int, _ outcome: ImportedObject.Outcome, detail: String? = nil) {
            guard count > 0 else { return }
            let name = "\(Units.count(count, "object")) in \(bucket.location)"
            report(ImportedObject("objects", name, outcome: outcome, detail: detail))
        }
        line(counts.created, .create, detail: counts.bytes > 0 ? Units.bytes(counts.bytes) : nil)
        line(counts.updated, .update)
        line(counts.same, .same)
        let more = "more than the \(Self.mostNamed) objects with a line of their own"
        line(counts.conflicts, .conflict, detail: more)
        line(counts.failures, .failed, detail: more)
    }
}
