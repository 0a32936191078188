internal import FlyingFox
internal import FlyingSocks
internal import Foundation

/// A socket pool without Nagle's algorithm.
///
/// The server sends headers and body in two writes. The second would wait for the client's delayed acknowledgement of
/// the first: forty milliseconds for each request of a connection except the first.
struct PromptSocketPool: AsyncSocketPool {
    private let pool: any AsyncSocketPool = HTTPServer.defaultPool()

    func prepare() async throws { try await pool.prepare() }
    func run() async throws { try await pool.run() }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        // The listening socket is added first, and accepted sockets inherit the option.
        try? socket.setValue(true, for: BoolSocketOption(level: CInt(IPPROTO_TCP), name: TCP_NODELAY))
        try await pool.suspendSocket(socket, untilReadyFor: events)
    }
}
