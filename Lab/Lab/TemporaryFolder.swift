package import Foundation

/// A folder under the system's temporary directory that is removed with its owner.
package final class TemporaryFolder: Sendable {
    package let url: URL
    package var path: String { url.path }

    package init(_ purpose: String = "lab") throws {
        url = FileManager.default.temporaryDirectory.appending(path: "dr-\(purpose)-\(UUID().uuidString.prefix(13))")
        // Whatever the umask: servers with accounts of their own work in it.
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}
