internal import CLinux
internal import Glibc

/// Removes a directory with everything below it: never through a link, never into another mounted file system, at any
/// depth, with few open files.
struct TreeRemoval {
    private let path: String
    private let root: CInt
    private let device: dev_t

    /// - Throws: `RepositoryError` `.target` for the first entry that cannot be removed; others may already be gone.
    static func remove(_ path: String) throws {
        let root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { throw StagedTree.refusal(path, "cannot remove it") }
        defer { close(root) }
        var status = stat()
        guard fstat(root, &status) == 0 else { throw StagedTree.refusal(path, "cannot remove it") }
        try TreeRemoval(path: path, root: root, device: status.st_dev).run()
        guard rmdir(path) == 0 else { throw StagedTree.refusal(path, "cannot remove it") }
    }

    private func run() throws {
        var levels = [(name: [UInt8](), pending: try clear([]))]
        while let level = levels.last {
            try Task.checkCancellation()
            if let child = level.pending.last {
                levels[levels.count - 1].pending.removeLast()
                let below = try clear(levels.dropFirst().map(\.name) + [child])
                levels.append((child, below))
                continue
            }
            levels.removeLast()
            guard !levels.isEmpty else { return }
            let way = levels.dropFirst().map(\.name)
            try inDirectory(way) { directory in
                guard withCPath(level.name, { unlinkat(directory, $0, AT_REMOVEDIR) }) == 0 else {
                    throw refusal(way + [level.name])
                }
            }
        }
    }

    /// Removes files, links and empty directories from a directory.
    /// - Parameter way: the names on the path to it.
    /// - Returns: names of directories in it that are not empty.
    private func clear(_ way: [[UInt8]]) throws -> [[UInt8]] {
        try inDirectory(way) { directory in
            _ = fchmod(directory, 0o700)  // it may not be writable
            guard let names = directoryEntries(directory) else { throw refusal(way) }
            return try names.compactMap { name, _ in
                if withCPath(name, { unlinkat(directory, $0, 0) }) == 0 { return nil }
                guard errno == EISDIR || errno == EPERM else { throw refusal(way + [name]) }
                guard !isMounted(name, directory) else {
                    throw RepositoryError(
                        .target, object: display(way + [name]),
                        "a file system is mounted there, and dr does not remove it",
                        hint: "unmount it, then remove the rest")
                }
                if withCPath(name, { unlinkat(directory, $0, AT_REMOVEDIR) }) == 0 { return nil }
                guard errno == ENOTEMPTY || errno == EEXIST else { throw refusal(way + [name]) }
                return name
            }
        }
    }

    private func isMounted(_ name: [UInt8], _ directory: CInt) -> Bool {
        withCPath(name) { name in
            let traits = dr_traits(directory, name)
            if traits >= 0, traits & CInt(DR_TRAIT_MOUNT_ROOT) != 0 { return true }
            var status = stat()
            return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_dev != device
        }
    }

    private func inDirectory<Value>(_ way: [[UInt8]], _ body: (CInt) throws -> Value) throws -> Value {
        let directory = way.isEmpty ? root : openBelow(root, Self.joined(way), flags: O_RDONLY | O_DIRECTORY)
        guard directory >= 0 else { throw refusal(way) }
        defer { if directory != root { close(directory) } }
        return try body(directory)
    }

    private static func joined(_ way: [[UInt8]]) -> [UInt8] { Array(way.joined(separator: [UInt8(ascii: "/")])) }

    private func display(_ way: [[UInt8]]) -> String {
        way.isEmpty ? path : "\(path)/\(String(decoding: Self.joined(way), as: UTF8.self))"
    }

    private func refusal(_ way: [[UInt8]]) -> RepositoryError {
        let code = errno
        return StagedTree.refusal(display(way), "cannot remove it", code: code)
    }
}
