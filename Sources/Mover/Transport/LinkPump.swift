internal import Foundation
internal import Glibc

/// Moves the bytes of a connection through file descriptors. Calls block.
enum LinkPump {
    /// Sends until the connection or the descriptor ends.
    /// - Parameter descriptor: does not block.
    static func send(_ connection: LinkConnection, to descriptor: CInt) {
        while let bytes = connection.output() {
            guard write(bytes, to: descriptor, for: connection) else { break }
        }
        connection.end()
    }

    /// Receives until the connection or the descriptor ends.
    /// - Parameter descriptor: does not block.
    static func receive(_ connection: LinkConnection, from descriptor: CInt) {
        withUnsafeTemporaryAllocation(byteCount: 256 << 10, alignment: 16) { buffer in
            while !connection.hasEnded {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&waiting, 1, 500) > 0 else { continue }
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0, errno == EAGAIN || errno == EINTR { continue }
                guard count > 0 else { break }
                do { try connection.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) } catch { break }
            }
        }
        connection.end()
    }

    private static func write(_ bytes: [UInt8], to descriptor: CInt, for connection: LinkConnection) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var position = 0
            while position < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count > 0 {
                    position += count
                } else if errno == EAGAIN || errno == EINTR {
                    // A reader that takes nothing for long is as good as gone.
                    guard !connection.hasEnded, !connection.isSilent else { return false }
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&waiting, 1, 500)
                } else {
                    return false
                }
            }
            return true
        }
    }
}
