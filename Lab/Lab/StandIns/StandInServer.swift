internal import Foundation
internal import Platform
internal import Synchronization

/// The base of every stand-in: an HTTP server on 127.0.0.1 that validates requests and responses against a contract.
///
/// It can inject faults, and it can stop and start again on the same port, as a restarted server does.
///
/// It answers on private threads: tests that block all threads of the cooperative pool, for example in a request to
/// this server, do not stop it.
package final class StandInServer: Sendable {
    /// Returns a response in place of the stand-in's, or nil to use the stand-in's.
    package typealias Fault = @Sendable (StandInRequest) -> StandInAnswer?

    /// Writes a response that is not one message to the connection, such as a watch or an upgraded connection. It runs on
    /// the connection's own thread.
    /// - Returns: true if the connection can serve another request.
    package typealias Stream = @Sendable (HTTPMessage, LoopbackConnection) -> Bool

    package let name: String
    package var port: UInt16 { held.number }
    package var url: String { "http://127.0.0.1:\(port)" }

    private let contract: APIContract?
    private let answer: @Sendable (StandInRequest) async -> StandInAnswer
    /// Reserves the port while the server is stopped.
    private let held: HeldPort
    private let state = Mutex(State())

    private struct State {
        var server: LoopbackServer?
        var fault: Fault?
        var streams: (@Sendable (StandInRequest) -> Stream?)?
        var translation: (@Sendable (StandInRequest) -> StandInRequest)?
        var loss: (@Sendable (StandInRequest) -> Bool)?
        var alteration: (@Sendable (StandInRequest, StandInAnswer) -> StandInAnswer)?
        var violations: [String] = []
        var requests: [String: Int] = [:]
    }

    /// Starts listening.
    /// - Parameters:
    ///   - port: the port; nil for a free one.
    ///   - contract: nil to skip the validation.
    ///   - answer: the stand-in's handler, which is called from many tasks concurrently.
    package init(
        _ name: String, port: UInt16? = nil, contract: APIContract?,
        answer: @escaping @Sendable (StandInRequest) async -> StandInAnswer
    ) async throws {
        self.name = name
        self.contract = contract
        self.answer = answer
        held = try HeldPort(port ?? 0)
        try await start()
    }

    /// The violations of the contract: "request: …" by the client, "answer: …" by the stand-in.
    package var violations: [String] { state.withLock { $0.violations } }

    /// The number of requests, by method and path as sent.
    package var requests: [String: Int] { state.withLock { $0.requests } }

    /// Sets or removes the fault.
    package func fail(_ fault: Fault?) { state.withLock { $0.fault = fault } }

    /// Selects requests that are executed, but whose responses are lost: the client gets the 502 of a gateway.
    package func lose(_ isLost: (@Sendable (StandInRequest) -> Bool)?) { state.withLock { $0.loss = isLost } }

    /// Changes requests before everything else, for clients that use another form of the API.
    package func translate(_ translation: (@Sendable (StandInRequest) -> StandInRequest)?) {
        state.withLock { $0.translation = translation }
    }

    /// Selects requests whose responses are streams.
    package func stream(_ streams: (@Sendable (StandInRequest) -> Stream?)?) {
        state.withLock { $0.streams = streams }
    }

    /// Changes responses after their validation against the contract.
    package func alter(_ change: (@Sendable (StandInRequest, StandInAnswer) -> StandInAnswer)?) {
        state.withLock { $0.alteration = change }
    }

    /// Listens again after ``stop()``, on the same port.
    package func start() async throws {
        do {
            let server = try LoopbackServer(port: port) { [weak self] connection in
                while let message = connection.readMessage() {
                    guard let self else { return }
                    let isLast = message["connection"]?.lowercased() == "close"
                    guard serve(message, on: connection), !isLast else { return }
                }
            }
            state.withLock { $0.server = server }
        } catch { throw LabError("\(name): \(error)") }
    }

    /// Closes all connections and stops listening.
    package func stop() async { goAway() }

    /// Closes all connections, and refuses others until ``start()``.
    package func goAway() {
        let server = state.withLock { state in
            defer { state.server = nil }
            return state.server
        }
        server?.stop()
    }

    /// Refuses connections for a time.
    package func goAway(for duration: Duration) async throws {
        goAway()
        try await Task.sleep(for: duration)
        try await start()
    }

    private static let threads = BlockingPool(threads: 8)

    /// - Returns: true if the connection can serve another request.
    private func serve(_ message: HTTPMessage, on connection: LoopbackConnection) -> Bool {
        let request = StandInRequest(message)
        let (streams, fault) = state.withLock { ($0.streams, $0.fault) }
        guard let stream = streams?(request), fault?(request) == nil else {
            return connection.send(reply(to: message))
        }
        state.withLock { $0.requests["\(request.method) \(request.path)", default: 0] += 1 }
        note(contract?.violations(request) ?? [], of: "request")
        return stream(message, connection)
    }

    /// Blocks the thread of the connection until the handler has answered.
    private func reply(to message: HTTPMessage) -> [UInt8] {
        let answer = Answer()
        Task(executorPreference: Self.threads) {
            answer.set(await self.serve(StandInRequest(message)))
        }
        return answer.get().bytes(isReplyTo: message.method)
    }

    private final class Answer: Sendable {
        private let value = Mutex<StandInAnswer?>(nil)
        private let isSet = DispatchSemaphore(value: 0)

        func set(_ answer: StandInAnswer) {
            value.withLock { $0 = answer }
            isSet.signal()
        }

        func get() -> StandInAnswer {
            isSet.wait()
            return value.withLock { $0 } ?? .text(500, "")
        }
    }

    private func serve(_ original: StandInRequest) async -> StandInAnswer {
        let (fault, loss, alteration, translation) = state.withLock { state in
            state.requests["\(original.method) \(original.path)", default: 0] += 1
            return (state.fault, state.loss, state.alteration, state.translation)
        }
        let request = translation?(original) ?? original
        note(contract?.violations(request) ?? [], of: "request")
        if let answer = fault?(request) { return answer }
        let answer = await answer(request)
        note(contract?.violations(answer, to: request) ?? [], of: "answer")
        if loss?(request) == true { return .text(502, "Bad Gateway") }
        return alteration?(request, answer) ?? answer
    }

    private func note(_ violations: [String], of side: String) {
        guard !violations.isEmpty else { return }
        state.withLock { $0.violations += violations.map { "\(side): \($0)" } }
    }
}
