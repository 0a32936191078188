internal import FoundationEssentials
internal import Glibc

/// Moves the bytes of a connection through file descriptors. Calls block.
enum LinkPump {
    /// Sends until the connection or the descriptor ends.
    /// - Parameter descriptor: does not block.
    static func send(_ connection: LinkConnection, to descriptor: CInt) {
        while let pieces = connection.output() {
            guard write(pieces, to: descriptor, for: connection) else { break }
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

    private static func write(_ pieces: [[UInt8]], to descriptor: CInt, for connection: LinkConnection) -> Bool {
        var output = GatheredOutput(pieces)
        while !output.isEmpty {
            if output.write(to: descriptor) > 0 { continue }
            guard errno == EAGAIN || errno == EINTR else { return false }
            // A reader that takes nothing for long is as good as gone.
            guard !connection.hasEnded, !connection.isSilent else { return false }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&waiting, 1, 500)
        }
        return true
    }
}

/// Pieces that are written with one call each time, without a copy.
struct GatheredOutput {
    private var pieces: ArraySlice<[UInt8]>
    /// The bytes of the first piece that were written.
    private var position = 0

    init(_ pieces: [[UInt8]]) { self.pieces = pieces.filter { !$0.isEmpty }[...] }

    var isEmpty: Bool { pieces.isEmpty }

    /// - Returns: the bytes written; as `writev` otherwise, with the reason in `errno`.
    mutating func write(to descriptor: CInt) -> Int {
        var vectors: [iovec] = []
        let count = Self.withVectors(of: pieces.prefix(Self.most), from: position, &vectors) { vectors in
            writev(descriptor, vectors, CInt(vectors.count))
        }
        guard count > 0 else { return count }
        position += count
        while let first = pieces.first, position >= first.count {
            position -= first.count
            pieces.removeFirst()
        }
        return count
    }

    /// The kernel takes up to 1,024 pieces.
    private static let most = 64

    /// Nests one borrow of a piece's bytes in another, so that all stay valid for `body`.
    private static func withVectors(
        of pieces: ArraySlice<[UInt8]>, from position: Int, _ vectors: inout [iovec], _ body: ([iovec]) -> Int
    ) -> Int {
        guard let piece = pieces.first else { return body(vectors) }
        return piece.withUnsafeBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            // Declared mutable, but the kernel only reads it.
            vectors.append(iovec(iov_base: UnsafeMutableRawPointer(mutating: rest.baseAddress), iov_len: rest.count))
            return withVectors(of: pieces.dropFirst(), from: 0, &vectors, body)
        }
    }
}
