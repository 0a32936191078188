internal import Glibc

/// An open file descriptor, which is written with `write(2)`.
package struct Descriptor: Sendable {
    private let number: CInt

    package init(_ number: CInt) { self.number = number }

    /// Writes all of `bytes`.
    /// - Parameter patience: the wait in milliseconds for a non-blocking descriptor that accepts no more; -1 for no
    ///   limit.
    /// - Returns: 0, or the error number.
    package func write(_ bytes: [UInt8], patience: CInt) -> CInt {
        bytes.withUnsafeBytes { bytes in
            var position = 0
            while position < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
                let count = Glibc.write(number, rest.baseAddress, rest.count)
                if count >= 0 {
                    position += count
                } else if errno == EAGAIN {
                    var waiting = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
                    let ready = poll(&waiting, 1, patience)
                    guard ready > 0 || ready < 0 && errno == EINTR else { return EAGAIN }
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }

    /// Opens `/dev/null` for each standard stream that was closed when the program started.
    ///
    /// The next file to be opened would otherwise become standard output or standard error, and receive their text.
    /// Call it before any file is opened.
    package static func holdStandardStreams() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 && errno == EBADF {
            _ = open("/dev/null", O_RDWR)  // open uses the lowest free number: this one
        }
    }
}
