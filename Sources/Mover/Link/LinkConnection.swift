internal import FoundationEssentials
internal import Synchronization

/// One connection of a link: takes the bytes that arrive, and gives the bytes to send. The transport is the caller's.
package final class LinkConnection: Sendable {
    private let link: Link
    private let generation: Int
    private let decoder = Mutex(FrameDecoder())

    init(of link: Link, generation: Int) {
        self.link = link
        self.generation = generation
    }

    // MARK: Receiving

    /// Takes bytes that arrived, in any pieces.
    /// - Throws: ``LinkError``; the connection is then over.
    package func take(_ bytes: UnsafeRawBufferPointer) throws(LinkError) {
        do {
            let frames = try decoder.withLock { decoder throws(LinkError) in
                var frames: [Frame] = []
                try decoder.take(bytes.bytes, into: &frames)
                return frames
            }
            for frame in frames { try take(frame) }
        } catch {
            end()
            throw error
        }
    }

    private func take(_ frame: Frame) throws(LinkError) {
        let result = link.state.change { state -> Result<Void, LinkError> in
            guard state.generation == generation, state.isConnected else {
                return .failure(state.failure ?? LinkError(.broken, "a newer connection took its place"))
            }
            state.lastHeard = .now
            do throws(LinkError) {
                try process(frame, &state)
                return .success(())
            } catch { return .failure(error) }
        }
        switch result {
        case .success: return
        case .failure(let error):
            if error.reason == .refused { link.end(error) }
            throw error
        }
    }

    private func process(_ frame: Frame, _ state: inout Link.State) throws(LinkError) {
        guard state.hasHeardHello || frame.kind == .hello || frame.kind == .refusal else {
            throw LinkError(.malformed, "the first frame is not a greeting")
        }
        switch frame.kind {
        case .hello:
            guard !state.hasHeardHello else { throw LinkError(.malformed, "a second greeting") }
            guard try Hello(frame.payload).session == link.session else {
                throw LinkError(.refused, "the mover works for another run")
            }
            let first = state.pending.first.map { $0.number - 1 } ?? state.lastNumber
            guard (first...state.lastNumber).contains(frame.number) else {
                throw LinkError(
                    .refused, "the mover has lost its state, or is another one than before",
                    hint: "run the same command again")
            }
            state.hasHeardHello = true
            state.next = frame.number - first
        case .message:
            // A repeated message arrived before the connection broke.
            guard frame.number > state.received else { return }
            guard frame.number == state.received + 1 else {
                throw LinkError(.malformed, "message \(frame.number) arrived after \(state.received)")
            }
            guard state.inbox.isEmpty || state.inboxBytes + frame.payload.count <= 2 * link.limits.bytes,
                state.inbox.count < 2 * link.limits.messages
            else { throw LinkError(.malformed, "more messages arrived than were asked for") }
            state.received += 1
            state.inbox.append(frame.payload)
            state.inboxBytes += frame.payload.count
        case .acknowledgement:
            guard let first = state.pending.first?.number, frame.number >= first else { return }
            let count = frame.number - first + 1
            // Also after a new connection: what was processed needs no second transfer.
            guard count <= state.pending.count else {
                throw LinkError(.malformed, "message \(frame.number) was acknowledged, and was not sent")
            }
            for message in state.pending.prefix(count) { state.pendingBytes -= message.bytes.count }
            state.pending.removeFirst(count)
            state.next = max(0, state.next - count)
        case .ping: return
        case .refusal:
            let reason = String(decoding: frame.payload.prefix(1000), as: UTF8.self)
            throw LinkError(.refused, reason.isEmpty ? "the mover refused the connection" : reason)
        }
    }

    // MARK: Sending

    /// Returns the next bytes to send, in pieces; waits until there are some.
    /// - Returns: nil once the connection is over.
    package func output() -> [[UInt8]]? {
        while true {
            let now = ContinuousClock.now
            let next = try? link.state.wait(until: now + min(link.limits.heartbeat, .seconds(1))) { state in
                self.output(&state)
            }
            switch next {
            case .pieces(let pieces): return pieces
            case .over: return nil
            case nil:
                guard !Task.isCancelled else {
                    end()
                    return nil
                }
            }
        }
    }

    private enum Output {
        case pieces([[UInt8]])
        case over
    }

    private func output(_ state: inout Link.State) -> Output? {
        guard state.generation == generation, state.isConnected else { return .over }
        let now = ContinuousClock.now
        guard now - state.lastHeard <= link.limits.silence else {
            state.isConnected = false
            state.lostSince = now
            return .over
        }
        var pieces: [[UInt8]] = []
        if !state.hasSaidHello {
            state.hasSaidHello = true
            Frame(kind: .hello, number: state.received, payload: Hello(session: link.session).bytes)
                .encode(into: &pieces)
        }
        if state.hasHeardHello {
            let hasMessages = state.next < state.pending.count
            if state.processed > state.acknowledged, hasMessages || isAcknowledgementDue(state, at: now) {
                (state.acknowledged, state.unacknowledgedBytes, state.lastAcknowledged) = (state.processed, 0, now)
                Frame(kind: .acknowledgement, number: state.processed).encode(into: &pieces)
            }
            var count = 0
            while state.next < state.pending.count, count < Self.batch {
                let message = state.pending[state.next]
                Frame(kind: .message, number: message.number, payload: message.bytes).encode(into: &pieces)
                count += message.bytes.count
                state.next += 1
            }
        }
        if pieces.isEmpty, state.hasHeardHello, now - state.lastSaid >= link.limits.heartbeat {
            Frame(kind: .ping, number: 0).encode(into: &pieces)
        }
        guard !pieces.isEmpty else { return nil }
        state.lastSaid = now
        return .pieces(pieces)
    }

    /// An acknowledgement costs each program on the way as much as a message. So it waits until it makes room for a
    /// good part of what the sender may send, or for a tenth of a second.
    private func isAcknowledgementDue(_ state: Link.State, at now: ContinuousClock.Instant) -> Bool {
        state.unacknowledgedBytes >= link.limits.bytes / 4
            || state.processed - state.acknowledged >= link.limits.messages / 4
            || now - state.lastAcknowledged >= .milliseconds(100)
    }

    private static let batch = 256 << 10

    // MARK: The end

    /// Ends the connection; the link waits for another one.
    package func end() {
        link.state.change { state in
            guard state.generation == generation, state.isConnected else { return }
            state.isConnected = false
            state.lostSince = .now
        }
    }

    /// True once the other side has greeted, so that the connection works.
    package var isEstablished: Bool {
        link.state.change { $0.generation == generation && $0.hasHeardHello }
    }

    /// True if the other side gave no sign of life for too long.
    var isSilent: Bool {
        link.state.change { ContinuousClock.now - $0.lastHeard > link.limits.silence }
    }

    package var hasEnded: Bool {
        link.state.change { $0.generation != generation || !$0.isConnected }
    }

    /// The frame that refuses a connection.
    package static func refusal(_ reason: String) -> [UInt8] {
        let frame = Frame(kind: .refusal, number: 0, payload: Array(reason.utf8.prefix(1000)))
        return frame.header + frame.payload
    }

    /// Reads the session of a connection's first frame.
    /// - Returns: nil until the frame is complete.
    package static func session(in bytes: [UInt8]) throws(LinkError) -> [UInt8]? {
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        try decoder.take(bytes.span.bytes, into: &frames)
        guard let frame = frames.first else { return nil }
        guard frame.kind == .hello else { throw LinkError(.malformed, "the first frame is not a greeting") }
        return try Hello(frame.payload).session
    }
}
