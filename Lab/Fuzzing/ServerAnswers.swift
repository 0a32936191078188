internal import Documents
internal import Foundation
internal import Lab
internal import Synchronization

/// A server whose answers are set for each case. A request gets the answer recorded for its method and path, or the one
/// whose path begins most like it.
final class ServerAnswers: Sendable {
    private let server: LoopbackServer
    private let state: State

    private final class State: Sendable {
        let answers = Mutex<[String: [UInt8]]>([:])
    }

    var url: String { "http://127.0.0.1:\(server.port)" }

    init() throws {
        let state = State()
        self.state = state
        server = try LoopbackServer { connection in
            while let request = connection.readMessage() {
                let name = Self.name(request.method, String(request.target.prefix { $0 != "?" }))
                let body = state.answers.withLock { Self.answer(to: name, in: $0) }
                var answer = HTTPMessage("HTTP/1.1 \(body == nil ? "404 Not Found" : "200 OK")")
                answer.body = request.method == "HEAD" ? [] : body ?? Array("{}".utf8)
                answer.headers = [
                    ("Content-Type", "application/json"), ("Content-Length", "\(answer.body.count)"),
                ]
                guard connection.send(answer.bytes) else { return }
            }
        }
    }

    func set(_ answers: [String: [UInt8]]) { state.answers.withLock { $0 = answers } }

    static func name(_ method: String, _ path: String) -> String { "\(method) \(path)" }

    private static func answer(to name: String, in answers: [String: [UInt8]]) -> [UInt8]? {
        if let exact = answers[name] { return exact }
        let best = answers.keys.sorted().max { $0.commonPrefix(with: name).count < $1.commonPrefix(with: name).count }
        // Less than the method and the first part of the path in common is another request.
        guard let best, best.commonPrefix(with: name).split(separator: "/").count > 2 else { return nil }
        return answers[best]
    }

    // MARK: As one input

    static func input(_ answers: [String: [UInt8]]) -> [UInt8] {
        JSONValue.object(answers.mapValues { .string(String(decoding: $0, as: UTF8.self)) }).compact
    }

    static func answers(of input: [UInt8]) -> [String: [UInt8]] {
        let value = try? JSONValue(parsing: input)
        return (value?.object ?? [:]).mapValues { Array(($0.text ?? "").utf8) }
    }
}

/// Records the answers of a stand-in, which are then the valid inputs.
final class AnswerRecorder: Sendable {
    private let answers = Mutex<[String: [UInt8]]>([:])
    var recorded: [String: [UInt8]] { answers.withLock { $0 } }

    init(of server: StandInServer) {
        server.alter { [self] request, answer in
            if answer.status == 200, answer.body.count < 64 << 10 {
                answers.withLock { $0[ServerAnswers.name(request.method, request.path)] = answer.body }
            }
            return answer
        }
    }
}
