import Foundation
import HTTP
import Lab
import Platform
import Testing

/// Peers that are never silent for long and never finish: without a limit each of these requests would run for ever.
@Suite(.timeLimit(.minutes(10))) struct SlowPeerTests {
    /// The requests block for seconds, which other tests must not wait for.
    private static let pool = BlockingPool(threads: 10)
    private static let step = Duration.milliseconds(40)
    private static let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"

    static let drips: [(ScriptedServer.Act, HTTPError.Reason, String)] = [
        (.drip(head, "x", every: step), .stalled, "fewer than 400 bytes"),
        (.drip("HTTP/1.1 200 OK\r\n", "A:\r\n", every: .milliseconds(200)), .stalled, "fewer than 400 bytes"),
        (.drip("HTTP/1.1 200 OK\r\nX-Long: ", "x", every: step), .stalled, "nothing moved"),
        (.drip("", "HTTP/1.1 103 Early Hints\r\n\r\n", every: .milliseconds(1)), .aborted, "does not stop"),
        (
            .drip("HTTP/1.1 200 OK\r\n", "X: \(String(repeating: "x", count: 9000))\r\n", every: .zero), .aborted,
            "not stop"
        ),
    ]

    private func client(_ change: (inout HTTPOptions) -> Void = { _ in }) -> HTTPClient {
        var options = HTTPOptions()
        // Many times the pause between two drips, which is longer on a busy machine.
        options.stallTimeout = .seconds(4)
        change(&options)
        return HTTPClient(options)
    }

    @Test(arguments: drips)
    func `an answer that trickles is given up`(
        act: ScriptedServer.Act, reason: HTTPError.Reason, words: String
    ) async throws {
        try await Self.pool.run {
            let server = try ScriptedServer([act])
            let error = #expect(throws: HTTPError.self) {
                try client().perform(HTTPRequest("GET", server.url)) { _, _ in }
            }
            #expect(error?.reason == reason && error?.detail.contains(words) == true, "\(String(describing: error))")
        }
    }

    @Test func `a patient request is as impatient once its answer has begun`() async throws {
        try await Self.pool.run {
            let server = try ScriptedServer([.drip(Self.head, "x", every: Self.step)])
            let patient = HTTPRequest("GET", server.url, stallTimeout: .seconds(3600))
            let error = #expect(throws: HTTPError.self) { try client().perform(patient) { _, _ in } }
            #expect(error?.reason == .stalled)
        }
    }

    @Test func `a document has a time to be complete in`() async throws {
        try await Self.pool.run {
            let server = try ScriptedServer([.drip(Self.head, String(repeating: "x", count: 100), every: Self.step)])
            var request = HTTPRequest("GET", server.url)
            request.answerTimeout = .milliseconds(900)
            let error = #expect(throws: HTTPError.self) { try client { $0.leastRate = 0 }.send(request) }
            #expect(error?.detail.contains("not complete") == true, "\(String(describing: error))")
        }
    }

    @Test(arguments: ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"])
    func `interim answers do not renew the deadline of a request`(interim: String) async throws {
        try await Self.pool.run {
            let server = try ScriptedServer([.drip("", interim, every: .milliseconds(200))])
            var request = HTTPRequest("POST", server.url, body: .text("metrics"))
            request.answerTimeout = .milliseconds(900)
            request.totalTimeout = .milliseconds(1500)
            let clock = ContinuousClock.now
            let error = #expect(throws: HTTPError.self) { try client().send(request) }
            #expect(error?.reason == .stalled, "\(String(describing: error))")
            #expect(error?.detail.contains("not complete after 1.5") == true, "\(String(describing: error))")
            // The hundred interim answers that a client accepts would take 20 seconds.
            #expect(.now - clock < .seconds(10))
        }
    }

    @Test func `a busy server that says so with spaces is waited for`() async throws {
        try await Self.pool.run {
            let server = try ScriptedServer([.raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n  ")])
            var request = HTTPRequest("POST", server.url)
            request.mayTrickle = true
            #expect(try client().send(request).1 == [32, 32])
            let endless = try ScriptedServer([.drip(Self.head, " ", every: Self.step)])
            request.url = endless.url
            request.answerTimeout = .milliseconds(900)
            let error = #expect(throws: HTTPError.self) { try client().send(request) }
            #expect(error?.detail.contains("not complete") == true, "the time limit applies, the rate does not")
        }
    }

    @Test func `a peer that takes a body byte by byte is given up`() async throws {
        try await Self.pool.run {
            let server = try LoopbackServer { connection in
                while connection.receive(upTo: 1) != nil { Thread.sleep(forTimeInterval: 0.04) }
            }
            let body = HTTPBody(length: 64 << 20) {
                { space in
                    space.initializeMemory(as: UInt8.self, repeating: 7)
                    return space.count
                }
            }
            let error = #expect(throws: HTTPError.self) {
                try client().send(HTTPRequest("PUT", "http://127.0.0.1:\(server.port)/", body: body))
            }
            #expect(error?.reason == .stalled)
        }
    }

    @Test func `a slow caller does not count as a stalled peer`() async throws {
        try await Self.pool.run {
            let server = try ScriptedServer([.reply(.response(200, [], String(repeating: "x", count: 100_000)))])
            var count = 0
            let response = try client { $0.leastRate = 1 << 30 }.perform(HTTPRequest("GET", server.url)) { _, piece in
                if count == 0 { Thread.sleep(forTimeInterval: 5) }  // longer than the peer may take
                count += piece.byteCount
            }
            #expect(response.status == 200 && count == 100_000)
        }
    }
}
