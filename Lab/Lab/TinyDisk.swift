internal import Foundation

/// A very small file system in memory, for tests of full disks as root.
package final class TinyDisk: Sendable {
    private let folder: TemporaryFolder
    package var path: String { folder.path }

    package init(kibibytes: Int) async throws {
        folder = try TemporaryFolder("disk")
        let run = try await CommandRun.run(
            "/bin/mount", ["-t", "tmpfs", "-o", "size=\(kibibytes)k", "tmpfs", folder.path])
        guard run.status == 0 else { throw LabError("mount: \(run.errors)") }
    }

    deinit {
        let unmount = Process()
        unmount.executableURL = URL(filePath: "/bin/umount")
        unmount.arguments = ["--lazy", folder.path]
        do { try unmount.run() } catch { return }
        unmount.waitUntilExit()
    }

    /// True if this process can mount. It is tried once, because being root is not always sufficient.
    package static let isPossible: Bool = {
        guard geteuid() == 0, let folder = try? TemporaryFolder("disk") else { return false }
        let trial = Process()
        trial.executableURL = URL(filePath: "/bin/sh")
        trial.arguments = ["-c", "mount -t tmpfs -o size=64k tmpfs '\(folder.path)' && umount '\(folder.path)'"]
        trial.standardError = FileHandle.nullDevice
        guard (try? trial.run()) != nil else { return false }
        trial.waitUntilExit()
        return trial.terminationStatus == 0
    }()
}
