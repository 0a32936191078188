internal import Glibc

/// The kernel's identity of a file, independent of path and container.
package struct FileIdentity: Hashable, Sendable {
    private var device: UInt
    private var inode: UInt

    /// Nil if there is no file at `path`. Links are followed.
    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Nil if the descriptor is not open.
    init?(_ descriptor: CInt) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    init(_ status: stat) {
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
    }

    /// Returns the identities of every folder from the root to `path`, including itself, with links resolved; if the
    /// path does not exist as a whole, those of its existing folders.
    package static func way(to path: String) -> Set<FileIdentity> {
        var rest = path
        while rest.count > 1 {
            if let real = realpath(rest, nil) {
                defer { free(real) }
                return folders(to: String(cString: real))
            }
            rest = rest.lastIndex(of: "/").map { String(rest[..<$0]) } ?? ""
        }
        return folders(to: "/")
    }

    private static func folders(to path: String) -> Set<FileIdentity> {
        var found = Set([FileIdentity("/")].compactMap { $0 })
        var folder = ""
        for part in path.split(separator: "/") {
            folder += "/\(part)"
            if let identity = FileIdentity(folder) { found.insert(identity) }
        }
        return found
    }
}
