internal import Glibc

/// Owner, mode and time of the root folder of a tree, which no entry of the tree describes.
package struct RootAttributes: Codable, Equatable, Sendable {
    /// Permission bits, `0...0o7777`.
    package var mode: UInt32
    package var uid: UInt32
    package var gid: UInt32
    /// As in ``PackIndex/Member``; absent if the time is not to be set.
    package var mtime: Int?
    package var time: [Int]?

    package init(mode: UInt32, uid: UInt32, gid: UInt32, mtime: Int? = nil, time: [Int]? = nil) {
        (self.mode, self.uid, self.gid, self.mtime, self.time) = (mode, uid, gid, mtime, time)
    }

    /// - Returns: nil if there is no directory at `path`. Links are followed.
    init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
        let modified = FileTime(status.st_mtim)
        self.init(
            mode: status.st_mode & 0o7777, uid: status.st_uid, gid: status.st_gid,
            mtime: modified.nearestNanoseconds, time: modified.pairWhereNeeded)
    }

    var modified: FileTime? { mtime.flatMap { FileTime(mtime: $0, pair: time) } }
}
