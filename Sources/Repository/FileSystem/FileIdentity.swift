internal import Glibc

/// A file as the kernel knows it, whatever path or container leads to it.
package struct FileIdentity: Hashable {
    private var device: UInt
    private var inode: UInt

    /// Nil when there is nothing at `path`. Links are followed.
    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
    }
}
