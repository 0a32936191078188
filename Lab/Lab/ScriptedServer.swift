internal import Foundation
internal import Synchronization

/// A loopback HTTP server that a test writes line by line: each request gets the next act, and is kept.
///
/// Everything a test checks goes over a real socket, so headers, lengths and signing are the client's own.
package final class ScriptedServer: Sendable {
    package enum Act: Sendable {
        case reply(HTTPMessage)
        /// The message as it stands, then the end of the connection.
        case raw(String)
        /// The head and this many bytes of the body, then a reset.
        case cut(HTTPMessage, after: Int)
        /// The same, then silence.
        case stall(HTTPMessage, after: Int)
        /// The first text at once, then the other again and again, each after this time, until the peer is gone.
        case drip(String, String, every: Duration)
        case reset
        case silence
    }

    private let received: Received
    private let server: LoopbackServer

    private final class Received: Sendable {
        let requests = Mutex<[HTTPMessage]>([])
    }

    /// - Parameter act: what to do about a request; called for one at a time, with its number from 0.
    package init(_ act: @escaping @Sendable (HTTPMessage, Int) -> Act) throws {
        let received = Received()
        self.received = received
        server = try LoopbackServer { connection in
            while let request = connection.readMessage() {
                let next = received.requests.withLock { requests in
                    requests.append(request)
                    return act(request, requests.count - 1)
                }
                guard next.perform(on: connection) else { return }
            }
        }
    }

    /// Requests past the end of the script are reset.
    package convenience init(_ script: [Act]) throws {
        try self.init { _, index in index < script.count ? script[index] : .reset }
    }

    package var url: String { "http://127.0.0.1:\(server.port)" }
    package var port: UInt16 { server.port }
    package var requests: [HTTPMessage] { received.requests.withLock { $0 } }

    package func stop() { server.stop() }
}

extension ScriptedServer.Act {
    /// - Returns: whether the connection goes on.
    fileprivate func perform(on connection: LoopbackConnection) -> Bool {
        switch self {
        case .reply(let message):
            return connection.send(message.bytes)
        case .raw(let text):
            connection.send(text)
        case .cut(let message, let count):
            connection.send([UInt8](message.head.utf8) + message.body.prefix(count))
            connection.reset()
        case .stall(let message, let count):
            connection.send([UInt8](message.head.utf8) + message.body.prefix(count))
            connection.stall()
        case .drip(let start, let drop, let pause):
            connection.send(start)
            while connection.send(drop) { Thread.sleep(forTimeInterval: pause / .seconds(1)) }
        case .reset:
            connection.reset()
        case .silence:
            connection.stall()
        }
        return false
    }
}
