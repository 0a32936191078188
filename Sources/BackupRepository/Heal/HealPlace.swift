internal import CLinux
internal import Glibc
internal import Platform

/// The folder in which a heal exchanges parts: builds them beside the live ones, on the same file system, and moves
/// each into place when it is whole.
///
/// A killed heal leaves at most a part in the folder of replaced parts that is not back yet, which the next heal finds
/// missing, and folders that servers and backups ignore by their names.
package struct HealPlace: Sendable {
    /// The live folder, absolute.
    package let folder: String
    /// The folder that takes the replaced parts.
    package let aside: String

    private static let prefix = "\(RestoreNames.staging)heal-"

    /// - Parameter aside: the folder in which replaced parts are kept, on the same file system; nil for `folder`.
    package init(_ folder: String, aside: String? = nil, stamp: Timestamp) {
        self.folder = folder
        self.aside = "\(aside ?? folder)/\(RestoreNames.aside)\(stamp)"
    }

    /// Returns the folder in which the parts of a backup are built.
    package func staging(of backup: OpenHealBackup) -> String { "\(folder)/\(Self.prefix)\(backup.manifest.name)" }

    /// Removes the finished copies of a killed heal. An unfinished copy stays, so that the next heal resumes it.
    package func removeLeftovers() throws { try remove(named: [Self.prefix]) }

    /// Ends a heal: removes the copies that the next heal does not need, and makes the moves durable.
    /// - Parameter isWhole: true if no damage is left, so that no heal resumes an unfinished copy.
    package func finish(isWhole: Bool) throws {
        if isWhole { try removeAll() } else { try removeLeftovers() }
        try synchronize()
    }

    /// Removes unfinished copies too, after a heal that needs none of them.
    private func removeAll() throws { try remove(named: [Self.prefix, "\(RestoreNames.staging)\(Self.prefix)"]) }

    private func remove(named starts: [String]) throws {
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw StagedTree.refusal(folder, "cannot read it") }
        let names = (directoryEntries(directory) ?? []).compactMap { String(validating: $0.name, as: UTF8.self) }
        close(directory)
        for name in names where starts.contains(where: name.hasPrefix) {
            guard Timestamp(String(name.suffix(16))) != nil, StagedTree.isPrivate("\(folder)/\(name)") else { continue }
            try TreeRemoval.remove("\(folder)/\(name)")
        }
    }

    /// Moves a live part out of the way.
    /// - Parameter part: its path below the folder.
    package func setAside(_ part: String) throws {
        let target = "\(aside)/\(part)"
        try Self.makeFolders(to: target, from: Self.parent(of: aside), mode: 0o700)
        guard Self.move("\(folder)/\(part)", to: target) else {
            throw StagedTree.refusal("\(folder)/\(part)", "cannot move it to '\(aside)'")
        }
    }

    /// Moves a finished part into place. It never replaces another entry.
    /// - Parameters:
    ///   - staged: the absolute path of the finished part.
    ///   - part: its path below the folder.
    package func place(_ staged: String, as part: String) throws {
        try Self.makeFolders(to: "\(folder)/\(part)", from: folder, mode: nil)
        guard Self.move(staged, to: "\(folder)/\(part)") else {
            throw StagedTree.refusal("\(folder)/\(part)", "cannot move the part into place")
        }
    }

    private func synchronize() throws {
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw StagedTree.refusal(folder, "cannot read it") }
        defer { close(directory) }
        guard dr_syncfs(directory) == 0 else { throw StagedTree.refusal(folder, "cannot write it to the disk") }
    }

    /// Makes the missing folders above `path`, each with the owner of its parent.
    /// - Parameter mode: nil for that of the parent.
    private static func makeFolders(to path: String, from base: String, mode: mode_t?) throws {
        var missing: [String] = []
        var folder = parent(of: path)
        while folder.utf8.count > base.utf8.count, access(folder, F_OK) != 0 {
            missing.append(folder)
            folder = parent(of: folder)
        }
        for folder in missing.reversed() {
            var above = stat()
            guard stat(parent(of: folder), &above) == 0, mkdir(folder, 0o700) == 0 || errno == EEXIST else {
                throw StagedTree.refusal(folder, "cannot create the directory")
            }
            _ = chown(folder, above.st_uid, above.st_gid)
            _ = chmod(folder, mode ?? above.st_mode & 0o777)
        }
    }

    /// Renames without replacing an entry.
    /// - Returns: false on an error, with the reason in `errno`.
    private static func move(_ path: String, to target: String) -> Bool {
        if dr_rename_noreplace(AT_FDCWD, path, AT_FDCWD, target) == 0 { return true }
        // The file system has no such rename. Only the server itself could add the name in between.
        guard errno == EINVAL else { return false }
        guard access(target, F_OK) != 0 else {
            errno = EEXIST
            return false
        }
        return rename(path, target) == 0
    }

    private static func parent(of path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
}
