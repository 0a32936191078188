internal import FoundationEssentials
internal import Glibc
internal import Platform

/// The system account of a drill's server. A restore with the wrong owner or mode fails in the drill, as it would on the
/// host.
package struct ServerAccount: Equatable, Sendable {
    package let uid: UInt32
    package let gid: UInt32
    /// The name in the system's table of users; nil for an account without a name.
    package let name: String?

    package init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
        name = getpwuid(uid).map { String(cString: $0.pointee.pw_name) }
    }

    /// - Parameter text: the name of a user, or `UID:GID`.
    /// - Returns: nil if no user has the name.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2, let uid = UInt32(parts[0]), let gid = UInt32(parts[1]) {
            self.init(uid: uid, gid: gid)
        } else if let entry = getpwnam(text) {
            self.init(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
        } else {
            return nil
        }
    }

    /// The owner of a directory; nil if it does not exist.
    package init?(ownerOf directory: String) {
        var status = stat()
        guard stat(directory, &status) == 0 else { return nil }
        self.init(uid: status.st_uid, gid: status.st_gid)
    }

    /// True if this process already runs as this account.
    package var isCurrent: Bool { uid == geteuid() }

    package var description: String { name.map { "\($0) (\(uid))" } ?? "\(uid)" }

    /// The command that runs as this account through util-linux' `setpriv`. Only root may run it.
    func command(_ command: [String]) -> [String] {
        let groups = name == nil ? "--clear-groups" : "--init-groups"
        return ["setpriv", "--reuid=\(uid)", "--regid=\(gid)", groups, "--"] + command
    }

    /// True if the account may enter the directory, through all the directories above it.
    func canEnter(_ directory: String, environment: [String: String]) throws -> Bool {
        let test = command(["test", "-x", directory])
        let program = Program(
            test[0], Array(test.dropFirst()), environment: environment, folder: "/", timeout: .seconds(30))
        return try program.captured().end.status == 0
    }
}

/// The rule by which a drill's server gets its account.
package enum ServerAccountRule: Equatable, Sendable {
    /// The user that runs the drill.
    case caller
    /// The owner of the restored data, as far as the drill may run it and it can enter the directory.
    case owner(of: String)
    /// As configured.
    case fixed(ServerAccount)
}
