import Documents
import Foundation
import Lab
import Testing
@testable import Notifications

/// Tests with the real receivers.
@Suite struct ReceiverTests {
    private func now(_ event: Notice.Event, severity: Notice.Severity) -> Notice {
        var notice = Notice.sample(event, severity: severity)
        notice.at = Date()
        return notice
    }

    @Test(.enabled(if: LabTool.isInstalled(AlertmanagerServer.executable)))
    func `Alertmanager fires until the run ends`() async throws {
        let server = try await AlertmanagerServer.start()
        let channel = HTTPChannel(
            "alertmanager", NoticeFilter(), format: AlertmanagerFormat(url: server.url), over: HTTPExchange())
        #expect(try channel.deliver(now(.disasterDeclared, severity: .critical)) == "HTTP 200")
        _ = try channel.deliver(now(.stepFailed, severity: .warning))
        _ = try channel.deliver(now(.objectiveAtRisk, severity: .warning))
        let firing = try await server.alerts()
        let severities = firing.compactMap { $0["labels"]?["severity"]?.text }.sorted()
        #expect(severities == ["critical", "warning"], "one alert for each severity, whatever the events")
        let alert = try #require(firing.first { $0["labels"]?["severity"] == "critical" })
        #expect(
            alert["labels"] == [
                "alertname": "DisasterRecovery", "stack": "monitoring", "scenario": "complete_cluster_loss",
                "run": "r1", "severity": "critical",
            ])
        #expect(alert["annotations"]?["summary"] == "it is <gone> & done")
        let end = try #require(
            alert["endsAt"]?.text.flatMap {
                try? Date($0, strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true))
            })
        #expect(end.timeIntervalSinceNow > 80_000, "it does not expire after five minutes")
        _ = try channel.deliver(now(.recoveryCompleted, severity: .info))
        // Alertmanager ends alerts by their time, of which it keeps the fractions.
        try await Patience.wait(until: "the alert is resolved") { try await server.alerts().isEmpty }
        #expect(try await server.alerts().isEmpty)
    }

    @Test(.enabled(if: MailSink.isInstalled)) func `a mail is readable`() async throws {
        let sink = try await MailSink.start()
        var server = MailServer(url: sink.url)
        server.requiresTLS = false
        let channel = MailChannel(
            "email", NoticeFilter(), server: server, from: "dr@example.org", to: ["a@example.org", "b@example.org"])
        for event in [Notice.Event.disasterDeclared, .recoveryCompleted] {
            #expect(try channel.deliver(.sample(event)).hasPrefix("250 "))
        }
        let kept = try sink.messages()
        #expect(kept.first?["subject"] == "[critical] monitoring: it is <gone> & done")
        #expect(kept.first?["to"] == ["a@example.org", "b@example.org"])
        let body = try #require(kept.first?["body"]?.text)
        #expect(body.hasPrefix("it is <gone> & done\n\nDisaster declared, critical, at 2026-11-24T10:16:50Z\n"))
        #expect(body.contains("\nrto seconds: 14400\n"))
        let threads = Set(kept.compactMap { $0["headers"]?["References"]?.text })
        let identities = Set(kept.compactMap { $0["headers"]?["Message-ID"]?.text })
        #expect(threads == ["<dr.monitoring.r1@example.org>"] && identities.count == 2)
    }
}
