internal import Archiving
internal import Cryptography
internal import Glibc
internal import ObjectStorage
internal import Platform

/// Writes one pack: packs entries as tar in gzip members, and sends these to the store as they are written.
///
/// Memory: one plain member, one compressed member (a mebibyte each), one read buffer, and the index so far.
final class PackWriter {
    /// Bytes of a writer, without the transfer: buffers and the index of a usual pack.
    static let memory = 5 << 20

    let id = RandomID.make()
    /// Limits the bytes per second that are read from files; nil for no limit.
    var disk: RateLimit?
    private(set) var members: [PackIndex.Member] = []
    /// The content of this pack by hash, so that duplicates in one pack are stored once.
    private var held: [Digest: Int] = [:]

    private let component: String
    private let repository: Repository
    private let stage: GzipStage
    private var tar: TarWriter?
    var hasher = SHA256()
    var buffer = [UInt8](repeating: 0, count: GzipEncoder.maximumMember)

    init(component: String, repository: Repository) throws {
        self.component = component
        self.repository = repository
        let recipients = repository.encryption.recipients
        let key = Layout.pack(component, id, isEncrypted: !recipients.isEmpty)
        let stage = try GzipStage(upload: try repository.store.upload(key, repository.writing), recipients: recipients)
        self.stage = stage
        tar = try TarWriter { try stage.write($0) }
    }

    /// Looks up if content of this size and hash is in the repository.
    typealias Lookup = (_ size: Int, _ digest: Digest?) throws -> KnownContent

    enum KnownContent {
        /// No known content has this size (without a hash in the query), or this hash.
        case unknown
        /// Some known content has this size; its hash decides.
        case possible
        case at(PackIndex.Reference)
    }

    enum Outcome {
        /// - Parameter record: the state of the file when it was opened.
        case stored(FileRecord, member: Int, digest: Digest?, content: PackIndex.Reference?)
        /// It no longer exists, or is not a file.
        case vanished
        case unreadable(String)
        /// It changed while it was read; the data read are not in the index.
        case torn(String)
        /// The domain's checks found it damaged; the data read are not in the index.
        /// - Parameter modified: the time of its last modification.
        case rejected(String, modified: FileTime)
    }

    // MARK: Adding

    /// Adds a directory, a link, an empty file, or a file whose content is in the repository already.
    func addDescription(_ record: FileRecord, from reference: PackIndex.Reference? = nil, digest: Digest? = nil) throws
        -> Outcome
    {
        var member = PackIndex.Member(record)
        member.sha256 = record.kind == .file ? digest ?? Digest(of: []) : nil
        member.from = reference
        if reference == nil {
            let kind: TarEntry.Kind =
                switch record.kind {
                case .directory: .directory
                case .symbolicLink: .symbolicLink(target: record.target ?? [])
                case .file: .file(size: 0)
                }
            member.at = try stage.beginEntry(size: 0)
            try writeHeader(record, kind)
            try tar?.endEntry()
        }
        members.append(member)
        return .stored(record, member: members.count - 1, digest: member.sha256, content: reference)
    }

    /// Adds a file, read from the tree at `record.path`. If its size on opening differs from the record's, the record
    /// is corrected.
    /// - Parameter inspector: creates the inspector of the content. It also inspects content that the repository
    ///   already holds, because content may be right under one name and wrong under another.
    func addFile(
        _ record: FileRecord, from tree: CapturedTree, inspector: () -> (any ContentInspector)? = { nil },
        lookup: Lookup, progress: WorkProgress
    ) throws -> Outcome {
        let descriptor = tree.open(record.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            return code == ENOENT || code == ELOOP ? .vanished : .unreadable(errnoText(code))
        }
        defer { close(descriptor) }
        var before = stat()
        guard fstat(descriptor, &before) == 0, before.st_mode & S_IFMT == S_IFREG else { return .vanished }
        var record = record
        record.size = Int(before.st_size)
        guard record.size <= DocumentLimits.largestFile else {
            return .unreadable("it is larger than \(DocumentLimits.largestFile >> 40) TiB, the limit of one file")
        }
        record.modified = FileTime(before.st_mtim)
        record.inode = UInt64(before.st_ino)

        if record.size == 0 { return try Self.rejection(record, inspector()?.finish()) ?? addDescription(record) }
        let file = OpenFile(record: record, descriptor: descriptor, before: before, progress: progress)
        if record.size <= buffer.count { return try addSmall(file, inspector: inspector(), lookup: lookup) }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        if case .possible = try lookup(record.size, nil) {
            let inspecting = inspector()
            guard let digest = try hash(descriptor, size: record.size, inspecting) else {
                return .unreadable(errnoText())
            }
            if case .at(let reference) = try lookup(record.size, digest) {
                progress.update { $0.bytes += record.size }
                return try Self.rejection(record, inspecting?.finish())
                    ?? addDescription(record, from: reference, digest: digest)
            }
        }
        return try addLarge(file, inspector: inspector())
    }

    /// A file that is being read.
    private struct OpenFile {
        /// The state of the file when it was opened.
        let record: FileRecord
        let descriptor: CInt
        let before: stat
        let progress: WorkProgress

        var isUnchanged: Bool {
            var after = stat()
            return fstat(descriptor, &after) == 0 && after.st_mtim == before.st_mtim && after.st_size == before.st_size
        }
    }

    /// Adds a file that fits in the buffer: it is read once, and hashed before any of it is written.
    private func addSmall(
        _ file: OpenFile, inspector: (any ContentInspector)?, lookup: Lookup
    ) throws -> Outcome {
        let (record, descriptor) = (file.record, file.descriptor)
        guard let count = try read(descriptor, at: 0, upTo: record.size) else { return .unreadable(errnoText()) }
        guard count == record.size else { return .torn("it shrank while it was read") }
        file.progress.update { $0.bytes += count }
        let digest = Digest(bytes: hasher.digest(of: buffer.span.bytes.extracting(first: count)))
        if !file.isUnchanged {
            let content = Array(buffer.prefix(count))
            guard try isGrown(descriptor, from: count, digest) else { return .torn("it changed while it was read") }
            buffer.replaceSubrange(0..<count, with: content)
        }
        let damage = inspector?.inspect(buffer.span.bytes.extracting(first: count))
        if let rejection = Self.rejection(record, damage) { return rejection }
        return try addHashed(record, digest, lookup: lookup)
    }

    /// Adds a file whose content is in the buffer, unless it is stored already.
    func addHashed(_ record: FileRecord, _ digest: Digest, lookup: Lookup) throws -> Outcome {
        if let member = held[digest] {
            return try addDescription(record, from: .init(pack: id, member: member), digest: digest)
        }
        if case .at(let reference) = try lookup(record.size, digest) {
            return try addDescription(record, from: reference, digest: digest)
        }
        let (at, offset) = try beginFile(record)
        try writeBuffer(first: record.size)
        return try endFile(record, at: at, offset: offset, digest)
    }

    /// Adds a file of any size, streamed. Its hash is known only at the end.
    private func addLarge(_ file: OpenFile, inspector: (any ContentInspector)?) throws -> Outcome {
        let (record, descriptor) = (file.record, file.descriptor)
        let (at, offset) = try beginFile(record)
        var hasher = SHA256()
        var done = 0
        var failure: Outcome?
        while done < record.size {
            try Task.checkCancellation()
            let wanted = min(buffer.count, record.size - done)
            var count = 0
            if failure == nil {
                count = try read(descriptor, at: done, upTo: wanted) ?? -1
                if count < 0 { failure = .unreadable(errnoText()) }
                if (0..<wanted).contains(count) { failure = .torn("it shrank while it was read") }
            }
            if failure != nil {  // the header declares this size: pad the content, and omit the entry from the index
                count = wanted
                buffer.replaceSubrange(0..<wanted, with: repeatElement(0, count: wanted))
            }
            hasher.update(buffer.span.bytes.extracting(first: count))
            inspector?.write(buffer.span.bytes.extracting(first: count))
            try writeBuffer(first: count)
            done += count
            file.progress.update { $0.bytes += count }
        }
        let digest = Digest(bytes: hasher.finalize())
        if failure == nil, !file.isUnchanged,
            try !isGrown(descriptor, from: record.size, digest)
        {
            failure = .torn("it changed while it was read")
        }
        if let failure = failure ?? Self.rejection(record, inspector?.finish()) {
            try tar?.endEntry()
            return failure
        }
        return try endFile(record, at: at, offset: offset, digest)
    }

    /// Returns true if a file that changed while it was read only grew at its end: the bytes that were read are still
    /// its beginning. Then it held exactly these bytes between the two reads; otherwise they are a mixture of two
    /// states.
    private func isGrown(_ descriptor: CInt, from size: Int, _ digest: Digest) throws -> Bool {
        var after = stat()
        guard fstat(descriptor, &after) == 0, after.st_size > size else { return false }
        return try hash(descriptor, size: size, nil) == digest
    }

    static func rejection(_ record: FileRecord, _ damage: [Damage]?) -> Outcome? {
        guard let damage, !damage.isEmpty else { return nil }
        return .rejected(damage.map(\.reason).joined(separator: "; "), modified: record.modified)
    }

    func beginFile(_ record: FileRecord) throws -> (at: Int, offset: Int) {
        let at = try stage.beginEntry(size: record.size)
        try writeHeader(record, .file(size: record.size))
        return (at, tar?.position ?? 0)
    }

    func endFile(_ record: FileRecord, at: Int, offset: Int, _ digest: Digest) throws -> Outcome {
        try tar?.endEntry()
        var member = PackIndex.Member(record)
        member.sha256 = digest
        member.at = at
        member.offset = offset
        members.append(member)
        held[digest] = members.count - 1
        return .stored(record, member: members.count - 1, digest: digest, content: nil)
    }

    private func writeHeader(_ record: FileRecord, _ kind: TarEntry.Kind) throws {
        let seconds = max(0, record.modified.seconds)
        try tar?.begin(
            TarEntry(
                path: record.path, kind: kind, mode: record.mode, uid: record.uid, gid: record.gid, modified: seconds))
    }

    func write(_ bytes: RawSpan) throws { try tar?.write(bytes) }
    func endEntry() throws { try tar?.endEntry() }

    func writeBuffer(first count: Int) throws {
        try buffer.withUnsafeBytes { try tar?.write(UnsafeRawBufferPointer(rebasing: $0[..<count]).bytes) }
    }

    // MARK: Reading

    /// Reads into the buffer until it has `count` bytes or the file ends; nil on an error, with the reason in `errno`.
    private func read(_ descriptor: CInt, at offset: Int, upTo count: Int) throws -> Int? {
        try disk?.wait(for: count)
        var done = 0
        while done < count {
            let got = buffer.withUnsafeMutableBytes { space in
                pread(descriptor, space.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
            }
            if got < 0 {
                if errno == EINTR { continue }
                return nil
            }
            if got == 0 { break }
            done += got
        }
        return done
    }

    private func hash(_ descriptor: CInt, size: Int, _ inspector: (any ContentInspector)?) throws -> Digest? {
        var hasher = SHA256()
        var done = 0
        while done < size {
            try Task.checkCancellation()
            guard let count = try read(descriptor, at: done, upTo: min(buffer.count, size - done)) else { return nil }
            if count == 0 { break }
            hasher.update(buffer.span.bytes.extracting(first: count))
            inspector?.write(buffer.span.bytes.extracting(first: count))
            done += count
        }
        return Digest(bytes: hasher.finalize())
    }

    // MARK: Ending

    struct Finished {
        var index: PackIndex
        var indexDigest: Digest
        /// Bytes of the pack and the index as stored.
        var stored: Int
    }

    /// Completes the pack, then stores its index: a crash between the two leaves an orphan that no document refers to.
    func finish() throws -> Finished {
        try tar.take()?.finish()
        let object = try stage.finish()
        let index = PackIndex(
            format: RepositoryFormat.version, component: component, pack: id, object: object, gzip: stage.gzip,
            members: members)
        let bytes = try repository.encode(index)
        _ = try repository.store.put(Layout.index(component, id), bytes, options: repository.writing)
        let digest = Digest(of: bytes)
        repository.cache?.keep(bytes, digest)
        return Finished(index: index, indexDigest: digest, stored: object.size + bytes.count)
    }

    func cancel() { stage.cancel() }
}

/// Splits a tar into gzip members and sends them to the store.
private final class GzipStage {
    /// A new entry begins a new member if the current one holds at least this many bytes, so that reading one small
    /// file costs little more than the file. Deflate looks back 32 KiB, so that less would compress worse.
    private static let closeAfter = 64 << 10

    private let object: HashedUpload
    private let encryptor: CMSEncryptor?
    private var encoder = GzipEncoder()
    private var plain: [UInt8] = []
    private var squeezed: [UInt8] = []
    /// Bytes of the gzip stream so far.
    private var stored = 0
    /// The current member began inside an entry, so it does not start with a tar header.
    private var isContinuation = false
    private(set) var gzip: [[Int]] = []

    init(upload: any ObjectUpload, recipients: [RecoveryCertificate]) throws {
        let object = HashedUpload(upload)
        self.object = object
        encryptor = recipients.isEmpty ? nil : try CMSEncryptor(to: recipients) { try object.write($0) }
        plain.reserveCapacity(GzipEncoder.maximumMember)
    }

    /// - Parameter size: bytes of its content. A large entry begins a member, so that the small entries before it can be
    ///   read without it.
    /// - Returns: the offset in the object of the member in which the entry begins. Each such member starts with a tar
    ///   header.
    func beginEntry(size: Int) throws -> Int {
        if plain.count >= Self.closeAfter || size >= Self.closeAfter || isContinuation { try flush() }
        isContinuation = false
        return stored
    }

    func write(_ bytes: RawSpan) throws {
        var rest = bytes
        while rest.byteCount > 0 {
            let piece = rest.extracting(first: min(GzipEncoder.maximumMember - plain.count, rest.byteCount))
            piece.withUnsafeBytes { plain.append(contentsOf: $0) }
            rest = rest.extracting(droppingFirst: piece.byteCount)
            if plain.count == GzipEncoder.maximumMember {
                try flush()
                isContinuation = true
            }
        }
    }

    func finish() throws -> PackIndex.StoredObject {
        try flush()
        try encryptor?.finish()
        let (size, digest) = try object.finish()
        return PackIndex.StoredObject(size: size, sha256: digest, envelope: encryptor == nil ? nil : "cms")
    }

    func cancel() { object.cancel() }

    private func flush() throws {
        guard !plain.isEmpty else { return }
        try Task.checkCancellation()
        squeezed.removeAll(keepingCapacity: true)
        encoder.encode(plain.span.bytes, into: &squeezed)
        try squeezed.withUnsafeBytes { bytes in
            if let encryptor { try encryptor.write(bytes.bytes) } else { try object.write(bytes.bytes) }
        }
        gzip.append([squeezed.count, plain.count])
        stored += squeezed.count
        plain.removeAll(keepingCapacity: true)
    }
}

/// An upload that counts its bytes, and hashes them unless its destination does.
private final class HashedUpload {
    private let upload: any ObjectUpload
    /// nil if the destination hashes what arrives.
    private var hasher: SHA256?
    private var size = 0

    init(_ upload: any ObjectUpload) {
        self.upload = upload
        hasher = upload is any HashingUpload ? nil : SHA256()
    }

    func write(_ bytes: RawSpan) throws {
        hasher?.update(bytes)
        size += bytes.byteCount
        try upload.write(bytes)
    }

    func finish() throws -> (size: Int, digest: Digest) {
        let (info, digest) =
            if let upload = upload as? any HashingUpload { try upload.finishHashed() } else {
                (try upload.finish(), Digest(bytes: hasher.take()?.finalize() ?? []))
            }
        guard info.size == size else {
            throw RepositoryError.damaged(info.key.text, "the store holds \(info.size) bytes of \(size) sent")
        }
        return (size, digest)
    }

    func cancel() { upload.cancel() }
}

extension timespec {
    fileprivate static func == (left: timespec, right: timespec) -> Bool {
        left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec
    }
}
