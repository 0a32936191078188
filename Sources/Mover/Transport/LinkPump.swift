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
    /// - Parameters:
    ///   - descriptor: does not block.
    ///   - process: the socket to the process that the descriptor came from: it may end while another one still holds
    ///     the far end of its streams.
    static func receive(_ connection: LinkConnection, from descriptor: CInt, whileOpen process: CInt) {
        withUnsafeTemporaryAllocation(byteCount: 256 << 10, alignment: 16) { buffer in
            while !connection.hasEnded {
                guard let hasInput = hasInput(descriptor, whileOpen: process) else { break }
                guard hasInput else { continue }
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0, errno == EAGAIN || errno == EINTR { continue }
                guard count > 0 else { break }
                do { try connection.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) } catch { break }
            }
        }
        connection.end()
    }

    /// Waits for input, half a second at most.
    /// - Returns: nil if there is none and the process has ended.
    static func hasInput(_ descriptor: CInt, whileOpen process: CInt) -> Bool? {
        var waiting = [descriptor, process].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&waiting, nfds_t(waiting.count), 500) > 0 else { return false }
        if waiting[0].revents != 0 { return true }
        return waiting[1].revents == 0 ? false : nil
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
