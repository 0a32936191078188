internal import Glibc

/// Folders that the program creates. Modes are set through descriptors, never by path.
package enum Folder {
    /// Creates a folder that other users may enter, with the missing folders above it. Existing ones stay as they are.
    /// - Parameter exactly: false if the umask that dr inherited limits the mode.
    package static func create(_ path: String, mode: UInt32 = 0o755, exactly: Bool = false) throws(FileError) {
        try forEachMissing(path) { (place) throws(FileError) in
            try make(place, mode: exactly ? mode : mode & ~(FileCreationMask.inherited ?? 0), for: path)
        }
    }

    /// Creates one folder, whose mode this process's umask does not limit. An existing one stays as it is.
    private static func make(_ place: String, mode: UInt32, for path: String) throws(FileError) {
        guard mkdir(place, 0o700) == 0 else {
            guard errno == EEXIST else { throw FileError(path, code: errno) }
            return
        }
        let folder = open(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { throw FileError(path, code: errno) }
        defer { close(folder) }
        guard fchmod(folder, mode) == 0 else { throw FileError(path, code: errno) }
    }

    /// Creates a folder with this program's own data, or takes permissions of other users away from an existing one.
    ///
    /// An existing folder may belong to root: then root has decided who may read it.
    /// - Parameter isEntered: true if other users may pass through it, without listing it.
    /// - Throws: ``FileError``, also if the folder belongs to another user, who could replace its files.
    package static func makePrivate(_ path: String, isEntered: Bool = false) throws(FileError) {
        let mode: mode_t = isEntered ? 0o711 : 0o700
        try forEachMissing(path) { (place) throws(FileError) in
            try make(place, mode: mode, for: path)
        }
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw FileError(path, code: errno) }
        defer { close(folder) }
        var status = stat()
        guard fstat(folder, &status) == 0 else { throw FileError(path, code: errno) }
        guard status.st_uid == geteuid() else {
            guard status.st_uid != 0 else { return }
            throw FileError(
                path, detail: "it belongs to user \(status.st_uid), who could replace its files, not to this user")
        }
        let excess = status.st_mode & (isEntered ? 0o066 : 0o077)
        guard excess != 0 else { return }
        guard fchmod(folder, status.st_mode & 0o7777 & ~excess) == 0 else { throw FileError(path, code: errno) }
    }

    /// Calls `body` for the folder and each one above it that does not exist, from the top.
    private static func forEachMissing(
        _ path: String, _ body: (String) throws(FileError) -> Void
    ) throws(FileError) {
        var place = path.hasPrefix("/") ? "/" : ""
        for name in path.split(separator: "/") {
            place += "\(name)"
            var status = stat()
            if stat(place, &status) != 0 { try body(place) }
            place += "/"
        }
    }
}
