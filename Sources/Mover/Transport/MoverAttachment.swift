internal import Foundation
internal import Glibc
internal import Platform
internal import Synchronization

/// Joins standard input and output to a mover's socket: the program that `kubectl exec` runs beside the mover.
package enum MoverAttachment {
    /// Returns when the mover closes the connection, or the input ends.
    package static func run(socket path: String) throws {
        // Its two threads wait in the system, so a cancellation would not end it.
        signal(SIGTERM, SIG_DFL)
        signal(SIGINT, SIG_DFL)
        let socket = try MoverSocket.connect(to: path)
        defer { close(socket) }
        let thread = Thread {
            copy(from: STDIN_FILENO, to: socket)
            shutdown(socket, CInt(SHUT_WR))
        }
        thread.start()
        copy(from: socket, to: STDOUT_FILENO)
        // Ends the thread as well, if it writes.
        shutdown(socket, CInt(SHUT_RDWR))
    }

    private static func copy(from source: CInt, to target: CInt) {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(source, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            guard Descriptor(target).write(Array(buffer[..<count]), patience: -1) == 0 else { return }
        }
    }
}
