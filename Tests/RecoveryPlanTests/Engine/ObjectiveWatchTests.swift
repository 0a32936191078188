import Documents
import Foundation
import Notifications
import Synchronization
import Testing

@testable import RecoveryPlan

@Suite struct ObjectiveWatchTests {
    private let stage: Rehearsal
    private let graph: StepGraph

    init() throws {
        stage = try Rehearsal()
        graph = StepGraph([
            stage.step("a"), stage.step("b", needs: ["a"]), stage.step("c", needs: ["a"]),
            stage.step("d", needs: ["b", "c"]),
        ])
    }

    private func forecast(_ seconds: [String: Double]) -> RunForecast {
        RunForecast(graph, seconds.compactMapValues { TimeForecast([$0]) })
    }

    private func record(rto: Double?, _ seconds: [String: Double], late: Double = 0) -> RunRecord {
        var record = Rehearsal.record()
        record.rto = rto
        record.declaredAt = record.startedAt.addingTimeInterval(-late)
        record.forecast = forecast(seconds)
        return record
    }

    @Test func `the remaining time is the longest path through the unfinished steps`() {
        var rest = RemainingTime(graph, forecast(["a": 1, "b": 10, "c": 3, "d": 2]))
        #expect(rest.expected(at: 0) == 13)
        rest.begin("a", at: 0)
        #expect(rest.expected(at: 0.5) == 12.5)
        rest.settle("a")
        rest.begin("b", at: 1)
        rest.begin("c", at: 1)
        #expect(rest.expected(at: 5) == 8)
        rest.settle("b")
        #expect(rest.expected(at: 5) == 2, "c is late and counts as about to finish")
        rest.settle("c")
        rest.settle("d")
        #expect(rest.expected(at: 5) == 0)
    }

    @Test func `a step that was never measured counts as zero`() {
        #expect(RemainingTime(graph, nil).expected(at: 0) == 0)
        #expect(RemainingTime(graph, forecast(["a": 5])).expected(at: 0) == 5)
    }

    @Test func `each alarm is raised once and when it is due`() throws {
        let record = record(rto: 20, ["a": 1, "b": 10, "c": 3, "d": 2])
        let watch = try #require(ObjectiveWatch(record, graph, clocks: RecoveryClocks(record), now: 1000))
        #expect(watch.alarm(now: 1007) == nil, "13 seconds are left, 13 are needed")
        let risk = try #require(watch.alarm(now: 1008))
        #expect(risk.severity == .warning)
        #expect(
            risk.text.contains("the remaining steps need at least 13s") && risk.text.contains("12s of 20s are left"))
        #expect(risk.facts == ["rto_seconds": "20", "left_seconds": "12", "expected_seconds": "13"])
        #expect(watch.alarm(now: 1019) == nil)
        #expect(watch.alarm(now: 1020.5)?.severity == .critical)
        #expect(watch.alarm(now: 1030) == nil)
    }

    @Test func `the time counts from where the objective says`() throws {
        let late = record(rto: 20, ["a": 1], late: 15)
        let watch = try #require(ObjectiveWatch(late, graph, clocks: RecoveryClocks(late), now: 1000))
        #expect(watch.alarm(now: 1005.5)?.severity == .critical)
        #expect(ObjectiveWatch(record(rto: nil, [:]), graph, clocks: RecoveryClocks(late)) == nil)
    }

    /// During a run, an alarm is recorded in the journal and sent as a notification.
    @Test(arguments: [("d", 100.0, 0.0, "at risk"), ("d", 0, 30, "RTO exceeded")])
    func `a run says that it will be late`(_ step: String, _ seconds: Double, _ late: Double, _ words: String)
        async throws
    {
        let record = record(rto: 20, [step: seconds], late: late)
        let plan = Rehearsal.plan([stage.step("a"), stage.step("d", needs: ["a"])])
        // The run continues only after the notification.
        stage.stage.on("a") { [stage = stage.stage] _ in
            while !stage.state.withLock({ $0.notices.contains { $0.event == .objectiveAtRisk } }) {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        _ = try await stage.run(plan, record: record)
        let notes = try stage.reading().lines.compactMap { line -> String? in
            if case .noted(let text) = line.body.event { text } else { nil }
        }
        #expect(notes.count == 1 && notes.first?.contains(words) == true)
        let notices = stage.stage.state.withLock { $0.notices }
        #expect(Set(notices.map(\.event)) == [.recoveryStarted, .objectiveAtRisk])
        #expect(notices.allSatisfy { $0.run == "run" && $0.scenario == "test" })
    }

    @Test func `a permanent step failure sends a notification before the run ends`() async throws {
        stage.stage.fail("a")
        _ = try await stage.run(Rehearsal.plan([stage.step("a")]))
        #expect(stage.stage.state.withLock { $0.notices.map(\.event) } == [.recoveryStarted, .stepFailed])
    }
}
