import Documents
import Foundation
import Testing

@testable import RecoveryPlan

@Suite struct StepTimesTests {
    private let plan = Rehearsal.plan([
        .running("rebuild"), .restoring("loki", needs: ["rebuild"]), .restoring("prometheus", needs: ["rebuild"]),
    ])
    private let past = PastRun(parts: [
        .run("rebuild", 10), .restore("loki", 30, bytes: 100 * .mebibyte),
        .restore("prometheus", 50, bytes: 100 * .mebibyte),
    ])

    @Test func `the total is the critical path`() throws {
        let forecast = try StepTimes(past).forecast(plan)
        #expect(forecast.unknown.isEmpty && forecast.atLeast == nil)
        #expect(forecast.total?.expected == 60 && forecast.total?.samples == 1)
        // With twice the logs, loki is on the critical path.
        let more = try StepTimes(past).forecast(plan, sizes: ["loki": SizeForecast(200 * .mebibyte)])
        #expect(more.total?.expected == 70)
    }

    @Test func `every step at its worst is the upper end`() throws {
        let slow = PastRun(parts: [
            .run("rebuild", 14), .restore("loki", 80, bytes: 100 * .mebibyte),
            .restore("prometheus", 54, bytes: 100 * .mebibyte),
        ])
        let total = try #require(try StepTimes(past, slow).forecast(plan).total)
        #expect((total.low, total.expected, total.high) == (60, 67, 94))
        #expect(total.samples == 2 && total.basis == .sum)
    }

    @Test func `a plan without history has no forecast`() {
        let forecast = StepTimes().forecast(plan)
        #expect(forecast.total == nil && forecast.atLeast == nil && forecast.unknown.count == 3)
    }

    @Test func `a new step leaves a lower bound`() throws {
        var plan = plan
        plan.steps.append(.running("rules", needs: ["prometheus"]))
        let forecast = try StepTimes(past).forecast(plan)
        #expect(forecast.total == nil && forecast.atLeast == 60 && forecast.unknown == ["rules"])
    }

    @Test func `a step that does something else now has no data`() throws {
        var plan = plan
        plan.steps[1] = .restoring("tempo", as: "loki", needs: ["rebuild"])
        plan.steps[2] = .running("prometheus", needs: ["rebuild"])
        let forecast = try StepTimes(past).forecast(plan)
        #expect(forecast.unknown == ["loki", "prometheus"] && forecast.atLeast == 10)
        // A partial restore is different work than a complete one.
        var part = RestoreAction()
        part.component = "loki"
        part.paths = ["index"]
        plan.steps[1].action = AnyAction(part, location: .init(file: "test"))
        #expect(try StepTimes(past).forecast(plan).unknown == ["loki", "prometheus"])
    }

    @Test func `failed attempts do not count in the forecast`() throws {
        let failed = PastRun(parts: [.run("rebuild", 500, outcome: .failed)])
        #expect(try StepTimes(failed, past).forecast(plan).steps["rebuild"]?.expected == 10)
        #expect(try StepTimes(failed).runs == 0)
    }

    @Test func `an attempt that resumed an earlier one does not count as a full restore`() throws {
        var second = past
        for index in second.parts.indices { second.parts[index].attempt = 2 }
        let forecast = try StepTimes(second).forecast(plan)
        #expect(forecast.unknown == ["loki", "prometheus"] && forecast.steps["rebuild"]?.expected == 10)
    }

    @Test func `the checks are the end of the way`() throws {
        var plan = plan
        plan.checks = ["endpoints"]
        #expect(try StepTimes(past).forecast(plan).unknown == [RunForecast.finalChecks])
        var checked = past
        checked.checks = 7
        let forecast = try StepTimes(checked).forecast(plan)
        #expect(forecast.checks?.expected == 7 && forecast.total?.expected == 67)
    }

    // MARK: Waits

    private static func inStep(_ seconds: Int) -> AnyAction {
        AnyAction(WaitAction(.seconds(seconds)), location: .init(file: "test"))
    }

    @Test func `a wait of a set length is known without a run`() throws {
        let plan = Rehearsal.plan([.waiting("settle", 300), .waiting("cool", 60, needs: ["settle"])])
        let forecast = StepTimes().forecast(plan)
        #expect(forecast.unknown == [] && forecast.atLeast == nil)
        let total = try #require(forecast.total)
        #expect((total.low, total.expected, total.high, total.samples) == (360, 360, 360, 0))
        #expect(total.text == "6m 0s (waits of the plan)")
    }

    @Test func `the length in the plan counts, and not that of earlier runs`() throws {
        let plan = Rehearsal.plan([.running("rebuild"), .waiting("settle", 120, needs: ["rebuild"])])
        let runs = try [10.0, 12, 14].map { seconds in
            try PastRun(parts: [.run("rebuild", seconds), .init(step: "settle", seconds: 300, work: "wait")]).reading()
        }
        let forecast = StepTimes(runs).forecast(plan)
        #expect(forecast.steps["settle"]?.basis == .wait)
        let total = try #require(forecast.total), rebuild = try #require(forecast.steps["rebuild"])
        #expect(total.expected == 132 && total.samples == 3 && total.source == .recoveries)
        let band = try #require(rebuild.band50)
        #expect(total.band50 == .init(low: band.low + 120, high: band.high + 120))
    }

    @Test func `a wait for a condition takes the median of earlier runs`() throws {
        var wait = WaitAction()
        wait.condition = AnyAction(HTTPAction(), location: .init(file: "test"))
        var step = Step.running("ready")
        step.action = AnyAction(wait, location: .init(file: "test"))
        let plan = Rehearsal.plan([step])
        #expect(StepTimes().forecast(plan).unknown == ["ready"])
        let runs = try [40.0, 50, 90].map { seconds in
            try PastRun(parts: [.init(step: "ready", seconds: seconds, work: "wait")]).reading()
        }
        #expect(StepTimes(runs).forecast(plan).total?.expected == 50)
    }

    @Test func `waits within a step are a lower bound of it`() throws {
        var plan = plan
        plan.steps[0].stop = [Self.inStep(15)]
        plan.steps[0].start = [Self.inStep(5)]
        let unknown = StepTimes().forecast(plan)
        #expect(unknown.unknown == ["rebuild", "loki", "prometheus"] && unknown.atLeast == 20 && unknown.total == nil)
        #expect(unknown.steps["rebuild"]?.text == "at least 20.0s (waits of the plan)")
        // The run took 10 seconds, when the plan did not wait yet.
        let forecast = try StepTimes(past).forecast(plan)
        #expect(forecast.unknown.isEmpty && forecast.total?.expected == 70)
        var slower = past
        slower.parts[0].seconds = 25
        #expect(try StepTimes(slower).forecast(plan).total?.expected == 75)
    }

    @Test func `the waits of a rehearsed restore come on top of the rehearsal`() throws {
        var plan = Rehearsal.plan([.restoring("loki")])
        plan.steps[0].start = [Self.inStep(30)]
        var times = StepTimes()
        let work = try #require(plan.steps[0].work)
        times.add(RehearsalRecord(scenario: nil, at: Date(), steps: [.init(work: work, seconds: 100, bytes: 1)]))
        let step = try #require(times.forecast(plan).steps["loki"])
        #expect(step.expected == 130 && step.isLowerBound && step.samples == 1)
    }

    @Test func `only the newest runs count`() throws {
        let readings = try (0..<40).map { try PastRun(parts: [.run("rebuild", Double($0))]).reading() }
        let forecast = try #require(StepTimes(readings).forecast(Rehearsal.plan([.running("rebuild")])).total)
        #expect(forecast.samples == StepTimes.most && forecast.expected == 11.5)
    }

    @Test func `a drills parameters are its own`() throws {
        var drill = past, run = past
        drill.isDrill = true
        drill.parameters = ["platform": "drill"]
        run.parameters = ["platform": "kubernetes"]
        #expect(try StepTimes(drill).parameters == nil)
        #expect(try StepTimes(drill, run).parameters == ["platform": "kubernetes"])
    }

    /// The times that the engine records are read back unchanged.
    @Test func `the forecast uses the step times that a run recorded`() async throws {
        let stage = try Rehearsal()
        let plan = Rehearsal.plan([stage.step("a")], checks: ["endpoints"])
        _ = try await stage.run(plan)
        let times = StepTimes([try stage.reading()])
        #expect(times.forecast(plan).total != nil)
        var other = plan
        other.steps[0] = .running("a")
        #expect(times.forecast(other).unknown == ["a"])
    }

    @Test func `the critical path is the longest chain`() throws {
        let stage = try Rehearsal()
        let graph = StepGraph([
            stage.step("a"), stage.step("b", needs: ["a"]), stage.step("c", needs: ["a"]),
            stage.step("d", needs: ["b", "c"]),
        ])
        let weights = ["a": 1.0, "b": 10, "c": 3, "d": 2]
        let path = graph.criticalPath { weights[$0.id] ?? 0 }
        #expect(path.length == 13)
        #expect(path.steps == ["a", "b", "d"])
        #expect(graph.waves.map { $0.map(\.id) } == [["a"], ["b", "c"], ["d"]])
    }
}
