internal import CLinux
internal import Cryptography
internal import Glibc
internal import Synchronization
internal import Platform
internal import SystemPackage

/// The tree that a restore builds beside its target: directories, files and links, each newly created below one root,
/// never through a link.
final class StagedTree: Sendable {
    let path: String
    private let root: CInt
    /// True if an interrupted restore left content here.
    private let isTakenUp: Bool
    private let owner: Owner
    /// True to restore the bits with which a file runs as its owner or group.
    private let keepsSetuid: Bool
    private let given = Mutex(OwnersGiven())
    private let withheld = Mutex<WithheldBits>(WithheldBits())

    /// - Parameters:
    ///   - path: created if it is missing; the content of an interrupted restore is reused.
    ///   - keepsSetuid: true to restore setuid and setgid bits of files.
    /// - Throws: `RepositoryError` `.target` if other users may have written to an existing folder.
    init(_ path: String, owner: Owner, keepsSetuid: Bool = false) throws {
        self.path = path
        self.owner = owner
        self.keepsSetuid = keepsSetuid
        isTakenUp = mkdir(path, 0o700) != 0
        guard !isTakenUp || errno == EEXIST else { throw Self.refusal(path, "cannot create it") }
        root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { throw Self.refusal(path, "cannot open it") }
        guard Self.isPrivate(root) else {
            throw RepositoryError(
                .target, object: path, "other users may write to this folder, so the restore does not use it",
                hint: "remove it, then run the same command again")
        }
    }

    /// True if a path is a directory of this user that no other user may enter. False for a link.
    static func isPrivate(_ path: String) -> Bool {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return false }
        defer { close(folder) }
        return isPrivate(folder)
    }

    private static func isPrivate(_ folder: CInt) -> Bool {
        var status = stat()
        return fstat(folder, &status) == 0 && status.st_uid == geteuid() && status.st_mode & 0o777 == 0o700
    }

    /// True if a folder holds only entries for which `isKnown` is true. Devices, sockets and folders of the program
    /// are never known.
    static func holdsOnly(
        _ path: String, _ isKnown: (FileRecord) throws -> Bool
    ) throws -> Bool {
        struct Stranger: Error {}
        do {
            try TreeWalker(tree: try CapturedTree(path)).walk { record in
                guard try isKnown(record) else { throw Stranger() }
            } oddity: { _ in
                throw Stranger()
            }
            return true
        } catch is Stranger { return false }
    }

    /// Checks that the tree is still at its path: a user who owns the parent folder could have exchanged it.
    func checkPlace() throws {
        var (here, there) = (stat(), stat())
        guard fstat(root, &here) == 0, lstat(path, &there) == 0, here.st_dev == there.st_dev,
            here.st_ino == there.st_ino
        else {
            throw RepositoryError(
                .target, object: path, "another program moved or replaced this folder during the restore",
                hint: "restore to a directory whose parent only this user can write to")
        }
    }

    /// A remark for the operator on setuid and setgid bits; nil if no file had one.
    var remark: String? { withheld.withLock { $0.remark } }

    /// The entries whose owner or mode could not be set; nil if all were set.
    var shortfall: OwnerShortfall? { given.withLock { $0.shortfall } }

    deinit { close(root) }

    static func refusal(_ path: String, _ what: String, code: CInt = errno) -> RepositoryError {
        if code == ENOSPC || code == EDQUOT {
            return RepositoryError(
                .noSpace, object: path, "\(what): \(errnoText(code))",
                hint: "free space there and run the same command again: the data restored so far are kept")
        }
        let hint = [EACCES, EPERM, EROFS].contains(code) ? "run as a user with write permission there" : nil
        return RepositoryError(.target, object: path, "\(what): \(errnoText(code))", hint: hint)
    }

    // MARK: Making entries

    func makeDirectory(_ record: FileRecord) throws {
        try withParent(of: record.path) { parent, name in
            guard mkdirat(parent, name, 0o700) == 0 || errno == EEXIST else {
                throw Self.refusal(display(record), "cannot create the directory")
            }
        }
    }

    func makeLink(_ record: FileRecord) throws {
        try withParent(of: record.path) { parent, name in
            unlinkat(parent, name, 0)
            guard withCPath(record.target ?? [], { symlinkat($0, parent, name) }) == 0 else {
                throw Self.refusal(display(record), "cannot create the link")
            }
            let times = record.modified.accessAndModification
            utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW)
            _ = try setOwner(of: record) { fchownat(parent, name, $0, $1, AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// Opens a new, empty file for writing; an existing one is replaced.
    func create(_ record: FileRecord) throws -> StagedFile {
        let flags = O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC
        let made = withCPath(record.path) { dr_open_below(root, $0, flags, 0o600) }
        if made >= 0 { return StagedFile(record, open: made, path: display(record)) }
        // The slow way: for a path longer than the system accepts, an old kernel, or an existing entry.
        let descriptor = try withParent(of: record.path) { parent, name in
            var descriptor = openat(parent, name, flags, 0o600)
            if descriptor < 0 {  // a link, or a file without write permission, from an earlier attempt
                unlinkat(parent, name, 0)
                descriptor = openat(parent, name, flags, 0o600)
            }
            guard descriptor >= 0 else { throw Self.refusal(display(record), "cannot create the file") }
            return descriptor
        }
        return StagedFile(record, open: descriptor, path: display(record))
    }

    /// Removes a file that did not get its content.
    func remove(_ record: FileRecord) throws {
        try withParent(of: record.path) { parent, name in
            guard unlinkat(parent, name, 0) == 0 || errno == ENOENT else {
                throw Self.refusal(display(record), "cannot remove the file")
            }
        }
    }

    /// Reuses a file with exactly this content from an interrupted restore.
    /// - Returns: false if there is none.
    func adopt(_ record: FileRecord, _ digest: Digest) throws -> Bool {
        guard isTakenUp else { return false }
        let descriptor = openBelow(root, record.path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        let file = StagedFile(record, open: descriptor, path: display(record))
        // A file with a second name could be changed through that one.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_nlink == 1 else { return false }
        guard try LocalContent.matches(descriptor, size: record.size, digest) else { return false }
        try finish(file)
        return true
    }

    /// Sets a file's owner, mode and times, as the last change to it.
    func finish(_ file: consuming StagedFile) throws {
        let record = file.record
        let mode = try setOwner(of: record) { fchown(file.descriptor, $0, $1) }
        try setMode(of: record) { fchmod(file.descriptor, mode) }
        futimens(file.descriptor, record.modified.accessAndModification)
    }

    /// Sets a directory's owner, mode and times, after all its entries exist.
    func finishDirectory(_ record: FileRecord) throws {
        try withParent(of: record.path) { parent, name in
            let mode = try setOwner(of: record) { fchownat(parent, name, $0, $1, AT_SYMLINK_NOFOLLOW) }
            try setMode(of: record) { fchmodat(parent, name, mode, 0) }
            utimensat(parent, name, record.modified.accessAndModification, AT_SYMLINK_NOFOLLOW)
        }
    }

    /// Sets the owner, mode and time of the tree's top folder, as the last change to the tree: afterwards its owner may
    /// be another user than that of this process.
    /// - Parameter isRecorded: false for default attributes that replace unrecorded ones. A failure to set these is not
    ///   reported.
    func finishRoot(_ attributes: RootAttributes, isRecorded: Bool) throws {
        let record = FileRecord(
            path: [UInt8(ascii: "."), UInt8(ascii: "/")], kind: .directory, size: 0, mode: attributes.mode & 0o7777,
            uid: attributes.uid, gid: attributes.gid, modified: attributes.modified ?? FileTime(nanoseconds: 0),
            inode: 0)
        let mode = try setOwner(of: record, counts: isRecorded) { fchown(root, $0, $1) }
        try setMode(of: record) { fchmod(root, mode) }
        if let time = attributes.modified { futimens(root, time.accessAndModification) }
    }

    /// - Parameter change: of the entry's owner, as for chown(2).
    /// - Returns: the mode to set, without the bits that would let others act as a user or group that did not grant
    ///   them.
    private func setOwner(
        of record: FileRecord, counts: Bool = true, _ change: (uid_t, gid_t) -> CInt
    ) throws -> mode_t {
        let (uid, gid) = owner.of(record)
        var mode = mode_t(record.mode)
        if !keepsSetuid, record.kind == .file, mode & (S_ISUID | S_ISGID) != 0 {
            mode &= ~(S_ISUID | S_ISGID)
            withheld.withLock { $0.add(record.name) }
        }
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

    /// Returns true for the errors of a system that does not let this user, or any user, change owners and modes.
    private static func isForbidden(_ code: CInt) -> Bool { [EPERM, EINVAL, EOPNOTSUPP].contains(code) }

    /// Makes all writes durable. One call for the whole file system is far cheaper than one for each file.
    func synchronize() throws {
        guard dr_syncfs(root) == 0 else { throw Self.refusal(path, "cannot write it to the disk") }
    }

    // MARK: -

    private func display(_ record: FileRecord) -> String { "\(path)/\(record.name)" }

    /// Opens the directories down to the last component, refusing links, and passes the last directory and name to
    /// `body`.
    private func withParent<Value>(
        of path: [UInt8], _ body: (CInt, UnsafePointer<CChar>) throws -> Value
    ) throws -> Value {
        precondition(RestorePath.isSafe(path), "the catalog rejects unsafe paths")
        let slash = UInt8(ascii: "/")
        let trimmed = path.last == slash ? path.dropLast() : path[...]
        var directory = root
        var name = trimmed
        if let split = trimmed.lastIndex(of: slash) {
            directory = openBelow(root, Array(trimmed[..<split]), flags: O_RDONLY | O_DIRECTORY)
            guard directory >= 0 else {
                throw Self.refusal("\(self.path)/\(String(decoding: path, as: UTF8.self))", "cannot open its folder")
            }
            name = trimmed[(split + 1)...]
        }
        defer { if directory != root { close(directory) } }
        return try withCPath(name) { try body(directory, $0) }
    }
}

/// The files that were restored without their setuid or setgid bits.
private struct WithheldBits {
    private var files = 0
    private var first = ""

    mutating func add(_ name: String) {
        if files == 0 || name < first { first = name }
        files += 1
    }

    var remark: String? {
        guard files > 0 else { return nil }
        return "restored without setuid and setgid bits: \(files) file\(files == 1 ? "" : "s"), such as "
            + "'\(first.printable)'; --keep-setuid restores them"
    }
}

/// The owner of restored entries.
package enum Owner: Equatable, Sendable {
    /// As recorded, if this process has the permission to change owners.
    case recorded
    case fixed(uid: UInt32, gid: UInt32)

    fileprivate func of(_ record: FileRecord) -> (uid: UInt32, gid: UInt32) {
        switch self {
        case .recorded: (record.uid, record.gid)
        case .fixed(let uid, let gid): (uid, gid)
        }
    }
}

/// A file during the restore: takes its content in order, hashes it, and keeps the holes of the original.
struct StagedFile: ~Copyable {
    fileprivate let descriptor: CInt
    let record: FileRecord
    private let display: String
    private var hasher: SHA256? = SHA256()
    private var position = 0
    /// The offset up to which the kernel was asked to start writing.
    private var flushed = 0

    /// Writing of a large file starts while the rest of it is fetched, so that the final sync is short.
    private static let writebackStep = 8 << 20

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
        if position - flushed >= Self.writebackStep {
            dr_start_writeback(descriptor)
            flushed = position
        }
    }

    /// Returns the hash of the written content; a hole at the end gets its size now.
    mutating func complete() throws -> Digest {
        let digest = Digest(bytes: hasher.take()?.finalize() ?? [UInt8](repeating: 0, count: 32))
        guard !record.isSparse || ftruncate(descriptor, off_t(record.size)) == 0 else {
            throw StagedTree.refusal(display, "cannot set its size")
        }
        if position >= 1 << 20 { dr_start_writeback(descriptor) }
        return digest
    }

    enum Filling: Equatable {
        case whole
        /// The other file has other content.
        case differs
        /// An error of the other file, an `errno`.
        case unreadable(CInt)
    }

    /// Fills this new file from another one, sharing blocks if the file system supports it. The content that arrived is
    /// hashed, not the one that the other file has at another time.
    ///
    /// Memory: one mebibyte.
    mutating func fill(from source: CInt, _ digest: Digest) throws -> Filling {
        if dr_share_blocks(source, descriptor) == 0 {
            return try LocalContent.compare(descriptor, size: record.size, digest)
        }
        // Small pieces find more of the holes.
        let piece = record.isSparse ? 64 << 10 : 1 << 20
        var buffer = [UInt8](repeating: 0, count: min(record.size, piece))
        while position < record.size {
            try Task.checkCancellation()
            let offset = Int64(position)
            let limit = min(buffer.count, record.size - position)
            let count: Int
            do {
                count = try buffer.withUnsafeMutableBytes {
                    try FileDescriptor(rawValue: source).read(
                        fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<limit]))
                }
            } catch let error as Errno { return .unreadable(error.rawValue) }
            guard count > 0 else { return .differs }
            try write(buffer.span.bytes.extracting(first: count))
        }
        return try complete() == digest ? .whole : .differs
    }
}

/// Content that is on this machine already.
enum LocalContent {
    /// Returns true if an open file is a regular one of `size` bytes with this hash.
    static func matches(_ descriptor: CInt, size: Int, _ digest: Digest) throws -> Bool {
        try compare(descriptor, size: size, digest) == .whole
    }

    /// Compares an open file with a size and a hash.
    static func compare(_ descriptor: CInt, size: Int, _ digest: Digest) throws -> StagedFile.Filling {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) == size else {
            return .differs
        }
        var hasher = SHA256()
        var buffer = [UInt8](repeating: 0, count: min(max(size, 1), 1 << 20))
        var position = 0
        while position < size {
            try Task.checkCancellation()
            let offset = Int64(position)
            let count: Int
            do {
                count = try buffer.withUnsafeMutableBytes {
                    try FileDescriptor(rawValue: descriptor).read(fromAbsoluteOffset: offset, into: $0)
                }
            } catch let error as Errno { return .unreadable(error.rawValue) }
            guard count > 0 else { return .differs }
            hasher.update(buffer.span.bytes.extracting(first: count))
            position += count
        }
        return Digest(bytes: hasher.finalize()) == digest ? .whole : .differs
    }
}
