internal import CLinux
internal import Glibc

/// Stops the programs of this process if it is killed or crashes, and so cannot do it itself. A small process beside it
/// waits for that. If that process cannot be started, the programs continue, as any child does.
enum Keeper {
    private static let socket = dr_start_keeper()

    /// - Parameter group: the process group of a program that must not outlive this process.
    static func keep(_ group: pid_t) { tell(group) }

    /// Forgets a group. Call it before the group's leader is reaped: afterwards another process may get the number.
    static func letGo(_ group: pid_t) { tell(-group) }

    private static func tell(_ word: pid_t) {
        withUnsafeBytes(of: word) { _ = send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
    }
}
