internal import Glibc

/// Size and time of a file or folder; a link is not followed.
package struct FileFacts {
    /// Bytes.
    package var size: Int
    /// Seconds since 1970 of the last change of the content.
    package var modified: Int

    /// - Returns: nil if the path cannot be examined.
    package init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        size = Int(clamping: status.st_size)
        modified = Int(clamping: status.st_mtim.tv_sec)
    }
}
