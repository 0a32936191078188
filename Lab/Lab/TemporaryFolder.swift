package import Foundation

/// A folder in the system's temporary directory that is removed when the object is released.
package final class TemporaryFolder: Sendable {
    package let url: URL
    package var path: String { url.path }

    package init(_ purpose: String = "lab") throws {
        url = FileManager.default.temporaryDirectory.appending(path: "dr-\(purpose)-\(UUID().uuidString.prefix(13))")
        // Independent of the umask, because servers with other accounts use the folder.
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
        guard FileManager.default.fileExists(atPath: path) else { return }
        // Foundation stops at paths that are longer than the system accepts; rm(1) does not.
        let removal = Process()
        removal.executableURL = URL(filePath: "/bin/rm")
        removal.arguments = ["-rf", path]
        do { try removal.run() } catch { return }
        removal.waitUntilExit()
    }
}
