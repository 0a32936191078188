internal import Synchronization

/// A stream of bytes in both directions. One thread reads, others may write.
protocol ByteStream: Sendable {
    /// Blocks until bytes arrive.
    /// - Returns: nil at the end of the stream.
    func receive() -> [UInt8]?
    /// - Returns: false if the stream is closed.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool
    /// Ends the stream in both directions, also for a thread that waits in it.
    func end()
}

/// A connection as a stream, whose writes do not mix.
final class ConnectionStream: ByteStream {
    let connection: LoopbackConnection
    private let writing = Mutex(())

    init(_ connection: LoopbackConnection) { self.connection = connection }

    func receive() -> [UInt8]? { connection.receive() }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { writing.withLock { _ in connection.send(bytes) } }

    func end() { connection.shutDown() }
}

/// Reads exact numbers of bytes from a stream. One thread uses it.
final class ExactReader {
    private let stream: any ByteStream
    private var buffer: [UInt8] = []
    private var position = 0

    init(_ stream: any ByteStream) { self.stream = stream }

    /// - Returns: nil if the stream ends first.
    func read(_ count: Int) -> [UInt8]? {
        while buffer.count - position < count {
            guard let more = stream.receive() else { return nil }
            if position > 0 {
                buffer.removeFirst(position)
                position = 0
            }
            buffer += more
        }
        defer { position += count }
        return Array(buffer[position..<(position + count)])
    }
}
