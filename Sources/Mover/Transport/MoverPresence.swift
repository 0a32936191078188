internal import Glibc
internal import Platform

/// The time at which a mover last had its coordinator, in a file beside its socket: another dr learns from it if the
/// mover's run is dead.
package struct MoverPresence: Sendable {
    private let path: String

    /// - Parameter socket: the path of the mover's socket.
    package init(socket: String) { path = "\(socket).seen" }

    /// Begins: the coordinator has just made the mover.
    func begin() throws { try OutputFile.write([], to: path, mode: 0o600, links: .refuse) }

    /// Notes that the coordinator is there now.
    func note() { _ = utimensat(AT_FDCWD, path, nil, 0) }

    /// The whole seconds since the coordinator was last there; nil if there is no mover.
    package var absence: Int? {
        var status = stat()
        var now = timespec()
        guard stat(path, &status) == 0, clock_gettime(CLOCK_REALTIME, &now) == 0 else { return nil }
        return max(0, now.tv_sec - status.st_mtim.tv_sec)
    }
}
