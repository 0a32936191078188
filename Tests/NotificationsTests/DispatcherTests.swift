import Foundation
import HTTP
import Lab
import Platform
import Testing

@testable import Notifications

@Suite struct DispatcherTests {
    private static let quick = DeliveryPolicy(
        patience: Patience.long, firstWait: .milliseconds(1), longestWait: .milliseconds(5))

    @Test func `a receiver that fails twice gets all in order`() async {
        let channel = ScriptedChannel { number in
            if number < 2 { throw DeliveryError("HTTP 500", isRetryable: true) }
        }
        let dispatcher = Dispatcher([channel], policy: Self.quick)
        let events: [Notice.Event] = [.disasterDeclared, .recoveryStarted, .recoveryCompleted]
        for event in events { dispatcher.post(.sample(event)) }
        let report = await dispatcher.finish(within: Patience.long)
        #expect(report == DeliveryReport(delivered: 3))
        #expect(channel.delivered == events && channel.tries == 5)
    }

    @Test func `the dispatcher does not retry a permanent failure and sends the next notification`() async {
        let channel = ScriptedChannel("slack") { number in
            if number == 0 { throw DeliveryError("HTTP 404: no_service", isRetryable: false) }
        }
        let dispatcher = Dispatcher([channel], policy: Self.quick)
        dispatcher.post(.sample(.stepFailed))
        dispatcher.post(.sample(.recoveryFailed))
        let report = await dispatcher.finish(within: Patience.long)
        #expect(
            report.undelivered.map(\.description) == [
                "'slack' did not receive notification 'step_failed': HTTP 404: no_service"
            ])
        #expect(channel.delivered == [.recoveryFailed])
    }

    @Test func `patience ends`() async {
        let channel = ScriptedChannel { _ in throw DeliveryError("HTTP 503", isRetryable: true) }
        var policy = Self.quick
        policy.patience = .seconds(2)
        let dispatcher = Dispatcher([channel], policy: policy)
        dispatcher.post(.sample(.stepFailed))
        dispatcher.post(.sample(.recoveryFailed))
        let report = await dispatcher.finish(within: Patience.long)
        #expect(report.undelivered.map(\.reason) == ["HTTP 503", "HTTP 503"] && channel.tries > 2)
    }

    /// One channel hangs, one refuses connections, one works: the caller waits for none, the third is not delayed by
    /// the others, and the dispatcher ends at its limit.
    @Test func `no receiver delays the caller or another`() async throws {
        let hanging = try ScriptedServer { _, _ in .silence }
        let working = try ScriptedServer { _, _ in .reply(.response(200)) }
        defer {
            hanging.stop()
            working.stop()
        }
        func webhook(_ name: String, _ url: String) -> HTTPChannel {
            HTTPChannel(name, NoticeFilter(), format: WebhookFormat(url: url), over: HTTPExchange(secrets: [url]))
        }
        let channels = [
            webhook("hanging", "\(hanging.url)/token"), webhook("refusing", "http://127.0.0.1:1/token"),
            webhook("working", "\(working.url)/token"),
        ]
        let dispatcher = Dispatcher(channels)
        for _ in 0..<20 { dispatcher.post(.sample(.stepFailed)) }
        // The third receives all of them while the others do not answer.
        while working.requests.count < 20 { try await Task.sleep(for: .milliseconds(10)) }
        // Cancelled as an interrupted run is: the report still arrives.
        let report = await Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await dispatcher.finish(within: .seconds(10))
        }.value
        #expect(report.delivered == 20 && working.requests.count == 20)
        #expect(report.undelivered.filter { $0.channel == "hanging" }.count == 20)
        let refused = report.undelivered.first { $0.channel == "refusing" }?.reason
        #expect(refused?.hasPrefix("http://127.0.0.1:1: ") == true, "\(refused ?? "-")")
        #expect(!"\(report)".contains("token"))
    }

    @Test func `the dispatcher reports and drops notifications beyond the limit`() async {
        let channel = ScriptedChannel { _ in throw DeliveryError("HTTP 503", isRetryable: true) }
        var policy = Self.quick
        // The first one waits for its next try until the end: it is not given up while others are posted.
        (policy.capacity, policy.firstWait, policy.longestWait) = (2, .seconds(60), .seconds(60))
        policy.patience = .seconds(600)
        let dispatcher = Dispatcher([channel], policy: policy)
        for _ in 0..<5 { dispatcher.post(.sample(.stepFailed)) }
        let report = await dispatcher.finish(within: .milliseconds(50))
        #expect(report.undelivered.count == 5)
        #expect(report.undelivered.filter { $0.reason == "too many notifications were waiting" }.count == 3)
    }

    @Test func `a filter drops unwanted notifications but passes those that close an incident`() {
        let filter = NoticeFilter(severity: .critical)
        #expect(!filter.admits(.sample(.stepFailed, severity: .warning)))
        #expect(filter.admits(.sample(.disasterDeclared)))
        #expect(filter.admits(.sample(.recoveryCompleted, severity: .info)))
        let chosen = NoticeFilter(events: [.backupFailed])
        #expect(chosen.admits(.sample(.backupFailed)) && !chosen.admits(.sample(.recoveryCompleted)))
    }
}
