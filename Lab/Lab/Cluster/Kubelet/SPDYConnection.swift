internal import Foundation
internal import Synchronization

/// The server's side of a SPDY/3.1 connection, as clients of Kubernetes use it: without flow control.
final class SPDYConnection: Sendable {
    private let stream: any ByteStream
    private let streams = Mutex<[Int: SPDYStream]>([:])
    /// The thread that writes compresses, so that blocks are sent in the order of their compression.
    private let writer = Mutex(SPDYHeaderWriterBox())

    init(_ stream: any ByteStream) { self.stream = stream }

    /// Reads frames until the client is gone, and then ends all streams.
    /// - Parameter open: receives each stream that the client creates.
    func serve(_ open: (SPDYStream) -> Void) {
        let reader = ExactReader(stream), headers = SPDYHeaderReader()
        while let head = reader.read(8) {
            let word = head[0..<4].reduce(0) { $0 << 8 | Int($1) }, flags = head[4]
            let length = head[5..<8].reduce(0) { $0 << 8 | Int($1) }
            guard let payload = reader.read(length) else { break }
            guard word & 0x8000_0000 != 0 else {
                let target = streams.withLock { $0[word] }
                target?.deliver(payload, isLast: flags & 1 != 0)
                continue
            }
            guard control(word & 0xffff, flags, payload, headers, open) else { break }
        }
        for stream in streams.withLock({ $0.values.map(\.self) }) { stream.deliver([], isLast: true) }
    }

    /// - Returns: false at a frame that ends the connection.
    private func control(
        _ type: Int, _ flags: UInt8, _ payload: [UInt8], _ headers: SPDYHeaderReader, _ open: (SPDYStream) -> Void
    ) -> Bool {
        func number(_ offset: Int) -> Int? {
            guard payload.count >= offset + 4 else { return nil }
            return payload[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) } & 0x7fff_ffff
        }
        guard let id = number(0) else { return true }
        switch type {
        case 1:  // SYN_STREAM
            guard payload.count >= 10, let fields = headers.read(Array(payload[10...])) else { return false }
            let new = SPDYStream(id: id, headers: fields, connection: self)
            streams.withLock { $0[id] = new }
            if flags & 1 != 0 { new.deliver([], isLast: true) }
            reply(to: id)
            open(new)
        case 3:  // RST_STREAM
            streams.withLock { $0.removeValue(forKey: id) }?.deliver([], isLast: true)
        case 6:  // PING
            write([0x80, 3, 0, 6, 0, 0, 0, 4] + payload.prefix(4))
        case 7:  // GOAWAY
            return false
        case 8:  // HEADERS, which the compression needs
            return headers.read(Array(payload.dropFirst(4))) != nil
        default: break
        }
        return true
    }

    private func reply(to id: Int) {
        writer.withLock { box in
            let block = box.writer.emptyBlock()
            _ = stream.send([0x80, 3, 0, 2, 0] + Self.bytes(4 + block.count, 3) + Self.bytes(id, 4) + block)
        }
    }

    /// Sends data of a stream.
    /// - Returns: false if the client is gone.
    func send(_ bytes: ArraySlice<UInt8>, on id: Int, isLast: Bool) -> Bool {
        var rest = bytes
        repeat {
            let piece = rest.prefix(1 << 20)
            rest = rest.dropFirst(piece.count)
            let flags: UInt8 = isLast && rest.isEmpty ? 1 : 0
            guard write(Self.bytes(id, 4) + [flags] + Self.bytes(piece.count, 3) + piece) else { return false }
        } while !rest.isEmpty
        return true
    }

    func reset(_ id: Int) {
        streams.withLock { _ = $0.removeValue(forKey: id) }
        write([0x80, 3, 0, 3, 0, 0, 0, 8] + Self.bytes(id, 4) + Self.bytes(5, 4))
    }

    func forget(_ id: Int) { streams.withLock { _ = $0.removeValue(forKey: id) } }

    func end() { stream.end() }

    @discardableResult
    private func write(_ frame: [UInt8]) -> Bool { stream.send(frame) }

    private static func bytes(_ number: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * (count - 1 - $0))) }
    }
}

private struct SPDYHeaderWriterBox: @unchecked Sendable {
    // Unchecked: only the thread that holds the connection's lock uses it.
    let writer = SPDYHeaderWriter()
}

/// One stream of a SPDY connection.
final class SPDYStream: Sendable {
    let id: Int
    let headers: [String: String]
    private let connection: SPDYConnection
    private struct State {
        var pieces: [[UInt8]] = []
        var hasEnded = false
        var isClosed = false
    }
    private let state = Mutex(State())
    private let arrival = DispatchSemaphore(value: 0)
    /// Limits the data that wait in memory.
    private let space = DispatchSemaphore.permits(256)

    init(id: Int, headers: [String: String], connection: SPDYConnection) {
        self.id = id
        self.headers = headers
        self.connection = connection
    }

    fileprivate func deliver(_ bytes: [UInt8], isLast: Bool) {
        if !bytes.isEmpty {
            space.wait()
            state.withLock { $0.pieces.append(bytes) }
            arrival.signal()
        }
        guard isLast else { return }
        state.withLock { $0.hasEnded = true }
        arrival.signal()
    }

    /// Blocks until data arrive.
    /// - Returns: nil at the end of the stream.
    func receive() -> [UInt8]? {
        while true {
            arrival.wait()
            let next: [UInt8]?? = state.withLock { state in
                if !state.pieces.isEmpty { return .some(state.pieces.removeFirst()) }
                return state.hasEnded ? .some(nil) : nil
            }
            guard let next else { continue }
            if next == nil { arrival.signal() } else { space.signal() }
            return next
        }
    }

    /// - Returns: false if the client is gone, or this side has closed the stream.
    @discardableResult
    func send(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard !state.withLock({ $0.isClosed }) else { return false }
        return connection.send(bytes, on: id, isLast: false)
    }

    /// Ends this side of the stream.
    func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        if isFirst { _ = connection.send([], on: id, isLast: true) }
    }

    func reset() {
        state.withLock { $0.isClosed = true }
        connection.reset(id)
    }
}
