import Documents
import Foundation
import Lab
import Testing

/// People are told, and told the truth about whether they can be.
@Suite struct NotifyTests {
    private func journey(_ server: ScriptedServer, extra: String = "") async throws -> Journey {
        let journey = try await Journey(
            extra: """
                notifications:
                  webhooks: [{name: ops, url: {file: hook}, severity: critical}]
                  slack: [{url: {env: DR_TEST_NO_SUCH_VARIABLE}}]
                  pagerduty: [{routing_key: {file: hook}, url: "\(server.url)"}]
                """)
        try Data("\(server.url)/hook/T0KEN\n".utf8).write(to: journey.folder.url.appending(path: "hook"))
        return journey
    }

    @Test func `notify test reports the answer of each channel`() async throws {
        let server = try ScriptedServer { request, _ in .reply(.response(request.target == "/v2/enqueue" ? 202 : 200)) }
        defer { server.stop() }
        let journey = try await journey(server)
        struct Answer: Decodable {
            struct Channel: Decodable, Equatable {
                var channel: String
                var delivered: Bool
                var answer: String
            }
            var channels: [Channel]
        }
        let run = try await journey.expect(1, "notify", "test", "--json")
        let answer = try JSONDecoder().decode(Answer.self, from: Data(run.output.utf8))
        #expect(answer.channels.map(\.channel) == ["ops", "pagerduty", "slack"])
        #expect(answer.channels.map(\.delivered) == [true, true, false])
        #expect(answer.channels[0].answer == "HTTP 200")
        #expect(answer.channels[2].answer.contains("'DR_TEST_NO_SUCH_VARIABLE' is not set"))
        #expect(server.requests.map(\.target).sorted() == ["/hook/T0KEN", "/v2/enqueue", "/v2/enqueue"])
        #expect(!run.output.contains("T0KEN") && !run.errors.contains("T0KEN"))
        try await journey.expect(0, "notify", "test", "--channel", "ops")
        let unknown = try await journey.expect(2, "notify", "test", "--channel", "opz")
        #expect(unknown.errors.contains("ops"))
    }

    /// Whoever cannot be told changes nothing about the backup's own result.
    @Test func `dr sends a notification about a failed backup`() async throws {
        let server = try ScriptedServer { _, number in .reply(.response(number == 0 ? 500 : 200)) }
        defer { server.stop() }
        let journey = try await journey(server)
        try FileManager.default.removeItem(at: journey.repository)
        let run = try await journey.expect(1, "backup")
        #expect(run.errors.contains("dr: warning: notifications: slack: "))
        let told = server.requests.filter { $0.target.hasPrefix("/hook") }.last
        let document = try JSONValue(parsing: try #require(told).body)
        #expect(document["event"] == "backup_failed" && document["severity"] == "critical")
        #expect(document["message"]?.text?.hasPrefix("the backup failed: ") == true)
        #expect(!run.errors.contains("T0KEN"))
    }
}
