internal import FlyingFox
internal import FlyingSocks
internal import Foundation
internal import Synchronization

/// The base of every stand-in: an HTTP server on 127.0.0.1 that validates requests and responses against a contract.
///
/// It can inject faults, and it can stop and start again on the same port, as a restarted server does.
package final class StandInServer: Sendable {
    /// Returns a response in place of the stand-in's, or nil to use the stand-in's.
    package typealias Fault = @Sendable (StandInRequest) -> StandInAnswer?

    package let name: String
    package var port: UInt16 { held.number }
    package var url: String { "http://127.0.0.1:\(port)" }

    private let contract: APIContract?
    private let answer: @Sendable (StandInRequest) async -> StandInAnswer
    /// Reserves the port while the server is stopped.
    private let held: HeldPort
    private let state = Mutex(State())

    private struct State {
        var server: (HTTPServer, Task<Void, any Error>)?
        var fault: Fault?
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

    deinit { state.withLock { $0.server?.1.cancel() } }

    /// The violations of the contract: "request: …" by the client, "answer: …" by the stand-in.
    package var violations: [String] { state.withLock { $0.violations } }

    /// The number of requests, by method and path as sent.
    package var requests: [String: Int] { state.withLock { $0.requests } }

    /// Sets or removes the fault.
    package func fail(_ fault: Fault?) { state.withLock { $0.fault = fault } }

    /// Selects requests that are executed, but whose responses are lost: the client gets the 502 of a gateway.
    package func lose(_ isLost: (@Sendable (StandInRequest) -> Bool)?) { state.withLock { $0.loss = isLost } }

    /// Changes responses after their validation against the contract.
    package func alter(_ change: (@Sendable (StandInRequest, StandInAnswer) -> StandInAnswer)?) {
        state.withLock { $0.alteration = change }
    }

    /// Listens again after ``stop()``, on the same port.
    package func start() async throws {
        let server = HTTPServer(
            config: .init(
                address: try .inet(ip4: "127.0.0.1", port: port),
                timeout: TimeInterval(Patience.long.components.seconds), sharedRequestBufferSize: 64 << 10,
                sharedRequestReplaySize: 256 << 20, pool: PromptSocketPool(), logger: .disabled),
            handler: Handler(serve: { [weak self] request in await self?.serve(request) }))
        let listening = Task { try await Self.wait(for: server) }
        let task = Task {
            // Report a port in use immediately instead of waiting.
            do { try await server.run() } catch {
                listening.cancel()
                throw error
            }
        }
        if case .failure(let error) = await listening.result {
            task.cancel()
            var reason = error
            if error is CancellationError, case .failure(let cause) = await task.result { reason = cause }
            throw LabError("\(name) cannot listen on 127.0.0.1:\(port): \(reason)")
        }
        state.withLock { $0.server = (server, task) }
    }

    /// Waits for the server. Its own wait function can miss the start, so this polls.
    private static func wait(for server: HTTPServer) async throws {
        let deadline = ContinuousClock.now + Patience.long
        while true {
            do {
                return try await server.waitUntilListening(timeout: 0.1)
            } catch {
                guard !Task.isCancelled, ContinuousClock.now < deadline else { throw error }
            }
        }
    }

    /// Closes all connections and stops listening.
    package func stop() async {
        let running = state.withLock { state in
            defer { state.server = nil }
            return state.server
        }
        guard let (server, task) = running else { return }
        await server.stop()
        task.cancel()
        _ = try? await task.value
    }

    private func serve(_ request: StandInRequest) async -> StandInAnswer {
        let (fault, loss, alteration) = state.withLock { state in
            state.requests["\(request.method) \(request.path)", default: 0] += 1
            return (state.fault, state.loss, state.alteration)
        }
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

    private struct Handler: HTTPHandler {
        let serve: @Sendable (StandInRequest) async -> StandInAnswer?

        func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
            var query: [String: String] = [:]
            for item in request.query { query[item.name] = item.value }
            var headers: [String: String] = [:]
            for (name, value) in request.headers { headers[name.rawValue.lowercased()] = value }
            let received = StandInRequest(
                method: request.method.rawValue, path: request.target.path(), query: query, headers: headers,
                body: [UInt8](try await request.bodyData))
            guard let answer = await serve(received) else { return HTTPResponse(statusCode: .serviceUnavailable) }
            var fields = HTTPHeaders()
            for (name, value) in answer.headers { fields[HTTPHeader(name)] = value }
            return HTTPResponse(
                statusCode: HTTPStatusCode(answer.status, phrase: "Stand-in"), headers: fields,
                body: Data(answer.body))
        }
    }
}
