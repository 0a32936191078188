internal import Glibc

/// Content that restores replaced and kept beside their targets: finds, measures and removes it.
package struct PreviousContent: Equatable, Sendable {
    /// Absolute.
    package var path: String
    /// The time at which it was replaced, from its name.
    package var replaced: Timestamp

    /// - Parameter target: a directory that restores may have replaced; it need not exist.
    /// - Returns: the oldest first.
    package static func beside(_ target: String) -> [PreviousContent] {
        let resolved = realpath(target, nil)
        defer { free(resolved) }
        let path = resolved.map { String(cString: $0) } ?? target
        guard let slash = path.lastIndex(of: "/") else { return [] }
        let parent = slash == path.startIndex ? "" : String(path[..<slash])
        let name = String(path[path.index(after: slash)...])
        let beside = find(in: parent, beginning: RestoreNames.aside(of: name, stamp: ""))
        return (beside + find(in: path, beginning: RestoreNames.aside)).sorted {
            ($0.replaced, $0.path) < ($1.replaced, $1.path)
        }
    }

    private static func find(in folder: String, beginning start: String) -> [PreviousContent] {
        let directory = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return [] }
        defer { close(directory) }
        return (directoryEntries(directory) ?? []).compactMap { entry in
            guard let name = String(validating: entry.name, as: UTF8.self), name.hasPrefix(start),
                let stamp = Timestamp(String(name.dropFirst(start.count)))
            else { return nil }
            var status = stat()
            guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                return nil
            }
            return PreviousContent(path: "\(folder)/\(name)", replaced: stamp)
        }
    }

    /// The size of its files, of at most `limit` entries.
    /// - Returns: bytes, and false if there are more entries, or some that cannot be read.
    package func size(limit: Int = 200_000) -> (bytes: Int, isWhole: Bool) {
        var (bytes, count, isWhole) = (0, 0, true)
        do {
            try TreeWalker(tree: try CapturedTree(path)).walk { record in
                count += 1
                let (sum, isTooMuch) = bytes.addingReportingOverflow(record.size)
                guard count <= limit, !isTooMuch else { throw CancellationError() }
                bytes = sum
            } oddity: {
                isWhole = isWhole && !$0.isLoss
            }
            return (bytes, isWhole)
        } catch { return (bytes, false) }
    }

    /// Removes content that a restore kept; refuses a path that a restore does not create.
    /// - Throws: `RepositoryError` `.target`.
    package static func remove(_ path: String) throws {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        guard path.hasPrefix("/"), Timestamp(String(name.suffix(16))) != nil,
            name.hasPrefix(RestoreNames.aside) || name.dropLast(16).hasSuffix(RestoreNames.before)
        else {
            throw RepositoryError(
                .target, object: path, "it is not content that a restore kept", hint: "remove it by hand")
        }
        try TreeRemoval.remove(path)
    }
}
