import HTTP
import Lab
import Synchronization
import Testing

@testable import RecoveryPlan

/// Tests with a real socket and a server whose responses the test defines.
@Suite struct HTTPActionTests {
    private func reply(_ status: Int, _ body: String = "") -> ScriptedServer.Act {
        .reply(.response(status, [], body))
    }

    private func error(_ text: String, environment: [String: String] = [:]) async -> ActionError? {
        await #expect(throws: ActionError.self) {
            try await ActionStage().perform(text, environment: environment)
        }
    }

    @Test func `a server that comes up is waited for`() async throws {
        let server = try ScriptedServer([reply(503), .reset, reply(200, "ready")])
        let stage = ActionStage()
        let record = try await stage.perform("http: {url: '\(server.url)/-/ready', every: 1s}")
        #expect(record.facts == ["status": "200"] && server.requests.count == 3)
        #expect(stage.state.withLock { $0.messages.contains { $0.contains("HTTP 503") } })
    }

    @Test func `a condition that is not met in time is reported with the last response`() async throws {
        let server = try ScriptedServer { _, _ in .reply(.response(500, [], "broken\n disk")) }
        let failure = await error("http: {url: '\(server.url)/x?token=hidden', every: 1s, within: 3s}")
        #expect(failure?.reason == .notSo && failure?.operation == "GET \(server.url)/x")
        #expect(failure?.detail == "HTTP 500 (broken disk), not HTTP 2xx (after 3s)")
        #expect(server.requests.count >= 1)
    }

    @Test(
        arguments: [
            ("status: 404", 404, "", nil), ("status: [200, 401]", 401, "", nil),
            ("body: dy", 200, "ready", nil), ("body: no", 200, "ready", "the body (ready) does not contain 'no'"),
            ("json: {/status: ok, /n/1: 3}", 200, #"{"status":"ok","n":[1,3]}"#, nil),
            ("json: {/a~1b: null}", 200, #"{"a/b":null}"#, nil),
            ("json: {/status: ok}", 200, #"{"status":"no"}"#, #"/status is "no", not "ok""#),
            ("json: {/n/01: 3}", 200, #"{"n":[1,3]}"#, "/n/01 is missing, not 3"),
            ("json: {/status: ok}", 200, "<html>", "the body (<html>) is not valid JSON"),
            ("status: 200", 204, "", "HTTP 204, not HTTP 200"),
        ] as [(String, Int, String, String?)])
    func `the answer must be as expected`(_ expect: String, _ status: Int, _ body: String, _ refusal: String?)
        async throws
    {
        let server = try ScriptedServer([reply(status, body)])
        let text = "http: {url: '\(server.url)/', method: POST, expect: {\(expect)}}"
        guard let refusal else {
            _ = try await ActionStage().perform(text)
            return
        }
        #expect(await error(text)?.detail == refusal)
    }

    /// Every POST has an effect, so it must not be repeated.
    @Test func `a request with side effects is sent only once`() async throws {
        let server = try ScriptedServer([reply(503), reply(200)])
        #expect(await error("http: {url: '\(server.url)/', json: {a: [1, true, null, x]}}")?.reason == .notSo)
        let request = try #require(server.requests.first)
        #expect(server.requests.count == 1 && request.method == "POST")
        #expect(String(decoding: request.body, as: UTF8.self) == #"{"a":[1,true,null,"x"]}"#)
    }

    @Test func `the action sends secrets but never shows them in messages`() async throws {
        let server = try ScriptedServer([.reply(.response(403, [], "no hidden here"))])
        let failure = await error(
            "http: {url: {env: URL}, method: PUT, body: x, headers: {X-Token: {env: T}, X-Plain: y}}",
            environment: ["URL": "\(server.url)/hook", "T": "hidden"])
        let request = try #require(server.requests.first)
        #expect(request["x-token"] == "hidden" && request["x-plain"] == "y")
        let message = "\(try #require(failure))"
        #expect(!message.contains("hidden") && !message.contains("/hook") && message.contains("variable 'URL'"))
    }

    @Test func `a components server is asked with its credentials`() async throws {
        let server = try ScriptedServer([reply(200)])
        let stage = ActionStage(connection: HTTPOptions(authorization: .bearer(token: "t0")))
        _ = try await stage.perform("http: {url: '\(server.url)/'}")
        #expect(server.requests.first?["authorization"] == "Bearer t0")
    }

    @Test func `a preview names the expectation`() async throws {
        #expect(
            try await ActionStage().preview(
                "http: {url: 'http://h/x?q=1', expect: {status: 204, body: a, json: {/b: 1}}}")
                == ["GET http://h/x, expecting HTTP 204, 'a' in the body, /b = 1, every 2s for up to 1m"])
    }
}
