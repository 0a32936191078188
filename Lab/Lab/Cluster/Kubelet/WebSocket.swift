internal import Foundation
internal import Synchronization

/// The server's side of a WebSocket (RFC 6455) on a connection whose request was read.
final class WebSocket: Sendable {
    private let stream: ConnectionStream
    private let hasClosed = Mutex(false)

    /// Accepts the client's request.
    /// - Parameter protocols: the protocols that the server speaks.
    /// - Returns: nil if the request is not a WebSocket's, or offers none of the protocols. It was answered then.
    init?(_ request: HTTPMessage, on connection: LoopbackConnection, protocols: [String]) {
        stream = ConnectionStream(connection)
        let offered = request.headers.filter { $0.name.lowercased() == "sec-websocket-protocol" }
            .flatMap { $0.value.split(separator: ",") }.map { $0.trimmingCharacters(in: .whitespaces) }
        guard let key = request["sec-websocket-key"], let chosen = protocols.first(where: offered.contains) else {
            connection.send(HTTPMessage.response(400, [], "unsupported protocol").bytes)
            return nil
        }
        let accept = SHA1.digest(Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
        let answer = HTTPMessage(
            "HTTP/1.1 101 Switching Protocols",
            headers: [
                (name: "Upgrade", value: "websocket"), (name: "Connection", value: "Upgrade"),
                (name: "Sec-WebSocket-Accept", value: Data(accept).base64EncodedString()),
                (name: "Sec-WebSocket-Protocol", value: chosen),
            ])
        connection.send(answer.bytes)
    }

    /// Reads the client's messages until it closes the socket. One thread calls it, once.
    /// - Parameter take: receives the pieces of a message in order; `isFirst` marks the start of a message.
    func read(_ take: (_ piece: [UInt8], _ isFirst: Bool) -> Void) {
        let reader = ExactReader(stream)
        while let head = reader.read(2) {
            let operation = head[0] & 0x0f, isMasked = head[1] & 0x80 != 0
            guard let count = Self.length(head[1] & 0x7f, reader), count <= 64 << 20,
                let mask = isMasked ? reader.read(4) : [0, 0, 0, 0], var payload = reader.read(count)
            else { return }
            if isMasked { Self.unmask(&payload, mask) }
            switch operation {
            case 0: take(payload, false)
            case 1, 2: take(payload, true)
            case 8:
                close(Array(payload.prefix(2)))
                return
            case 9: write(10, payload)
            default: break
            }
        }
    }

    /// Sends a binary message.
    /// - Returns: false if the connection is closed.
    @discardableResult
    func send(_ payload: [UInt8]) -> Bool { write(2, payload) }

    /// Sends the closing frame, once.
    /// - Parameter code: the two bytes of its code; 1000 for a normal end.
    func close(_ code: [UInt8] = [0x03, 0xe8]) {
        let isFirst = hasClosed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        if isFirst { write(8, code) }
    }

    /// Ends the connection without a closing frame.
    func end() { stream.end() }

    @discardableResult
    private func write(_ operation: UInt8, _ payload: [UInt8]) -> Bool {
        var frame: [UInt8] = [0x80 | operation]
        switch payload.count {
        case ..<126: frame.append(UInt8(payload.count))
        case ..<65536: frame += [126, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
        default:
            frame.append(127)
            frame += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        return stream.send(frame + payload)
    }

    private static func length(_ short: UInt8, _ reader: ExactReader) -> Int? {
        guard short >= 126 else { return Int(short) }
        guard let bytes = reader.read(short == 126 ? 2 : 8), bytes[0] < 0x80 || short == 126 else { return nil }
        return bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    private static func unmask(_ payload: inout [UInt8], _ mask: [UInt8]) {
        let pattern = mask + mask
        payload.withUnsafeMutableBytes { bytes in
            let word = pattern.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
            var position = 0
            while position + 8 <= bytes.count {
                let value = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                bytes.storeBytes(of: value ^ word, toByteOffset: position, as: UInt64.self)
                position += 8
            }
            while position < bytes.count {
                bytes[position] ^= pattern[position & 3]
                position += 1
            }
        }
    }
}
