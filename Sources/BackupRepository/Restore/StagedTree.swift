internal import CLinux
internal import Cryptography
internal import Glibc
internal import Synchronization
internal import Platform
internal import SystemPackage

/// The tree that a restore builds beside its target: directories, files and links, each created anew below one root,
/// never through a link.
final class StagedTree: Sendable {
    let path: String
    private let root: CInt
    /// An interrupted restore left something here.
    private let isTakenUp: Bool
    private let owner: Owner
    private let given = Mutex(OwnersGiven())

    /// - Parameter path: made where it is missing; what an interrupted restore left there is taken up again.
    init(_ path: String, owner: Owner) throws {
        self.path = path
        self.owner = owner
        isTakenUp = mkdir(path, 0o700) != 0
        guard !isTakenUp || errno == EEXIST else { throw Self.refusal(path, "cannot make it") }
        root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { throw Self.refusal(path, "cannot open it") }
        if isTakenUp { fchmod(root, 0o700) }  // it may have had its last mode already
    }

    /// The entries whose owner or mode could not be set; nil where all could.
    var shortfall: OwnerShortfall? { given.withLock { $0.shortfall } }

    deinit { close(root) }

    static func refusal(_ path: String, _ what: String, code: CInt = errno) -> RepositoryError {
        if code == ENOSPC || code == EDQUOT {
            return RepositoryError(
                .noSpace, object: path, "\(what): \(errnoText(code))",
                hint: "free space there and run the same command again: what was restored so far is kept")
        }
        let hint = [EACCES, EPERM, EROFS].contains(code) ? "run as a user who may write there" : nil
        return RepositoryError(.target, object: path, "\(what): \(errnoText(code))", hint: hint)
    }

    // MARK: Making entries

    func makeDirectory(_ record: FileRecord) throws {
        try withParent(of: record.path) { parent, name in
            guard mkdirat(parent, name, 0o700) == 0 || errno == EEXIST else {
                throw Self.refusal(display(record), "cannot make the directory")
            }
        }
    }

    func makeLink(_ record: FileRecord) throws {
        try withParent(of: record.path) { parent, name in
            unlinkat(parent, name, 0)
            guard withCPath(record.target ?? [], { symlinkat($0, parent, name) }) == 0 else {
                throw Self.refusal(display(record), "cannot make the link")
            }
            let times = record.modified.accessAndModification
            utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW)
            _ = try setOwner(of: record) { fchownat(parent, name, $0, $1, AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// Opens a new, empty file for writing; one that is there already is replaced.
    func create(_ record: FileRecord) throws -> StagedFile {
        let flags = O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC
        let made = withCPath(record.path) { dr_open_below(root, $0, flags, 0o600) }
        if made >= 0 { return StagedFile(record, open: made, path: display(record)) }
        // The long way: a path longer than the system takes, an old kernel, or something in the way.
        let descriptor = try withParent(of: record.path) { parent, name in
            var descriptor = openat(parent, name, flags, 0o600)
            if descriptor < 0 {  // a link, or a file without the right to write, from an earlier attempt
                unlinkat(parent, name, 0)
                descriptor = openat(parent, name, flags, 0o600)
            }
            guard descriptor >= 0 else { throw Self.refusal(display(record), "cannot make the file") }
            return descriptor
        }
        return StagedFile(record, open: descriptor, path: display(record))
    }

    /// Takes up a file with exactly this content that an interrupted restore left.
    /// - Returns: false when there is none.
    func adopt(_ record: FileRecord, _ digest: Digest) throws -> Bool {
        guard isTakenUp else { return false }
        let descriptor = openBelow(root, record.path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        let file = StagedFile(record, open: descriptor, path: display(record))
        guard try LocalContent.matches(descriptor, size: record.size, digest) else { return false }
        try finish(file)
        return true
    }

    /// Sets a file's owner, mode and times; the last thing done to it.
    func finish(_ file: consuming StagedFile) throws {
        let record = file.record
        let mode = try setOwner(of: record) { fchown(file.descriptor, $0, $1) }
        try setMode(of: record) { fchmod(file.descriptor, mode) }
        futimens(file.descriptor, record.modified.accessAndModification)
    }

    /// Sets a directory's owner, mode and times, once all that is below it is there.
    func finishDirectory(_ record: FileRecord) throws {
        try withParent(of: record.path) { parent, name in
            let mode = try setOwner(of: record) { fchownat(parent, name, $0, $1, AT_SYMLINK_NOFOLLOW) }
            try setMode(of: record) { fchmodat(parent, name, mode, 0) }
            utimensat(parent, name, record.modified.accessAndModification, AT_SYMLINK_NOFOLLOW)
        }
    }

    /// Sets the owner, mode and time of the tree's top folder. The last thing done to the tree: its owner may be another
    /// than this process' user from here on.
    /// - Parameter isRecorded: false for attributes that only stand in for those that were not recorded: where they
    ///   cannot be set, nothing is missing.
    func finishRoot(_ attributes: RootAttributes, isRecorded: Bool) throws {
        let record = FileRecord(
            path: [UInt8(ascii: "."), UInt8(ascii: "/")], kind: .directory, size: 0, mode: attributes.mode & 0o7777,
            uid: attributes.uid, gid: attributes.gid, modified: attributes.modified ?? FileTime(nanoseconds: 0),
            inode: 0)
        let mode = try setOwner(of: record, counts: isRecorded) { fchown(root, $0, $1) }
        try setMode(of: record) { fchmod(root, mode) }
        if let time = attributes.modified { futimens(root, time.accessAndModification) }
    }

    /// - Parameter change: of the entry's owner, as chown(2) does it.
    /// - Returns: the mode to set: without the bits that would let others act as a user or a group who never gave them.
    private func setOwner(
        of record: FileRecord, counts: Bool = true, _ change: (uid_t, gid_t) -> CInt
    ) throws -> mode_t {
        let (uid, gid) = owner.of(record)
        var mode = mode_t(record.mode)
        if change(uid, gid) == 0 {
            if uid != record.uid { mode &= ~S_ISUID }
            if gid != record.gid { mode &= ~S_ISGID }
            given.withLock { $0.add(uid, gid) }
            return mode
        }
        let code = errno
        guard Self.isForbidden(code) else { throw Self.refusal(display(record), "cannot set the owner", code: code) }
        if uid != geteuid() { mode &= ~S_ISUID }
        mode &= ~S_ISGID
        let isMine = uid == geteuid()
        let attribute: OwnersGiven.Attribute? = counts ? isMine ? .group : .owner : nil
        given.withLock { $0.miss(attribute, of: record.name, owner: (uid, gid), because: code) }
        return mode
    }

    private func setMode(of record: FileRecord, _ change: () -> CInt) throws {
        guard change() != 0 else { return }
        let code = errno
        guard Self.isForbidden(code) else { throw Self.refusal(display(record), "cannot set the mode", code: code) }
        given.withLock { $0.miss(.mode, of: record.name, because: code) }
    }

    /// True for the answers of a system that lets nobody, or not this user, change owners and modes.
    private static func isForbidden(_ code: CInt) -> Bool { [EPERM, EINVAL, EOPNOTSUPP].contains(code) }

    /// Makes all that was written durable. One call for the whole file system: far cheaper than one for each file.
    func synchronize() throws {
        guard dr_syncfs(root) == 0 else { throw Self.refusal(path, "cannot write it to the disk") }
    }

    // MARK: -

    private func display(_ record: FileRecord) -> String { "\(path)/\(record.name)" }

    /// Opens the directories down to the last component, refusing links, and lends the last directory and name.
    private func withParent<Value>(
        of path: [UInt8], _ body: (CInt, UnsafePointer<CChar>) throws -> Value
    ) throws -> Value {
        precondition(RestorePath.isSafe(path), "the catalog lets no unsafe path in")
        let slash = UInt8(ascii: "/")
        let trimmed = path.last == slash ? path.dropLast() : path[...]
        var directory = root
        var name = trimmed
        if let split = trimmed.lastIndex(of: slash) {
            directory = openBelow(root, Array(trimmed[..<split]), flags: O_RDONLY | O_DIRECTORY)
            guard directory >= 0 else {
                throw Self.refusal("\(self.path)/\(String(decoding: path, as: UTF8.self))", "cannot enter its folder")
            }
            name = trimmed[(split + 1)...]
        }
        defer { if directory != root { close(directory) } }
        return try withCPath(name) { try body(directory, $0) }
    }
}

/// The owner of what is restored.
package enum Owner: Equatable, Sendable {
    /// As recorded, as far as this process may give files away.
    case recorded
    case fixed(uid: UInt32, gid: UInt32)

    fileprivate func of(_ record: FileRecord) -> (uid: UInt32, gid: UInt32) {
        switch self {
        case .recorded: (record.uid, record.gid)
        case .fixed(let uid, let gid): (uid, gid)
        }
    }
}

/// A file being restored: takes its content in order, hashes it, and leaves holes where the original had them.
struct StagedFile: ~Copyable {
    fileprivate let descriptor: CInt
    let record: FileRecord
    private let display: String
    private var hasher: SHA256? = SHA256()
    private var position = 0

    fileprivate init(_ record: FileRecord, open descriptor: CInt, path display: String) {
        self.descriptor = descriptor
        self.record = record
        self.display = display
    }

    deinit { close(descriptor) }

    mutating func write(_ bytes: RawSpan) throws {
        hasher?.update(bytes)
        if record.isSparse, bytes.withUnsafeBytes({ $0.allSatisfy { $0 == 0 } }) {
            position += bytes.byteCount
            return
        }
        do {
            try bytes.withUnsafeBytes { buffer in
                _ = try FileDescriptor(rawValue: descriptor).writeAll(toAbsoluteOffset: Int64(position), buffer)
            }
        } catch let error as Errno { throw StagedTree.refusal(display, "cannot write", code: error.rawValue) }
        position += bytes.byteCount
    }

    /// The hash of what was written; a hole at the end gets its size now.
    mutating func complete() throws -> Digest {
        let digest = Digest(bytes: hasher.take()?.finalize() ?? [UInt8](repeating: 0, count: 32))
        guard !record.isSparse || ftruncate(descriptor, off_t(record.size)) == 0 else {
            throw StagedTree.refusal(display, "cannot set its size")
        }
        // Large files are on their way to the disk while the next is fetched, so that the sync at the end is short.
        if position >= 1 << 20 { dr_start_writeback(descriptor) }
        return digest
    }

    /// Fills this file from another, sharing blocks where the file system can.
    /// - Returns: false when the source turned out not to hold the content.
    mutating func copy(from source: CInt, _ digest: Digest) throws -> Bool {
        while position < record.size {
            try Task.checkCancellation()
            let count = dr_copy_range(source, descriptor, min(record.size - position, 64 << 20))
            if count < 0, errno == ENOSPC { throw StagedTree.refusal(display, "cannot write") }
            guard count > 0 else { return false }
            position += count
        }
        return try LocalContent.matches(descriptor, size: record.size, digest)
    }
}

/// Content that lies on this machine already.
enum LocalContent {
    /// Whether an open file is a regular one of `size` bytes with this hash.
    static func matches(_ descriptor: CInt, size: Int, _ digest: Digest) throws -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) == size else {
            return false
        }
        var hasher = SHA256()
        var buffer = [UInt8](repeating: 0, count: min(max(size, 1), 1 << 20))
        var position = 0
        while position < size {
            try Task.checkCancellation()
            let offset = Int64(position)
            let read = try? buffer.withUnsafeMutableBytes {
                try FileDescriptor(rawValue: descriptor).read(fromAbsoluteOffset: offset, into: $0)
            }
            guard let count = read, count > 0 else { return false }
            hasher.update(buffer.span.bytes.extracting(first: count))
            position += count
        }
        return Digest(bytes: hasher.finalize()) == digest
    }
}
