import Foundation
import RecoveryPlan
import Testing

@testable import Operations

@Suite struct PlanHistoryTests {
    private static let plan = "scenario: loss\nsteps: [{id: tree, restore: tree}]\n"

    private func history(_ runs: [RecordedRun], now text: String = Self.plan) async throws -> PlanHistory {
        let fixture = try await StackFixture()
        for (number, run) in runs.enumerated() {
            try run.write(number, in: fixture.session.stateRoot, now: 1_800_000_000)
        }
        let readings = await fixture.session.journals(of: "loss")
        return PlanHistory(PlanText(text, file: "loss.yaml", folder: "/"), scenario: "loss", readings)
    }

    @Test func `each run shows its verdict and what changed before it`() async throws {
        let timed = Self.plan.replacing("tree}", with: "tree, timeout: 2h}")
        let history = try await history(
            [
                RecordedRun(age: 9, plan: Self.plan), RecordedRun(age: 8, verdict: .failed, plan: Self.plan),
                RecordedRun(age: 7, isDrill: false, verdict: .late, noticed: nil, plan: timed),
                RecordedRun(age: 6, noticed: false, plan: timed), RecordedRun(scenario: "other", age: 5),
            ], now: "# same\n" + timed)
        #expect(history.runs.map(\.verdict) == ["passed", "failed", "late", "inconclusive"])
        #expect(history.runs.map(\.kind) == [.drill, .drill, .recovery, .drill])
        #expect(
            history.runs.map { $0.change?.changes } == [nil, [], ["step 'tree' changed: timeout"], []])
        #expect(history.change?.changes == [] && history.change?.since == history.runs[3].run)
        #expect(history.text.contains("step 'tree' changed: timeout"))
        #expect(history.text.hasSuffix("since the newest run: unchanged"))
    }

    @Test func `a run of an older version shows only a changed file`() async throws {
        let history = try await history([RecordedRun(age: 9), RecordedRun(age: 8, plan: Self.plan)])
        #expect(history.runs[1].change?.changes == nil)
        #expect(history.text.contains("changed; the earlier run does not record its steps"))
    }

    @Test func `a scenario that never ran has a history without runs`() async throws {
        let history = try await history([])
        #expect(history.runs.isEmpty && history.change == nil)
        #expect(history.text.hasSuffix("the scenario was never run or drilled on this host"))
    }

    @Test func `the forecast history comes from the journals`() async throws {
        let fixture = try await StackFixture()
        for (number, forecast) in [nil, 1000.0].enumerated() {
            try RecordedRun(age: 3, plan: Self.plan, forecast: forecast).write(
                number, in: fixture.session.stateRoot, now: 1_800_000_000)
        }
        let history = await fixture.session.forecastHistory(of: "loss")
        #expect(history.outcomes.map(\.counts) == [false, true] && history.summaries.map(\.runs) == [1])
        #expect(history.text.contains("no forecast: too little data at that time"))
        #expect(history.text.contains("1 drill: no forecast with bands yet; mean error -16m"))
    }
}
