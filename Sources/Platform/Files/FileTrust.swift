internal import Glibc

/// The check that no other user could have written a file that the program follows: the configuration, plans, keys.
package enum FileTrust {
    package enum Content: Sendable {
        /// Other users may read it.
        case readable
        /// A private key: other users may not read it either.
        case privateKey
    }

    /// Returns the reason not to use a file, and the advice; nil if it can be used or does not exist.
    ///
    /// Root and this user may own it. A link counts as what it points to.
    package static func complaint(about path: String, _ content: Content = .readable) -> (
        message: String, hint: String
    )? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let isMine = status.st_uid == geteuid()
        guard isMine || status.st_uid == 0 else {
            return (
                "belongs to user \(status.st_uid), who may change it, not to root or this user",
                "check its content, then run `chown \(geteuid()) '\(path)'`"
            )
        }
        // A user's private group, which many systems create with the user, has no other members.
        let isPrivateGroup = status.st_gid == status.st_uid && status.st_uid != 0
        if status.st_mode & (isPrivateGroup ? 0o002 : 0o022) != 0 {
            return (
                "can be written by other users (mode \(String(status.st_mode & 0o7777, radix: 8)))",
                "check its content, then run `chmod go-w '\(path)'`"
            )
        }
        // Where root provides the file for this user, such as Kubernetes, its group must be able to read it.
        if content == .privateKey, isMine, status.st_mode & 0o044 != 0 {
            return (
                "can be read by other users (mode \(String(status.st_mode & 0o7777, radix: 8)))",
                "run `chmod 600 '\(path)'`, or use a copy of that mode"
            )
        }
        return folderComplaint(path)
    }

    /// A folder that others may write to lets them replace the file, except in sticky ones such as /tmp, and on a mount
    /// that is read-only: Kubernetes mounts ConfigMaps so, with a folder of mode 777.
    private static func folderComplaint(_ path: String) -> (message: String, hint: String)? {
        guard let slash = path.lastIndex(of: "/") else { return folderComplaint("./\(path)") }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        var status = stat()
        guard stat(folder, &status) == 0 else { return nil }
        let isForeign = status.st_uid != 0 && status.st_uid != geteuid()
        guard isForeign || status.st_mode & 0o002 != 0 && status.st_mode & S_ISVTX == 0 else { return nil }
        if !isForeign, isReadOnly(folder) { return nil }
        return (
            "is in '\(folder)', where other users can replace it",
            "move it to a folder that only this user can write to"
        )
    }

    private static func isReadOnly(_ folder: String) -> Bool {
        var system = statvfs()
        return statvfs(folder, &system) == 0 && system.f_flag & UInt(ST_RDONLY) != 0
    }
}
