internal import Foundation
internal import Glibc

/// The owner and modes that a kubelet gives a volume for `fsGroup` (pkg/volume/volume_linux.go of Kubernetes).
struct VolumeOwnership {
    var group: UInt32
    var isReadOnly = false
    /// True for `fsGroupChangePolicy: OnRootMismatch`.
    var isOnlyOnMismatch = false

    /// Changes the volume's content, and its root last.
    func apply(to root: String) {
        if isOnlyOnMismatch, rootMatches(root) { return }
        change(root)
    }

    private func rootMatches(_ root: String) -> Bool {
        var info = stat()
        guard stat(root, &info) == 0, info.st_gid == group else { return false }
        let needed: mode_t = (isReadOnly ? 0o440 : 0o660) | 0o110
        return info.st_mode & needed == needed && info.st_mode & mode_t(S_ISGID) != 0
    }

    private func change(_ path: String) {
        var info = stat()
        guard lstat(path, &info) == 0 else { return }
        let type = info.st_mode & S_IFMT
        if type == S_IFDIR {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
                change("\(path)/\(name)")
            }
        }
        lchown(path, uid_t.max, group)
        guard type != S_IFLNK else { return }
        var mask: mode_t = isReadOnly ? 0o440 : 0o660
        if type == S_IFDIR { mask |= mode_t(S_ISGID) | 0o110 }
        chmod(path, info.st_mode & 0o7777 | mask)
    }
}
