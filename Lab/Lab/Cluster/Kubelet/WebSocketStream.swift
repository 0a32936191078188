internal import Foundation
internal import Synchronization

/// A stream in the binary messages of a WebSocket, as kubectl tunnels one.
final class WebSocketStream: ByteStream {
    private let socket: WebSocket
    private let received = Mutex<(pieces: [[UInt8]], hasEnded: Bool)>(([], false))
    private let arrival = DispatchSemaphore(value: 0)
    private let space = DispatchSemaphore.permits(64)

    init(_ socket: WebSocket) {
        self.socket = socket
        Thread { [self] in
            socket.read { piece, _ in
                space.wait()
                received.withLock { $0.pieces.append(piece) }
                arrival.signal()
            }
            received.withLock { $0.hasEnded = true }
            arrival.signal()
        }.start()
    }

    func receive() -> [UInt8]? {
        while true {
            arrival.wait()
            let piece: [UInt8]?? = received.withLock { state in
                if !state.pieces.isEmpty { return .some(state.pieces.removeFirst()) }
                return state.hasEnded ? .some(nil) : nil
            }
            guard let piece else { continue }
            if piece == nil { arrival.signal() } else { space.signal() }
            if piece?.isEmpty == true { continue }
            return piece
        }
    }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { socket.send(bytes) }

    func end() {
        socket.close()
        socket.end()
    }
}
