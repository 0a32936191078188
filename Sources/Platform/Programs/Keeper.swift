internal import CLinux
internal import Glibc

/// Ends the programs of this process when it is killed or crashes, and so cannot do it itself. A small process beside it
/// waits for that; where there can be none, the programs run on, as any child does.
enum Keeper {
    private static let socket = dr_start_keeper()

    /// - Parameter group: of a program that is not to outlive this process.
    static func keep(_ group: pid_t) { tell(group) }

    /// Call it before the group's leader is reaped: from then on its number may be another's.
    static func letGo(_ group: pid_t) { tell(-group) }

    private static func tell(_ word: pid_t) {
        withUnsafeBytes(of: word) { _ = send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
    }
}
