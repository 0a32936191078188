internal import FlyingFox
internal import FlyingSocks
internal import Foundation

/// Sends every piece of an answer at once. Headers and body go out in two writes, and the second would wait for the
/// client's delayed acknowledgement of the first: forty milliseconds on each request of a connection but the first.
struct PromptSocketPool: AsyncSocketPool {
    private let pool: any AsyncSocketPool = HTTPServer.defaultPool()

    func prepare() async throws { try await pool.prepare() }
    func run() async throws { try await pool.run() }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        // The listening socket comes by here first, and what it accepts inherits the option.
        try? socket.setValue(true, for: BoolSocketOption(level: CInt(IPPROTO_TCP), name: TCP_NODELAY))
        try await pool.suspendSocket(socket, untilReadyFor: events)
    }
}
