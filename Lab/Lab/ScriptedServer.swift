internal import Foundation
internal import Synchronization

/// A loopback HTTP server with scripted responses: each request gets the next one and is recorded.
///
/// Tests use a real socket, so headers, lengths and signatures are those of the client.
package final class ScriptedServer: Sendable {
    package enum Act: Sendable {
        case reply(HTTPMessage)
        /// The unchanged message, then the end of the connection.
        case raw(String)
        /// The head and `after` bytes of the body, then a reset.
        case cut(HTTPMessage, after: Int)
        /// The head and `after` bytes of the body, then no more data.
        case stall(HTTPMessage, after: Int)
        /// The first text immediately, then the second repeatedly at this interval, until the peer closes the
        /// connection.
        case drip(String, String, every: Duration)
        case reset
        case silence
    }

    private let received: Received
    private let server: LoopbackServer

    private final class Received: Sendable {
        let requests = Mutex<[HTTPMessage]>([])
    }

    /// - Parameter act: returns the response to a request. It is called for one request at a time, with its number from
    ///   0.
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

    /// Creates a server from a list of responses. Requests after the end of the list are reset.
    package convenience init(_ script: [Act]) throws {
        try self.init { _, index in index < script.count ? script[index] : .reset }
    }

    package var url: String { "http://127.0.0.1:\(server.port)" }
    package var port: UInt16 { server.port }
    package var requests: [HTTPMessage] { received.requests.withLock { $0 } }

    package func stop() { server.stop() }
}

extension ScriptedServer.Act {
    /// - Returns: true if the connection stays open.
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
