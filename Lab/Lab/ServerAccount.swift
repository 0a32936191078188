package import Foundation
internal import Glibc
internal import Platform

/// An unprivileged account for a server or `dr`, so that owners and modes of files matter as on a host.
package struct ServerAccount: Equatable, Sendable {
    package let name: String
    package let uid: UInt32
    package let gid: UInt32

    /// The account from a server's package, otherwise the account `nobody`. Nil if this process is not root, because
    /// only root can start programs as another user.
    package static let unprivileged: ServerAccount? =
        geteuid() == 0 ? ["prometheus", "nobody"].lazy.compactMap(ServerAccount.init(named:)).first : nil

    private init?(named name: String) {
        guard let entry = getpwnam(name), entry.pointee.pw_uid != 0 else { return nil }
        self.name = name
        uid = entry.pointee.pw_uid
        gid = entry.pointee.pw_gid
    }

    /// The options of `setpriv` to run a program as this account.
    var options: [String] { ["--reuid=\(uid)", "--regid=\(gid)", "--clear-groups"] }

    /// Runs a program to its end as this account.
    /// - Throws: an error if the program cannot be started. A non-zero status is a result.
    package func run(
        _ executable: String, _ arguments: [String], in folder: URL, environment: [String: String] = [:]
    ) async throws -> CommandRun {
        try await CommandRun.run(
            "/usr/bin/setpriv", options + ["--", executable] + arguments, in: folder, environment: environment)
    }

    /// Makes the account the owner of a directory and everything below it.
    package func own(_ directory: URL) async throws {
        let run = try await CommandRun.run("/bin/chown", ["-hR", "\(uid):\(gid)", directory.path])
        guard run.status == 0 else { throw LabError("chown of '\(directory.path)': \(run.errors)") }
    }
}
