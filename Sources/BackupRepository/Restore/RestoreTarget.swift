internal import CLinux
internal import Cryptography
internal import Glibc

/// The target directory of a restore: checks it, names the staging folder beside it, and swaps the two.
///
/// The staged tree replaces the target in one atomic step. The old content is kept under another name. If the target
/// cannot be renamed, because it is a mount point or its parent is not writable, its entries are moved one by one,
/// after the old ones were moved to a folder. After a crash the same restore, run again, completes the move. The
/// target's own owner and mode then stay as they are.
package struct RestoreTarget: Sendable {
    /// A path that no restore may move away or write into.
    package struct ProtectedPlace: Sendable {
        /// Absolute; it need not exist.
        package var path: String
        /// Its name in a sentence: "the store".
        package var words: String

        package init(_ path: String, _ words: String) { (self.path, self.words) = (path, words) }
    }

    /// The real directory, links resolved.
    package let path: String
    /// The path at which the tree is built, on the same file system. The name is the same for the same backup, so that
    /// an interrupted restore can be resumed; it is a random one if a folder of that name is not private to this user.
    package private(set) var staging: String
    /// True if the target exists and its content will be kept aside.
    package let replaces: Bool
    /// True if the target directory stays, and its entries are exchanged.
    let isFilledInPlace: Bool
    /// The attributes of the existing directory, otherwise those of a new one by its parent's owner.
    package let usualRoot: RootAttributes
    /// A path on the file system of the new tree.
    private let base: String
    private let name: String
    private let identity: String
    private let stamp: String

    /// - Parameters:
    ///   - requested: it need not exist; its parent must. A link is followed, and ``path`` is the result.
    ///   - identity: of the backup, valid in a file name.
    ///   - stamp: of the present time, for the name of the old content.
    ///   - protected: places that the target must not contain, nor be inside.
    /// - Throws: `RepositoryError` `.target` if it cannot be used, with the remedy. All checks that are possible before
    ///   fetching are made here.
    package init(
        _ requested: String, identity: String, stamp: String, replace: Bool, protected: [ProtectedPlace] = []
    ) throws {
        let (path, exists) = try Self.resolve(requested)
        try Self.refuse(path, protected)
        let parent = Self.parent(of: path)
        var parentStatus = stat()
        guard stat(parent, &parentStatus) == 0 else {
            throw RepositoryError(
                .target, object: parent, errnoText(), hint: "create the parent folder of the target first")
        }
        name = path.split(separator: "/").last.map(String.init) ?? "root"
        self.path = path
        self.identity = identity
        self.stamp = stamp
        guard exists else {
            isFilledInPlace = false
            replaces = false
            base = parent
            usualRoot = RootAttributes(mode: 0o755, uid: parentStatus.st_uid, gid: parentStatus.st_gid)
            staging = Self.staging(in: parent, of: name, identity)
            try Self.checkWriting(parent)
            return
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw StagedTree.refusal(path, "cannot read its attributes") }
        let isMountPoint = status.st_dev != parentStatus.st_dev || MountPoints.contains(path)
        isFilledInPlace = isMountPoint || !Self.mayRename(status, in: parent, parentStatus) && Self.isWritable(path)
        usualRoot = RootAttributes(mode: status.st_mode & 0o7777, uid: status.st_uid, gid: status.st_gid)
        base = isFilledInPlace ? path : parent
        staging = Self.staging(in: base, of: isFilledInPlace ? nil : name, identity)
        let present = try Self.entries(path).filter { !Self.isOurs($0) && !(isMountPoint && Self.isFileSystems($0)) }
        replaces = !present.isEmpty
        if replaces, !replace {
            throw RepositoryError(
                .target, object: path, "the target is not empty",
                hint: "restore to a new directory, or use --replace: the existing content is then kept beside it")
        }
        try Self.checkWriting(base)
        try Self.checkTraits(of: path, in: AT_FDCWD, showing: path)
        if isFilledInPlace { try Self.checkMoving(present, from: path, status) }
    }

    // MARK: The staging folder

    /// - Parameters:
    ///   - name: of the target; nil for a folder inside it.
    ///   - isNew: true for a random name.
    private static func staging(in base: String, of name: String?, _ identity: String, isNew: Bool = false) -> String {
        func path(_ identity: String) -> String {
            "\(base == "/" ? "" : base)/\(RestoreNames.staging(of: name, identity: identity))"
        }
        var status = stat()
        let usual = path(identity)
        if !isNew, lstat(usual, &status) != 0 || StagedTree.isPrivate(usual) { return usual }
        return path("\(RandomID.make())-\(identity)")
    }

    /// Chooses a random name for ``staging``.
    package mutating func takeNewStaging() {
        staging = Self.staging(in: base, of: isFilledInPlace ? nil : name, identity, isNew: true)
    }

    /// True if ``staging`` does not exist or has only entries for which `isKnown` is true.
    func isStagingEmpty(or isKnown: (FileRecord) throws -> Bool) throws -> Bool {
        var status = stat()
        guard lstat(staging, &status) == 0 else { return true }
        return try StagedTree.isPrivate(staging) && StagedTree.holdsOnly(staging, isKnown)
    }

    // MARK: Before anything is done

    private static func isOurs(_ name: [UInt8]) -> Bool {
        name.starts(with: RestoreNames.staging.utf8) || name.starts(with: RestoreNames.aside.utf8)
    }

    /// Returns true for a name that the file system itself creates.
    private static func isFileSystems(_ name: [UInt8]) -> Bool { name == Array("lost+found".utf8) }

    /// - Throws: `RepositoryError` `.target` if a target contains one of the places or is inside one.
    package static func refuse(_ path: String, _ protected: [ProtectedPlace]) throws {
        let target = FileIdentity(path)
        let way = FileIdentity.way(to: path)
        for place in protected {
            let hint = "restore to another directory, and move what you need from there"
            if let target, FileIdentity.way(to: place.path).contains(target) {
                throw RepositoryError(
                    .target, object: path,
                    "it contains \(place.words), '\(place.path)', which a restore would move away",
                    hint: hint)
            }
            if let identity = FileIdentity(place.path), way.contains(identity) {
                throw RepositoryError(.target, object: path, "it is inside \(place.words), '\(place.path)'", hint: hint)
            }
        }
    }

    private static func isWritable(_ path: String) -> Bool { access(path, W_OK | X_OK) == 0 }

    private static func checkWriting(_ folder: String) throws {
        guard isWritable(folder) else { throw StagedTree.refusal(folder, "cannot write there") }
    }

    /// In a sticky folder, such as /tmp, only the owner renames an entry.
    private static func mayRename(_ entry: stat, in folder: String, _ status: stat) -> Bool {
        isWritable(folder)
            && (status.st_mode & S_ISVTX == 0 || geteuid() == 0 || [entry.st_uid, status.st_uid].contains(geteuid()))
    }

    /// - Parameter display: the entry's path in messages.
    private static func checkTraits(
        of name: UnsafePointer<CChar>, in directory: CInt, showing display: String
    ) throws {
        let traits = dr_traits(directory, name)
        guard traits >= 0, traits & CInt(DR_TRAIT_IMMUTABLE | DR_TRAIT_APPEND_ONLY) != 0 else { return }
        throw RepositoryError(
            .target, object: display, "it is immutable and cannot be replaced",
            hint: "run `chattr -ia '\(display)'` first")
    }

    /// Finds entries that could not be moved aside.
    private static func checkMoving(_ names: [[UInt8]], from path: String, _ status: stat) throws {
        let directory = try opened(path)
        defer { close(directory) }
        for name in names {
            let display = "\(path)/\(String(decoding: name, as: UTF8.self))"
            try withCPath(name) { name in
                try checkTraits(of: name, in: directory, showing: display)
                let traits = dr_traits(directory, name)
                guard traits < 0 || traits & CInt(DR_TRAIT_MOUNT_ROOT) == 0 else {
                    throw RepositoryError(
                        .target, object: display, "a file system is mounted there, so it cannot be moved aside",
                        hint: "unmount it, or restore to another directory")
                }
                var entry = stat()
                guard fstatat(directory, name, &entry, AT_SYMLINK_NOFOLLOW) == 0 else { return }
                let isForeign = geteuid() != 0 && entry.st_uid != geteuid()
                let isStuck = isForeign && status.st_mode & S_ISVTX != 0 && status.st_uid != geteuid()
                // To move a directory, a process must be able to write the new parent into it.
                let isClosed =
                    isForeign && entry.st_mode & S_IFMT == S_IFDIR && faccessat(directory, name, W_OK, 0) != 0
                guard !isStuck, !isClosed else {
                    throw StagedTree.refusal(display, "cannot move it aside", code: EPERM)
                }
            }
        }
    }

    /// Compares the space that the tree needs with the free space of its file system.
    /// - Parameters:
    ///   - bytes: of content that needs space on a disk.
    ///   - entries: files, directories and links.
    ///   - mayShare: true if some of the content may be that of the target.
    /// - Throws: `RepositoryError` `.noSpace` if it certainly does not fit.
    func checkRoom(bytes: Int, entries: Int, mayShare: Bool) throws {
        var status = statvfs()
        guard statvfs(base, &status) == 0, status.f_blocks > 0 else { return }
        let isRoot = geteuid() == 0
        let (held, heldEntries) = Self.content(of: staging)
        let hint = "free space there and run the same command again, or restore to another directory"
        let blocks = UInt64(isRoot ? status.f_bfree : status.f_bavail)
        let (product, isHuge) = blocks.multipliedReportingOverflow(by: UInt64(status.f_frsize))
        let free = isHuge ? Int.max : Int(clamping: product)
        if bytes - min(held, bytes) > free, !sharesBlocks(mayShare) {
            throw RepositoryError(
                .noSpace, object: base,
                "No space left: the restore needs \(bytes - min(held, bytes)) bytes, but \(free) are free", hint: hint)
        }
        let nodes = Int(clamping: isRoot ? status.f_ffree : status.f_favail)
        if status.f_files > 0, entries - min(heldEntries, entries) > nodes {
            throw RepositoryError(
                .noSpace, object: base,
                "No space left: the restore creates \(entries) files and folders, but only \(nodes) inodes are free",
                hint: hint)
        }
    }

    /// True if content may need less space than it has bytes: the file system compresses, or shares the blocks of the
    /// target's content.
    private func sharesBlocks(_ mayShare: Bool) -> Bool {
        switch UInt32(truncatingIfNeeded: dr_file_system_type(base)) {
        case 0x9123_683E, 0x2FC1_2FC1, 0xCA45_1A4E: true  // btrfs, ZFS, bcachefs
        case 0x5846_5342: mayShare  // XFS
        default: false
        }
    }

    /// Returns the bytes and entries that an interrupted restore left.
    private static func content(of folder: String) -> (bytes: Int, entries: Int) {
        var (bytes, count) = (0, 0)
        guard FileIdentity(folder) != nil, let tree = try? CapturedTree(folder) else { return (0, 0) }
        try? TreeWalker(tree: tree).walk { record in
            count += 1
            if !record.isSparse { bytes = bytes.addingReportingOverflow(record.size).partialValue }
        } oddity: { _ in
        }
        return (max(0, bytes), count)
    }

    /// Remarks on the target for the operator, besides the refusals of ``init``.
    var remarks: [String] {
        guard replaces, !isFilledInPlace else { return [] }
        return MountPoints.below(path).map {
            "a file system is mounted at '\($0)': it moves with the old content; unmount it there and mount it again"
        }
    }

    // MARK: Putting the tree in place

    /// Makes the content of ``staging`` durable, then swaps it with the target.
    /// - Returns: the path of the old content, nil if there was none.
    package func place() throws -> String? {
        let descriptor = try Self.opened(staging)
        defer { close(descriptor) }
        guard dr_syncfs(descriptor) == 0 else { throw StagedTree.refusal(staging, "cannot write it to the disk") }
        return try swap()
    }

    /// Swaps the staged tree with the target.
    /// - Returns: the path of the old content, nil if there was none.
    func swap() throws -> String? {
        if isFilledInPlace { return try moveEntries() }
        var kept: String?
        if replaces {
            guard dr_rename_exchange(staging, path) == 0 else {
                switch errno {
                case EINVAL, ENOSYS, EOPNOTSUPP: return try swapInTwoSteps()
                // It cannot be renamed: a mount that this process does not see, or a layer of a container.
                case EBUSY, EXDEV: return try moveEntries()
                default: throw StagedTree.refusal(path, "cannot replace it")
                }
            }
            // From now on the new tree is in place; only the old one still needs its final name.
            kept = dr_rename_noreplace(AT_FDCWD, staging, AT_FDCWD, aside) == 0 ? aside : staging
        } else if rename(staging, path) != 0 {
            guard errno == EBUSY || errno == EXDEV else {
                throw StagedTree.refusal(path, "cannot move the restored tree there")
            }
            return try moveEntries()
        }
        try Self.synchronizeFolder(Self.parent(of: path))
        return kept
    }

    /// The path for the old content, beside the target.
    private var aside: String {
        let parent = Self.parent(of: path)
        return "\(parent == "/" ? "" : parent)/\(RestoreNames.aside(of: name, stamp: stamp))"
    }

    /// Swaps on file systems that cannot exchange two names atomically, such as NFS.
    private func swapInTwoSteps() throws -> String? {
        let aside = aside
        guard FileIdentity(aside) == nil else {
            throw StagedTree.refusal(aside, "cannot keep the old content", code: EEXIST)
        }
        guard rename(path, aside) == 0 else { throw StagedTree.refusal(path, "cannot move it aside") }
        guard rename(staging, path) == 0 else {
            let code = errno
            rename(aside, path)
            throw StagedTree.refusal(path, "cannot move the restored tree there", code: code)
        }
        try Self.synchronizeFolder(Self.parent(of: path))
        return aside
    }

    /// Exchanges the target's entries one by one. If one cannot be moved, it moves the others back.
    private func moveEntries() throws -> String? {
        let aside = "\(path)/\(RestoreNames.aside)\(stamp)"
        let target = try Self.opened(path)
        defer { close(target) }
        let staged = try Self.opened(staging)
        defer { close(staged) }
        var moved: [(from: CInt, to: CInt, name: [UInt8])] = []
        func move(_ name: [UInt8], from: CInt, to: CInt, _ failure: String) throws {
            guard Self.moveEntry(name, from: from, to: to) else {
                let code = errno
                for step in moved.reversed() { _ = Self.moveEntry(step.name, from: step.to, to: step.from) }
                rmdir(aside)
                throw StagedTree.refusal("\(path)/\(String(decoding: name, as: UTF8.self))", failure, code: code)
            }
            moved.append((from, to, name))
        }
        let old = try Self.entries(path).filter { !Self.isOurs($0) && !Self.isFileSystems($0) }
        var kept: CInt = -1
        defer { if kept >= 0 { close(kept) } }
        if !old.isEmpty {
            guard mkdir(aside, 0o700) == 0 || errno == EEXIST else {
                throw StagedTree.refusal(aside, "cannot create it")
            }
            kept = try Self.opened(aside)
        }
        for name in old { try move(name, from: target, to: kept, "cannot move it aside") }
        for name in try Self.entries(staging) {
            // The file system's own folder exists already; a stored one is nearly always empty.
            if Self.isFileSystems(name), withCPath(name, { unlinkat(staged, $0, AT_REMOVEDIR) }) == 0 { continue }
            try move(name, from: staged, to: target, "cannot move the restored entry there")
        }
        guard rmdir(staging) == 0 else { throw StagedTree.refusal(staging, "cannot remove the empty staging folder") }
        try Self.synchronizeFolder(path)
        return old.isEmpty ? nil : aside
    }

    /// Moves an entry to another directory that has no entry of its name.
    /// - Returns: false with the reason in `errno`.
    private static func moveEntry(_ name: [UInt8], from: CInt, to: CInt) -> Bool {
        withCPath(name) { name in
            if dr_rename_noreplace(from, name, to, name) == 0 { return true }
            if errno == EINVAL, faccessat(to, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 {  // an old file system
                return renameat(from, name, to, name) == 0
            }
            guard errno == EACCES || errno == EPERM else { return false }
            // Without write permission on a directory, its owner cannot move it to another one.
            let code = errno
            let directory = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            errno = code
            guard directory >= 0 else { return false }
            defer { close(directory) }
            var status = stat()
            guard fstat(directory, &status) == 0, fchmod(directory, status.st_mode & 0o7777 | 0o200) == 0 else {
                return false
            }
            let isMoved = dr_rename_noreplace(from, name, to, name) == 0
            let reason = errno
            fchmod(directory, status.st_mode & 0o7777)
            errno = reason
            return isMoved
        }
    }

    // MARK: -

    private static func resolve(_ requested: String) throws -> (path: String, exists: Bool) {
        var trimmed = requested
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard !trimmed.isEmpty, trimmed != "/" else {
            throw RepositoryError(
                .target, object: requested, "the root directory cannot be a target", hint: "name a directory")
        }
        if let real = try realPath(trimmed) {
            var status = stat()
            guard stat(real, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw RepositoryError(.target, object: requested, "it is not a directory", hint: "name a directory")
            }
            guard real != "/" else {
                throw RepositoryError(
                    .target, object: requested, "the root directory cannot be a target", hint: "name a directory")
            }
            return (real, true)
        }
        let code = errno
        var status = stat()
        if code == ENOENT, lstat(trimmed, &status) == 0 {
            throw RepositoryError(
                .target, object: requested, "it is a link to a path that does not exist", hint: "remove it")
        }
        guard code == ENOENT, let folder = try realPath(parent(of: trimmed)),
            let name = trimmed.split(separator: "/").last, name != ".", name != ".."
        else {
            throw RepositoryError(
                .target, object: requested, errnoText(code), hint: "create the parent folder of the target first")
        }
        return (folder == "/" ? "/\(name)" : "\(folder)/\(name)", false)
    }

    /// - Returns: nil with the reason in `errno`.
    private static func realPath(_ path: String) throws -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        guard let text = String(validatingCString: real) else {
            throw RepositoryError(
                .target, object: path, "the name of its directory is not UTF-8",
                hint: "restore to another directory")
        }
        return text
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func opened(_ path: String) throws -> CInt {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw StagedTree.refusal(path, "cannot open it") }
        return descriptor
    }

    private static func entries(_ path: String) throws -> [[UInt8]] {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw StagedTree.refusal(path, "cannot list it") }
        defer { close(directory) }
        guard let entries = directoryEntries(directory) else {
            throw StagedTree.refusal(path, "cannot list it")
        }
        return entries.map(\.name)
    }

    private static func synchronizeFolder(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StagedTree.refusal(path, "cannot open it") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StagedTree.refusal(path, "cannot write it to the disk") }
    }
}
