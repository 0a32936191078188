internal import CLinux
internal import Glibc
internal import Platform
internal import SystemPackage

/// Hands standard input and output over to a mover: the program that `kubectl exec` runs beside the mover.
package enum MoverAttachment {
    /// Returns when the mover closes the connection.
    package static func run(socket path: String) throws {
        // It waits in the system, so a cancellation would not end it.
        signal(SIGTERM, SIG_DFL)
        signal(SIGINT, SIG_DFL)
        let socket = try MoverSocket.connect(to: path)
        defer { close(socket) }
        // The mover reads and writes the streams itself: no byte passes through this process.
        guard dr_send_descriptors(socket, STDIN_FILENO, STDOUT_FILENO) == 0 else {
            throw LinkError(.broken, "the mover did not accept the streams: \(Errno(rawValue: errno))")
        }
        var byte: UInt8 = 0
        while read(socket, &byte, 1) > 0 || errno == EINTR {}
    }
}
