internal import FoundationEssentials

/// A channel of messages between the coordinator and a mover, in order, each exactly once, over connections that may
/// break at any byte.
///
/// Each side keeps the messages that the other one has not processed yet, and sends them again after a new connection.
/// Their number and size are limited, so a slow receiver slows the sender, and the memory is bounded. Calls block.
package final class Link: Sendable {
    /// The longest message in bytes.
    package static let longestMessage = 1 << 20

    package struct Limits: Sendable {
        /// Bytes and number of messages that the other side has not processed.
        package var bytes = 8 << 20
        package var messages = 4096
        /// The time after which an idle side sends a sign of life: proxies cut idle connections after a minute.
        package var heartbeat = Duration.seconds(15)
        /// The silence after which a connection counts as broken.
        package var silence = Duration.seconds(60)

        package init() {}
    }

    struct State {
        // Sending
        /// Messages that the other side has not processed, in order.
        var pending: [(number: Int, bytes: [UInt8])] = []
        var pendingBytes = 0
        var lastNumber = 0
        // Receiving
        var inbox: [[UInt8]] = []
        var inboxBytes = 0
        /// The number of the last message received.
        var received = 0
        /// The number of the last message processed.
        var processed = 0
        /// The bytes of messages that were processed and not acknowledged.
        var unacknowledgedBytes = 0
        var lastAcknowledged = ContinuousClock.now
        // The connection
        var generation = 0
        var isConnected = false
        var hasSaidHello = false
        var hasHeardHello = false
        /// The index in ``pending`` of the next message to send.
        var next = 0
        var acknowledged = 0
        var lastHeard = ContinuousClock.now
        var lastSaid = ContinuousClock.now
        /// The time since which there is no connection.
        var lostSince = ContinuousClock.now
        var failure: LinkError?
    }

    package let session: [UInt8]
    let limits: Limits
    let state = Monitor(State())

    /// - Parameter session: 16 random bytes.
    package init(session: [UInt8], limits: Limits = Limits()) {
        self.session = session
        self.limits = limits
    }

    /// Makes the random id of a new link.
    package static func newSession() -> [UInt8] {
        (0..<Hello.sessionSize).map { _ in UInt8.random(in: .min ... .max) }
    }

    // MARK: Messages

    /// Appends a message; waits while the other side has too many to process.
    /// - Parameter waits: false for a short message that the receiving thread sends, which must never wait.
    /// - Throws: ``LinkError`` after the link has ended; `CancellationError`.
    package func send(_ message: [UInt8], waits: Bool = true) throws {
        _ = try state.wait { state -> Void? in
            if let failure = state.failure { throw failure }
            let fits =
                state.pending.isEmpty
                || state.pendingBytes + message.count <= limits.bytes && state.pending.count < limits.messages
            guard fits || !waits else { return nil }
            state.lastNumber += 1
            state.pending.append((state.lastNumber, message))
            state.pendingBytes += message.count
            return ()
        }
    }

    /// Returns the next message; waits until there is one.
    /// - Throws: ``LinkError`` after the link has ended and all messages are processed; `CancellationError`.
    package func receive() throws -> [UInt8] {
        let message = try state.wait { state -> [UInt8]? in
            guard !state.inbox.isEmpty else {
                if let failure = state.failure { throw failure }
                return nil
            }
            let message = state.inbox.removeFirst()
            state.inboxBytes -= message.count
            state.processed += 1
            state.unacknowledgedBytes += message.count
            return message
        }
        return message ?? []
    }

    /// Waits until the other side has processed every message that was sent.
    /// - Returns: false if it has not after `limit`.
    package func flush(within limit: Duration) throws -> Bool {
        try state.wait(until: .now + limit) { state -> Void? in
            if let failure = state.failure { throw failure }
            return state.pending.isEmpty ? () : nil
        } != nil
    }

    /// Ends the link: waiting calls throw `failure`.
    package func end(_ failure: LinkError) {
        state.change {
            $0.failure = $0.failure ?? failure
            $0.isConnected = false
        }
    }

    package var failure: LinkError? { state.change { $0.failure } }

    /// The time for which there was no connection; zero while there is one.
    package var disconnected: Duration {
        state.change { $0.isConnected ? .zero : ContinuousClock.now - $0.lostSince }
    }

    // MARK: Connections

    /// Begins a connection. An earlier one ends.
    package func connect() -> LinkConnection {
        let generation = state.change { state in
            state.generation += 1
            state.isConnected = state.failure == nil
            (state.hasSaidHello, state.hasHeardHello) = (false, false)
            state.next = 0
            state.acknowledged = 0
            state.lastHeard = .now
            state.lastSaid = .now
            return state.generation
        }
        return LinkConnection(of: self, generation: generation)
    }
}
