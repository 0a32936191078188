import Foundation
import Lab
import Notifications
import Components
import Synchronization
import Testing

@testable import RecoveryPlan

/// Tests of the actions that delegate to services.
@Suite struct SmallActionTests {
    @Test func `a restore asks for its component`() async throws {
        let stage = ActionStage()
        let record = try await stage.perform("restore: {component: loki, to: /x, paths: [a], replace: false}")
        #expect(record.restored?.files == 2)
        let request = ComponentRestoreRequest(component: "loki", to: "/x", paths: ["a"], replace: false)
        #expect(stage.state.withLock { $0.restores } == [request])
        #expect(try await ActionStage.action("restore: loki").preview(in: stage.context()).bytes == 7)
    }

    @Test func `a restore step states whether the replaced content is kept or discarded`() async throws {
        let stage = ActionStage()
        _ = try await stage.perform("restore: {component: loki, previous: discard}")
        _ = try await stage.perform("restore: loki")
        #expect(stage.state.withLock { $0.restores }.map(\.previous) == [.discard, .keep])
    }

    @Test func `a restore step can refuse content that is there already`() async throws {
        let stage = ActionStage()
        _ = try await stage.perform("restore: {component: loki, seed: false}")
        _ = try await stage.perform("restore: loki")
        #expect(stage.state.withLock { $0.restores }.map(\.seed) == [false, true])
    }

    @Test func `critical checks must pass in time`() async throws {
        let stage = ActionStage()
        stage.state.withLock { $0.failing = [["a", "soft"], ["soft"]] }
        let record = try await stage.perform("check: {names: [a, soft], every: 1s, within: 2m}")
        #expect(record.summary == "1 of 2 checks passed; non-critical checks failed: soft" && record.checks?.count == 2)
        #expect(stage.state.withLock { $0.checkRuns } == 2)
        stage.state.withLock { $0.failing = Array(repeating: ["a"], count: 9) }
        let error = await #expect(throws: ActionError.self) { try await stage.perform("check: a") }
        #expect(error?.reason == .notSo && error?.detail == "a: HTTP 503, not HTTP 200" && error?.hint == "see its log")
    }

    /// A check that only skips is not repeated either.
    @Test func `checks that are all skipped do not pass`() async throws {
        let stage = ActionStage()
        let error = await #expect(throws: ActionError.self) {
            try await stage.perform("check: {names: [nothing], within: 10m}")
        }
        #expect(error?.reason == .hopeless)
        #expect(error?.detail == "no check ran: there was nothing to check for nothing")
        #expect(try await stage.perform("check: [nothing, a]").summary == "1 of 2 checks passed")
    }

    /// The notification is sent when its time comes, even if the condition can never hold.
    @Test func `an escalation keeps its time`() async throws {
        let stage = ActionStage()
        let start = ContinuousClock.now
        _ = try await stage.perform(
            "notify: {event: incident_escalated, unless: {check: nothing}, every: 1s, within: 1s}")
        #expect(ContinuousClock.now - start >= .seconds(1))
        #expect(stage.state.withLock { $0.notices.count } == 1)
    }

    @Test func `a wait is for a time or for a condition`() async throws {
        let folder = try TemporaryFolder("wait")
        let stage = ActionStage()
        let start = ContinuousClock.now
        _ = try await stage.perform("wait: 1s")
        #expect(ContinuousClock.now - start >= .seconds(1))
        let program = "{shell: 'test -e \(folder.path)/x || { touch \(folder.path)/x; exit 1; }'}"
        _ = try await stage.perform("wait: {for: {run: \(program)}, every: 1s}")
        #expect(stage.state.withLock { $0.messages.count } == 1)
        let error = await #expect(throws: ActionError.self) {
            try await stage.perform("wait: {for: {run: ['false']}, every: 1s, within: 1s}")
        }
        #expect(error?.detail == "exit code 1 (after 1s)")
        // A condition that can never hold is not repeated.
        let hopeless = await #expect(throws: ActionError.self) {
            try await stage.perform("wait: {for: {run: [no-such-program]}, within: 10m}")
        }
        #expect(hopeless?.reason == .hopeless)
    }

    @Test func `a notification has the content that the plan states`() async throws {
        let stage = ActionStage()
        _ = try await stage.perform("notify: {event: disaster_declared, status_page: major_outage, facts: {n: 1}}")
        _ = try await stage.perform("notify: {event: incident_resolved, severity: warning, summary: Well again.}")
        let notices = stage.state.withLock { $0.notices }
        #expect(notices.map(\.severity) == [.critical, .warning])
        #expect(notices.map(\.summary) == ["shop: disaster declared (s)", "Well again."])
        #expect(notices[0].statusPage == "major_outage" && notices[0].facts == ["n": "1"] && notices[0].run == "r1")
        #expect(notices[0].at == Date(timeIntervalSince1970: 5))
    }

    @Test func `a notification that is not sent is not recorded as sent`() async throws {
        let stage = ActionStage()
        stage.state.withLock { $0.reasonNotToNotify = "no usable channel is configured" }
        let record = try await stage.perform("notify: {event: disaster_declared}")
        #expect(record.summary == "no notification disaster_declared sent: no usable channel is configured")
    }

    @Test func `an escalation is silent once the trouble is over`() async throws {
        let stage = ActionStage()
        stage.state.withLock { $0.failing = [["a"]] }
        let record = try await stage.perform(
            "notify: {event: incident_escalated, unless: {check: a}, every: 1s, within: 1m}")
        #expect(
            record.summary == "no notification sent: 1 of 1 checks passed"
                && stage.state.withLock { $0.notices }.isEmpty)
        stage.state.withLock { $0.failing = Array(repeating: ["a"], count: 99) }
        _ = try await stage.perform("notify: {event: incident_escalated, unless: {check: a}, every: 1s, within: 1s}")
        #expect(stage.state.withLock { $0.notices.count } == 1)
    }

    @Test func `a person and a backup are asked for`() async throws {
        let stage = ActionStage()
        _ = try await stage.perform("manual: Switch it on.")
        _ = try await stage.perform("backup: {maximum_age: 1h}")
        _ = try await stage.perform("backup: {}")
        #expect(stage.state.withLock { $0.questions } == ["Switch it on."])
        #expect(stage.state.withLock { $0.ages } == [3600, nil])
        stage.state.withLock { $0.refusesConfirmation = true }
        await #expect(throws: ActionError.self) { try await stage.perform("manual: Again.") }
    }
}
