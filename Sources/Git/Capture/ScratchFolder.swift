internal import BackupRepository
internal import FoundationEssentials
internal import Glibc
internal import Platform
internal import SystemPackage

/// A folder for one run's work. It is removed with the object.
final class ScratchFolder {
    let path: String
    private static let mark = "dr-git-work-"

    /// - Parameter folder: the parent folder. Folders that killed runs left there more than a day ago are removed.
    init(in folder: String, run: String) throws {
        path = "\(folder)/\(Self.mark)\(run)"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix(Self.mark) {
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0, status.st_uid == geteuid(),
                time(nil) - status.st_mtim.tv_sec > 86_400
            else { continue }
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
        guard mkdir(path, 0o700) == 0 else {
            throw ComponentError(
                errno == ENOSPC ? .noSpace : .other, operation: "make '\(path)'", Errno.last.description,
                hint: "`state:` in dr.yaml must be a folder that this user may write")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// An advisory lock on a file. It is released with the object.
final class FolderLock {
    private let descriptor: CInt
    let isHeld: Bool

    init(_ file: String) {
        descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        isHeld = descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
