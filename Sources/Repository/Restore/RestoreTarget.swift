internal import CLinux
internal import Glibc

/// The directory that a restore fills: checks it, names the place beside it for staging, and swaps the two.
///
/// The staged tree takes the target's place in one step that either happened or did not. What was there is kept under
/// another name. Where the target is a mount point it cannot be renamed; its entries are moved one by one then, the
/// old ones into a folder first, and the same restore run again completes what a crash left half done.
package struct RestoreTarget: Sendable {
    /// The real directory, links resolved.
    package let path: String
    /// Where the tree is built: on the same file system. The name is the same for the same backup, so that an
    /// interrupted restore is taken up again.
    package let staging: String
    /// Something is there already and will be kept aside.
    package let replaces: Bool
    private let isMountPoint: Bool
    private let stamp: String

    /// - Parameters:
    ///   - requested: need not exist; its parent must. A link is followed, and the caller is told by ``path``.
    ///   - identity: of the backup, fit for a file name.
    ///   - stamp: of now, for the name under which the old is kept.
    /// - Throws: `RepositoryError` `.target` when it may not be used, with what to do.
    package init(_ requested: String, identity: String, stamp: String, replace: Bool) throws {
        let (path, exists) = try Self.resolve(requested)
        let parent = Self.parent(of: path)
        var parentStatus = stat()
        guard stat(parent, &parentStatus) == 0 else {
            throw RepositoryError(.target, parent, errnoText(), hint: "make the folder above the target first")
        }
        var isMountPoint = false
        var isOccupied = false
        if exists {
            var status = stat()
            guard stat(path, &status) == 0 else { throw StagedTree.refusal(path, "cannot look at it") }
            isMountPoint = status.st_dev != parentStatus.st_dev
            isOccupied = try Self.entries(path).contains { !Self.isOurs($0) && !(isMountPoint && $0 == "lost+found") }
            if isOccupied, !replace {
                throw RepositoryError(
                    .target, path, "the target is not empty",
                    hint: "restore to a new directory, or use --replace: the present content is then kept beside it")
            }
        }
        let base = isMountPoint ? path : parent
        guard access(base, W_OK | X_OK) == 0 else { throw StagedTree.refusal(base, "cannot write there") }
        let name = path.split(separator: "/").last.map(String.init) ?? "root"
        self.path = path
        self.isMountPoint = isMountPoint
        self.stamp = stamp
        replaces = isOccupied
        staging = "\(base)/\(Self.mark)\(isMountPoint ? "" : "\(name)-")\(identity)"
    }

    /// Begins the names of everything that a restore makes for itself.
    private static let mark = ".dr-restore-"
    private static let keptMark = ".dr-before-"

    private static func isOurs(_ name: String) -> Bool { name.hasPrefix(mark) || name.hasPrefix(keptMark) }

    /// Makes what lies in ``staging`` durable, then puts it into the target's place.
    /// - Returns: where the old content is kept, nil where there was none.
    package func place() throws -> String? {
        let descriptor = open(staging, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw StagedTree.refusal(staging, "cannot open it") }
        defer { close(descriptor) }
        guard dr_syncfs(descriptor) == 0 else { throw StagedTree.refusal(staging, "cannot write it to the disk") }
        return try swap()
    }

    /// Puts the staged tree into the target's place.
    /// - Returns: where the old content is kept, nil where there was none.
    func swap() throws -> String? {
        if isMountPoint { return try moveEntries() }
        var kept: String?
        if replaces {
            guard dr_rename_exchange(staging, path) == 0 else { throw StagedTree.refusal(path, "cannot replace it") }
            let aside = "\(path).before-\(stamp)"
            // From here on the new tree is in place; the old one only still needs its better name.
            kept = dr_rename_noreplace(staging, aside) == 0 ? aside : staging
        } else {
            guard rename(staging, path) == 0 else {
                throw StagedTree.refusal(path, "cannot move the restored tree there")
            }
        }
        try Self.synchronizeFolder(Self.parent(of: path))
        return kept
    }

    private func moveEntries() throws -> String? {
        let aside = "\(path)/\(Self.keptMark)\(stamp)"
        var kept: String?
        for name in try Self.entries(path) where !Self.isOurs(name) && name != "lost+found" {
            if kept == nil, mkdir(aside, 0o700) != 0, errno != EEXIST {
                throw StagedTree.refusal(aside, "cannot make it")
            }
            kept = aside
            guard dr_rename_noreplace("\(path)/\(name)", "\(aside)/\(name)") == 0 else {
                throw StagedTree.refusal("\(path)/\(name)", "cannot move it aside")
            }
        }
        for name in try Self.entries(staging) {
            guard dr_rename_noreplace("\(staging)/\(name)", "\(path)/\(name)") == 0 else {
                throw StagedTree.refusal("\(path)/\(name)", "cannot move the restored entry there")
            }
        }
        guard rmdir(staging) == 0 else { throw StagedTree.refusal(staging, "cannot remove the empty staging folder") }
        try Self.synchronizeFolder(path)
        return kept
    }

    // MARK: -

    private static func resolve(_ requested: String) throws -> (path: String, exists: Bool) {
        var trimmed = requested
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard !trimmed.isEmpty, trimmed != "/" else {
            throw RepositoryError(.target, requested, "the root directory cannot be a target", hint: "name a directory")
        }
        if let real = realPath(trimmed) {
            var status = stat()
            guard stat(real, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw RepositoryError(.target, requested, "it is not a directory", hint: "name a directory")
            }
            return (real, true)
        }
        let code = errno
        var status = stat()
        if code == ENOENT, lstat(trimmed, &status) == 0 {
            throw RepositoryError(
                .target, requested, "it is a link to something that does not exist", hint: "remove it")
        }
        guard code == ENOENT, let folder = realPath(parent(of: trimmed)),
            let name = trimmed.split(separator: "/").last, name != ".", name != ".."
        else {
            throw RepositoryError(.target, requested, errnoText(code), hint: "make the folder above the target first")
        }
        return (folder == "/" ? "/\(name)" : "\(folder)/\(name)", false)
    }

    private static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func entries(_ path: String) throws -> [String] {
        guard let stream = opendir(path) else { throw StagedTree.refusal(path, "cannot list it") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func synchronizeFolder(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StagedTree.refusal(path, "cannot open it") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StagedTree.refusal(path, "cannot write it to the disk") }
    }
}
