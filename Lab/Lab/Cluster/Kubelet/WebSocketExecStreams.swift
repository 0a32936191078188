internal import Documents

/// The streams of a command in the channels of a WebSocket (`v5.channel.k8s.io`).
final class WebSocketExecStreams: ExecStreams {
    private let socket: WebSocket

    init(_ socket: WebSocket) { self.socket = socket }

    func readInput(_ input: (ArraySlice<UInt8>?) -> Void) {
        var channel: UInt8 = 0
        socket.read { piece, isFirst in
            var content = piece[...]
            if isFirst {
                guard let first = content.popFirst() else { return }
                channel = first
            }
            switch channel {
            case 0: if !content.isEmpty { input(content) }
            case 255: if content.first == 0 { input(nil) }
            default: break  // the size of a terminal
            }
        }
    }

    func send(_ bytes: ArraySlice<UInt8>, on channel: UInt8) -> Bool { socket.send([channel] + bytes) }

    func finish(_ status: JSONValue) {
        socket.send([3] + status.compact)
        socket.close()
    }

    func cut() { socket.end() }
}
