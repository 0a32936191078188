import Foundation
import RecoveryPlan
import Testing

@testable import Console
@testable import Operations

/// The state of a run that another user wrote into the store, as large and as tangled as the limits allow.
@Suite struct HostileRunTests {
    /// Waves of 24 steps, each of which needs the 40 steps before its wave.
    private func run() -> WatchedRun {
        let names = (0..<WatchedRun.mostSteps).map { "step-\($0)" }
        var record = RunRecord(
            identity: RunIdentity(id: "20261129T220001Z-1", stack: "lab", scenario: "loss", set: "20261129T100000Z"),
            isDrill: false, procedure: nil, planDigest: "p", parameters: [:], setDigest: "s", components: ["tree"],
            tool: "dr test", holder: RunHolder(person: "ann", host: "elsewhere", process: 1, boot: "b"),
            startedAt: Date(timeIntervalSince1970: 1_764_000_000))
        record.steps = names
        record.needs = Dictionary(
            uniqueKeysWithValues: names.indices.map { index in
                let start = index / 24 * 24
                return (names[index], Array(names[max(0, start - WatchedRun.mostNeeds)..<start]))
            })
        record.rto = 600
        record.forecast = RunForecast(
            StepGraph([]),
            Dictionary(
                uniqueKeysWithValues: names.map {
                    ($0, TimeForecast(expected: 60, low: 50, high: 90, samples: 3, basis: .interval))
                }))
        return WatchedRun(record)
    }

    @Test func `a page names and draws a part of what a step needs`() throws {
        let run = run()
        #expect(run.steps.count == WatchedRun.mostSteps && run.steps.last?.needs.count == WatchedRun.mostNeeds)
        let html = try RunFragment.html(LiveRuns.Entry(run: run, source: .store, news: .current))
        #expect(html.ranges(of: "class=\"edge").count == 600)
        #expect(html.contains("class=\"edge critical\""), "the critical path is drawn first of all")
        #expect(html.contains("step-349 and 34 more"), "the needs of a step are listed in part")
        #expect(html.utf8.count < 700_000, "\(html.utf8.count) bytes")
    }
}
