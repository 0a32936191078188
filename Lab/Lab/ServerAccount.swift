package import Foundation
internal import Glibc
internal import Platform

/// An account without rights that a server or `dr` runs as, so that owner and mode of files matter as they do on a host.
package struct ServerAccount: Equatable, Sendable {
    package let name: String
    package let uid: UInt32
    package let gid: UInt32

    /// The account that the package of a server makes, else `nobody`; nil unless this process is root, who alone may
    /// start programs as another user.
    package static let unprivileged: ServerAccount? =
        geteuid() == 0 ? ["prometheus", "nobody"].lazy.compactMap(ServerAccount.init(named:)).first : nil

    private init?(named name: String) {
        guard let entry = getpwnam(name), entry.pointee.pw_uid != 0 else { return nil }
        self.name = name
        uid = entry.pointee.pw_uid
        gid = entry.pointee.pw_gid
    }

    /// Options of `setpriv` that make it run a program as this account.
    var options: [String] { ["--reuid=\(uid)", "--regid=\(gid)", "--clear-groups"] }

    /// Runs a program to its end as this account.
    /// - Throws: when the program cannot be started. A non-zero status is a result.
    package func run(
        _ executable: String, _ arguments: [String], in folder: URL, environment: [String: String] = [:]
    ) async throws -> CommandRun {
        try await CommandRun.run(
            "/usr/bin/setpriv", options + ["--", executable] + arguments, in: folder, environment: environment)
    }

    /// Gives the account a directory and everything below it.
    package func own(_ directory: URL) async throws {
        let run = try await CommandRun.run("/bin/chown", ["-hR", "\(uid):\(gid)", directory.path])
        guard run.status == 0 else { throw LabError("chown of '\(directory.path)': \(run.errors)") }
    }
}
