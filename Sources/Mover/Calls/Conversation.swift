internal import FoundationEssentials
package import Platform

/// Calls in both directions over one link.
package final class Conversation: Sendable {
    /// Answers the calls of the other side, each on a separate thread, which may block.
    package protocol Answering: Sendable {
        /// - Parameter request: data from outside, as JSON.
        /// - Throws: any error; the other side gets it.
        func answer(_ request: [UInt8], _ call: Call, in conversation: Conversation) async throws
    }

    /// The side that began the link numbers its calls evenly.
    package enum Side: UInt32, Sendable { case coordinator = 0, mover = 1 }

    private struct State {
        var calls: [UInt32: Call] = [:]
        /// The calls of the other side that are being answered.
        var answers: [UInt32: Task<Void, Never>] = [:]
        var next: UInt32
        var failure: (any Error)?
    }

    /// The number of calls of the other side that are answered at the same time.
    private static let mostAnswers = 32

    package let link: Link
    private let side: Side
    private let answering: any Answering
    private let pool: BlockingPool
    private let state: Monitor<State>

    /// - Parameter pool: the threads that answer.
    package init(on link: Link, as side: Side, answering: any Answering, pool: BlockingPool) {
        self.link = link
        self.side = side
        self.answering = answering
        self.pool = pool
        state = Monitor(State(next: side.rawValue))
        DetachedThread.start { [self] in run() }
    }

    // MARK: Calls of this side

    /// Makes a call. `body` gets it while it lasts.
    package func call<Value>(_ request: some Encodable, _ body: (Call) throws -> Value) throws -> Value {
        let call = try open(request)
        defer { close(call) }
        do { return try body(call) } catch {
            if !(error is CallFailure), !(error is LinkError) { call.fail(error) }
            throw error
        }
    }

    /// Begins a call; the caller ends it with ``close(_:)``.
    package func open(_ request: some Encodable) throws -> Call {
        let body = Array(try JSONEncoder().encode(request))
        guard body.count <= CallMessage.longestBody else {
            throw CallFailure(reasonCode: "mover_failed", "the request is longer than \(CallMessage.longestBody) bytes")
        }
        let call = try state.change { state in
            if let failure = state.failure { throw failure }
            let call = Call(state.next, on: link)
            state.next &+= 2
            state.calls[call.number] = call
            return call
        }
        do { try link.send(CallMessage.encode(.open, of: call.number, body.span.bytes)) } catch {
            close(call)
            throw error
        }
        return call
    }

    package func close(_ call: Call) {
        state.change { _ = $0.calls.removeValue(forKey: call.number) }
    }

    // MARK: The other side

    /// Receives until the link ends. Never waits for a call.
    private func run() {
        do {
            while true { try take(try CallMessage(try link.receive())) }
        } catch {
            let failure = error as? LinkError ?? LinkError(.malformed, "\(error)")
            link.end(failure)
            let (calls, answers) = state.change { state in
                state.failure = failure
                return (Array(state.calls.values), Array(state.answers.values))
            }
            for call in calls { call.end(with: failure) }
            for answer in answers { answer.cancel() }
        }
    }

    private func take(_ message: CallMessage) throws(LinkError) {
        guard message.kind == .open else {
            // Messages of a call that has ended may still arrive.
            guard let call = state.change({ $0.calls[message.call] }) else { return }
            try call.take(message)
            if message.kind == .failed { state.change { $0.answers[message.call]?.cancel() } }
            return
        }
        guard message.call & 1 != side.rawValue else { throw LinkError(.malformed, "a call with a wrong number") }
        let call = Call(message.call, on: link)
        let isFree = state.change { state in
            guard state.calls[message.call] == nil else { return nil as Bool? }
            guard state.answers.count < Self.mostAnswers else { return false }
            state.calls[message.call] = call
            state.answers[message.call] = Task(executorPreference: pool) { [self] in
                await answer(Array(message.body), call)
            }
            return true
        }
        guard let isFree else { throw LinkError(.malformed, "two calls with one number") }
        if !isFree { call.fail(CallFailure(reasonCode: "mover_failed", "too many calls at once")) }
    }

    private func answer(_ request: [UInt8], _ call: Call) async {
        do { try await answering.answer(request, call, in: self) } catch { call.fail(error) }
        state.change { state in
            state.answers[call.number] = nil
            state.calls[call.number] = nil
        }
    }
}
