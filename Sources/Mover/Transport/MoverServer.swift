internal import Dispatch
internal import FoundationEssentials
internal import Glibc
package import Platform
internal import Synchronization

/// The process of a mover: waits for its coordinator, answers its calls, and ends by itself when no coordinator has
/// been connected for a while.
package final class MoverServer: Sendable {
    private let path: String
    private let idle: Duration
    private let answering: any Conversation.Answering
    private let limits: Link.Limits
    private let pool: BlockingPool
    private let conversation = Mutex<Conversation?>(nil)

    /// - Parameters:
    ///   - path: the path of the socket.
    ///   - idle: the time without a connection after which the mover ends.
    package init(
        at path: String, idle: Duration, answering: any Conversation.Answering, limits: Link.Limits = Link.Limits(),
        pool: BlockingPool
    ) {
        self.path = path
        self.idle = idle
        self.answering = answering
        self.limits = limits
        self.pool = pool
    }

    /// Returns when the coordinator has ended the link, or is away for too long. Blocks.
    package func run() throws {
        let socket = try MoverSocket(listeningAt: path)
        let began = ContinuousClock.now
        let presence = MoverPresence(socket: path)
        try presence.begin()
        defer { conversation.withLock { $0?.link.end(LinkError(.closed, "the mover ends")) } }
        while true {
            try Task.checkCancellation()
            if let streams = socket.accept(within: 500) { DetachedThread.start { [self] in serve(streams) } }
            guard let link = conversation.withLock({ $0?.link }) else {
                guard ContinuousClock.now - began < idle else { return }
                continue
            }
            if link.failure != nil { return }
            if link.disconnected == .zero { presence.note() }
            if link.disconnected > idle {
                return link.end(LinkError(.lost, "the coordinator was away for \(idle)"))
            }
        }
    }

    /// Serves one connection to its end.
    private func serve(_ streams: MoverStreams) {
        defer { streams.close() }
        guard let (greeting, session) = greeting(of: streams) else { return }
        guard let link = link(for: session) else {
            _ = Descriptor(streams.output).write(
                LinkConnection.refusal("the mover works for another run"), patience: 1000)
            return
        }
        let connection = link.connect()
        guard (try? greeting.withUnsafeBytes({ try connection.take($0) })) != nil else { return }
        let sent = DispatchSemaphore(value: 0)
        DetachedThread.start {
            LinkPump.send(connection, to: streams.output)
            sent.signal()
        }
        LinkPump.receive(connection, from: streams.input, whileOpen: streams.process)
        sent.wait()
    }

    /// Reads up to the first frame of a connection.
    /// - Returns: nil if it is not a greeting, or does not come.
    private func greeting(of streams: MoverStreams) -> (bytes: [UInt8], session: [UInt8])? {
        var bytes: [UInt8] = []
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline, bytes.count <= 4096 {
            guard let hasInput = LinkPump.hasInput(streams.input, whileOpen: streams.process) else { return nil }
            guard hasInput else { continue }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { read(streams.input, $0.baseAddress, $0.count) }
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            do throws(LinkError) {
                if let session = try LinkConnection.session(in: bytes) { return (bytes, session) }
            } catch { return nil }
        }
        return nil
    }

    /// Returns the link of a session; the first session is the only one.
    private func link(for session: [UInt8]) -> Link? {
        conversation.withLock { conversation in
            if let link = conversation?.link { return link.session == session ? link : nil }
            let link = Link(session: session, limits: limits)
            conversation = Conversation(on: link, as: .mover, answering: answering, pool: pool)
            return link
        }
    }
}
