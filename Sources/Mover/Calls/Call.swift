internal import FoundationEssentials

/// One call of a conversation, at either side: pieces of data in both directions, then one result from each side.
///
/// A side that reads slowly slows the other one: both send a limited number of pieces ahead. Calls block.
package final class Call: Sendable {
    package enum Event {
        case piece(ArraySlice<UInt8>)
        /// The other side's result, as JSON. No piece follows.
        case done([UInt8])
    }

    private struct State {
        var pieces: [ArraySlice<UInt8>] = []
        var result: [UInt8]?
        var failure: (any Error)?
        /// Pieces that this side may send.
        var credit = CallMessage.window
        /// Pieces taken that were not credited yet.
        var taken = 0
        /// Pieces that the other side may still send.
        var room = CallMessage.window
    }

    let number: UInt32
    private let link: Link
    private let state = Monitor(State())

    init(_ number: UInt32, on link: Link) {
        self.number = number
        self.link = link
    }

    // MARK: This side

    /// Sends data, in pieces.
    package func write(_ bytes: RawSpan) throws {
        var position = 0
        while position < bytes.byteCount {
            let end = min(position + CallMessage.longestPiece, bytes.byteCount)
            _ = try state.wait { state -> Void? in
                if let failure = state.failure { throw failure }
                guard state.credit > 0 else { return nil }
                state.credit -= 1
                return ()
            }
            try link.send(CallMessage.encode(.piece, of: number, bytes.extracting(position..<end)))
            position = end
        }
    }

    /// Returns what the other side sent next; waits for it.
    /// - Throws: the other side's ``CallFailure``; ``LinkError``; `CancellationError`.
    package func next() throws -> Event {
        let (event, credit) =
            try state.wait { state -> (Event, Int)? in
                if !state.pieces.isEmpty {
                    let piece = state.pieces.removeFirst()
                    state.taken += 1
                    guard state.taken >= CallMessage.window / 2 else { return (.piece(piece), 0) }
                    defer { state.taken = 0 }
                    state.room += state.taken
                    return (.piece(piece), state.taken)
                }
                if let failure = state.failure { throw failure }
                return state.result.map { (.done($0), 0) }
            } ?? (.done([]), 0)
        if credit > 0 {
            var body: [UInt8] = []
            body.append(bigEndian: UInt32(clamping: credit))
            try link.send(CallMessage.encode(.credit, of: number, body.span.bytes))
        }
        return event
    }

    /// Takes all pieces up to the other side's result.
    package func result(_ take: (ArraySlice<UInt8>) throws -> Void = { _ in }) throws -> [UInt8] {
        while true {
            switch try next() {
            case .piece(let piece): try take(piece)
            case .done(let result): return result
            }
        }
    }

    /// Sends this side's result.
    package func finish(_ result: some Encodable) throws {
        let body = Array(try JSONEncoder().encode(result))
        guard body.count <= CallMessage.longestBody else {
            throw CallFailure(reasonCode: "mover_failed", "the result is longer than \(CallMessage.longestBody) bytes")
        }
        try link.send(CallMessage.encode(.done, of: number, body.span.bytes))
    }

    /// Tells the other side that this side failed or gives up.
    func fail(_ error: any Error) {
        var failure = CallFailure(error)
        failure.detail = String(failure.detail.prefix(100_000))
        guard let body = try? JSONEncoder().encode(failure) else { return }
        try? link.send(CallMessage.encode(.failed, of: number, Array(body).span.bytes), waits: false)
        end(with: error)
    }

    // MARK: The other side

    /// Takes a message of the other side. Never waits.
    /// - Throws: ``LinkError`` `.malformed` if the other side ignores the protocol.
    func take(_ message: CallMessage) throws(LinkError) {
        let isGood = state.change { state in
            switch message.kind {
            case .open: return false
            case .piece:
                guard state.room > 0, state.result == nil, message.body.count <= CallMessage.longestPiece else {
                    return false
                }
                state.room -= 1
                state.pieces.append(message.body)
            case .credit:
                guard message.body.count == 4 else { return false }
                let credit = Int(Array(message.body).bigEndian(UInt32.self, at: 0))
                guard credit <= CallMessage.window - state.credit else { return false }
                state.credit += credit
            case .done:
                guard state.result == nil else { return false }
                state.result = Array(message.body)
            case .failed:
                let failure = try? JSONDecoder().decode(CallFailure.self, from: Data(message.body))
                let isCancelled = failure?.isCancelled ?? false
                state.failure =
                    state.failure
                    ?? (isCancelled
                        ? CancellationError()
                        : failure ?? CallFailure(reasonCode: "mover_failed", "an unreadable error"))
            }
            return true
        }
        guard isGood else { throw LinkError(.malformed, "an unexpected message of a call") }
    }

    func end(with error: any Error) {
        state.change { $0.failure = $0.failure ?? error }
    }
}

extension Call {
    /// Decodes a request or result. It is data from outside.
    package static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: some Collection<UInt8>) throws -> Value {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw LinkError(.malformed, "an unreadable \(type)")
        }
    }
}
