import Documents
import Foundation
import Components
import Synchronization
import Testing

@testable import RecoveryPlan

@Suite struct PlanRunTests {
    private let stage: Rehearsal

    init() throws { stage = try Rehearsal() }

    @Test func `steps follow their needs`() async throws {
        let outcome = try await stage.run(
            Rehearsal.plan([
                stage.step("last", needs: ["left", "right"]), stage.step("left", needs: ["first"]),
                stage.step("right", needs: ["first"]), stage.step("first"),
            ]))
        #expect(outcome.end.verdict == .recovered)
        let log = stage.stage.log
        #expect(log.first == "first" && log.last == "last" && Set(log[1...2]) == ["left", "right"])
    }

    @Test func `independent steps run side by side`() async throws {
        // Each step waits for the other: if they ran in sequence, neither would finish.
        let meeting = Meeting(of: 2)
        for name in ["left", "right"] { stage.stage.on(name) { _ in await meeting.arrive() } }
        let outcome = try await stage.run(Rehearsal.plan([stage.step("left"), stage.step("right")]))
        #expect(outcome.end.verdict == .recovered)
    }

    @Test func `a step that fails twice and then succeeds is done`() async throws {
        stage.stage.fail("flaky", times: 2)
        let outcome = try await stage.run(Rehearsal.plan([stage.step("flaky") { $0.retry.attempts = 3 }]))
        #expect(outcome.end.verdict == .recovered)
        #expect(stage.stage.count("flaky") == 3)
        let results = try stage.results()
        #expect(results.map(\.outcome) == [.failed, .failed, .done])
        #expect(results.map(\.isRetried) == [true, true, false])
    }

    @Test(arguments: [ActionError.Reason.hopeless, .damaged])
    func `a permanent failure is not retried`(_ reason: ActionError.Reason) async throws {
        stage.stage.fail("step", reason)
        let outcome = try await stage.run(Rehearsal.plan([stage.step("step") { $0.retry.attempts = 3 }]))
        #expect(outcome.end.verdict == .failed)
        #expect(stage.stage.count("step") == 1)
    }

    @Test func `a step that hangs ends by its time out`() async throws {
        stage.stage.on("hang") { _ in try await Task.sleep(for: .seconds(600)) }
        let outcome = try await stage.run(Rehearsal.plan([stage.step("hang") { $0.timeout = .hours(5) }]))
        #expect(outcome.end.verdict == .failed)
        #expect(outcome.end.reasons.first?.contains("timed out after 5h") == true)
    }

    /// - Parameter verdict: the verdict of the plan's check.
    private func discarded(_ verdict: CheckResult.Verdict = .passed, ownerShortfall: String? = nil) async throws
        -> (RunOutcome, [String])
    {
        stage.stage.state.withLock { $0.verdicts["loki_ready"] = verdict }
        var restore = StagedRestore(component: "loki", newest: 0, stage: stage.stage)
        (restore.previous, restore.ownerShortfall) = ("/loki.before-20261123T010000Z", ownerShortfall)
        let step = stage.step("loki") { [restore] in
            $0.action = AnyAction(restore, location: Location(file: "test"))
        }
        let outcome = try await stage.run(Rehearsal.plan([step], checks: ["loki_ready"]))
        return (outcome, stage.stage.state.withLock { $0.discarded })
    }

    @Test func `replaced content is discarded once the run is validated`() async throws {
        let (outcome, discarded) = try await discarded()
        #expect(outcome.end.verdict == .recovered && discarded == ["/loki.before-20261123T010000Z"])
    }

    @Test func `replaced content stays when the run is not validated`() async throws {
        let (outcome, discarded) = try await discarded(.failed)
        #expect(outcome.end.verdict == .notValidated && discarded.isEmpty)
    }

    @Test func `data that do not have their owner make a recovery partial`() async throws {
        let (outcome, discarded) = try await discarded(ownerShortfall: "chown it")
        #expect(outcome.end.verdict == .partial && outcome.end.reasons == ["loki: chown it"] && discarded.isEmpty)
    }

    @Test func `abort begins nothing further`() async throws {
        stage.stage.fail("bad")
        let outcome = try await stage.run(
            Rehearsal.plan([stage.step("bad"), stage.step("after", needs: ["bad"]), stage.step("good")]))
        #expect(outcome.end.verdict == .failed)
        #expect(stage.stage.count("after") == 0)
        #expect(outcome.end.isResumable)
    }

    @Test func `abort cancels running steps`() async throws {
        let meeting = Meeting(of: 2)
        stage.stage.on("bad") { _ in
            await meeting.arrive()
            throw ActionError(.failed, operation: "bad", "as rehearsed")
        }
        stage.stage.on("long") { _ in
            await meeting.arrive()
            try await Task.sleep(for: .seconds(600))
        }
        let outcome = try await stage.run(Rehearsal.plan([stage.step("bad"), stage.step("long")]))
        #expect(outcome.end.verdict == .failed)
        #expect(try stage.results().first { $0.step == "long" }?.outcome == .cancelled)
    }

    @Test func `continue skips the steps that depend on the failed step`() async throws {
        stage.stage.fail("bad")
        let outcome = try await stage.run(
            Rehearsal.plan([
                stage.step("bad") { $0.onFailure = .continue }, stage.step("after", needs: ["bad"]),
                stage.step("later", needs: ["after"]), stage.step("good"),
            ]))
        #expect(outcome.end.verdict == .partial)
        #expect(stage.stage.log.sorted() == ["bad", "good"])
        let skipped = try stage.reading().lines.compactMap { line -> String? in
            if case .stepSkipped(let step, _) = line.body.event { step } else { nil }
        }
        #expect(skipped == ["after", "later"])
    }

    @Test func `proceed runs the steps that depend on the failed step`() async throws {
        stage.stage.fail("bad")
        let outcome = try await stage.run(
            Rehearsal.plan([
                stage.step("bad") { $0.onFailure = .proceed }, stage.step("after", needs: ["bad"]),
                stage.step("later", needs: ["after"]),
            ]))
        #expect(outcome.end.verdict == .partial)
        #expect(outcome.end.reasons.contains { $0.contains("step 'bad' failed") })
        #expect(stage.stage.log == ["bad", "after", "later"])
    }

    @Test func `rollback undoes the latest first`() async throws {
        stage.stage.fail("c")
        let steps = ["a", "b", "c"].enumerated().map { index, id in
            stage.step(id, needs: index == 0 ? [] : [["a", "b", "c"][index - 1]]) {
                $0.onFailure = .rollback
                $0.rollback = [stage.act("undo \(id)")]
            }
        }
        stage.stage.fail("undo b")
        let outcome = try await stage.run(Rehearsal.plan(steps))
        #expect(outcome.end.verdict == .rolledBack)
        #expect(stage.stage.log == ["a", "b", "c", "undo c", "undo b", "undo a"])
        #expect(outcome.end.reasons.contains { $0.contains("rollback of step 'b' failed") })
        #expect(!outcome.end.isResumable)
    }

    @Test func `a postcondition that does not hold fails the step`() async throws {
        stage.stage.fail("postcondition")
        let outcome = try await stage.run(
            Rehearsal.plan([
                stage.step("step") {
                    $0.verify = [stage.act("postcondition")]
                    $0.retry.attempts = 2
                }
            ]))
        #expect(outcome.end.verdict == .failed)
        #expect(stage.stage.count("step") == 2)
    }

    @Test func `stopped services are started again after a failure`() async throws {
        stage.stage.fail("step")
        _ = try await stage.run(
            Rehearsal.plan([
                stage.step("step") {
                    $0.stop = [stage.act("stop")]
                    $0.start = [stage.act("start")]
                }
            ]))
        #expect(stage.stage.log == ["stop", "step", "start"])
    }

    @Test func `the result reports a service that could not be started again`() async throws {
        stage.stage.fail("step")
        stage.stage.fail("start")
        let outcome = try await stage.run(
            Rehearsal.plan([
                stage.step("step") {
                    $0.stop = [stage.act("stop")]
                    $0.start = [stage.act("start")]
                }
            ]))
        #expect(outcome.end.reasons.first?.contains("could not be started again") == true)
    }

    @Test(arguments: [true, false])
    func `stopped services are started again when the step hangs or is interrupted`(_ isInterrupted: Bool) async throws
    {
        let meeting = Meeting(of: 2)
        stage.stage.on("step") { _ in
            if isInterrupted { await meeting.arrive() }
            try await Task.sleep(for: .seconds(600))
        }
        let plan = Rehearsal.plan([
            stage.step("step") {
                $0.stop = [stage.act("stop")]
                $0.start = [stage.act("start")]
                $0.timeout = isInterrupted ? .hours(100) : .hours(10)
            }
        ])
        // After an interruption, the services have a minute to start: of real time, so that a busy machine has it too.
        let clock: any Clock<Duration> = isInterrupted ? ContinuousClock() : QuickClock()
        let run = Task { [stage] in try await stage.run(plan, clock: clock) }
        if isInterrupted {
            await meeting.arrive()
            run.cancel()
        }
        #expect(try await run.value.end.verdict == (isInterrupted ? .interrupted : .failed))
        #expect(stage.stage.log == ["stop", "step", "start"])
    }

    @Test func `rollback includes steps that were cancelled`() async throws {
        let meeting = Meeting(of: 2)
        stage.stage.on("bad") { _ in
            await meeting.arrive()
            throw ActionError(.failed, operation: "bad", "as rehearsed")
        }
        stage.stage.on("long") { _ in
            await meeting.arrive()
            try await Task.sleep(for: .seconds(600))
        }
        let steps = ["bad", "long"].map { id in
            stage.step(id) {
                $0.onFailure = .rollback
                $0.rollback = [stage.act("undo \(id)")]
            }
        }
        #expect(try await stage.run(Rehearsal.plan(steps)).end.verdict == .rolledBack)
        #expect(stage.stage.log.suffix(2) == ["undo bad", "undo long"])
    }

    @Test func `checks decide whether it is validated`() async throws {
        stage.stage.state.withLock { $0.verdicts["loki_ready"] = .failed }
        let outcome = try await stage.run(Rehearsal.plan([stage.step("a")], checks: ["loki_ready", "grafana_ready"]))
        #expect(outcome.end.verdict == .notValidated)
        #expect(outcome.judgement.sinceStarted == nil)
        #expect(outcome.judgement.rtoMet == nil)
    }

    @Test func `checks that were all skipped validate nothing`() async throws {
        stage.stage.state.withLock { $0.verdicts = ["loki_ready": .skipped, "grafana_ready": .skipped] }
        let outcome = try await stage.run(Rehearsal.plan([stage.step("a")], checks: ["loki_ready", "grafana_ready"]))
        #expect(outcome.end.verdict == .notValidated)
        #expect(
            outcome.end.reasons == ["no check ran: there was nothing to check for loki_ready, grafana_ready"])
        #expect(outcome.judgement.sinceStarted == nil)
        #expect(outcome.end.isResumable)
    }

    @Test func `one check that passed is enough`() async throws {
        stage.stage.state.withLock { $0.verdicts["loki_ready"] = .skipped }
        let outcome = try await stage.run(Rehearsal.plan([stage.step("a")], checks: ["loki_ready", "grafana_ready"]))
        #expect(outcome.end.verdict == .recovered)
    }

    @Test func `a plan without checks stands by its postconditions`() async throws {
        let outcome = try await stage.run(Rehearsal.plan([stage.step("a")]))
        #expect(outcome.end.verdict == .recovered && outcome.checks.isEmpty)
    }

    @Test func `a cancelled run is to be resumed`() async throws {
        let meeting = Meeting(of: 2)
        stage.stage.on("b") { number in
            guard number == 1 else { return }
            await meeting.arrive()
            try await Task.sleep(for: .seconds(600))
        }
        let plan = Rehearsal.plan([
            stage.step("a"), stage.step("b", needs: ["a"]), stage.step("c", needs: ["b"]),
        ])
        let run = Task { [stage] in try await stage.run(plan) }
        await meeting.arrive()
        run.cancel()
        #expect(try await run.value.end.verdict == .interrupted)
        #expect(try await stage.resume(plan).end.verdict == .recovered)
        #expect(stage.stage.log == ["a", "b", "b", "c"])
    }

    @Test(arguments: [true, false]) func `only a cancelled run that is not a drill names --resume`(
        _ isDrill: Bool
    ) async throws {
        let meeting = Meeting(of: 2)
        stage.stage.on("a") { _ in
            await meeting.arrive()
            try await Task.sleep(for: .seconds(600))
        }
        let plan = Rehearsal.plan([stage.step("a")])
        var record = Rehearsal.record()
        record.isDrill = isDrill
        let run = Task { [stage, record] in try await stage.run(plan, record: record) }
        await meeting.arrive()
        run.cancel()
        let reasons = try await run.value.end.reasons
        #expect(reasons == [isDrill ? "interrupted" : "interrupted; resume the run with --resume run"])
    }

    @Test func `a thousand steps in a chain are done`() async throws {
        let steps = (0..<1000).map { stage.step("s\($0)", needs: $0 == 0 ? [] : ["s\($0 - 1)"]) }
        let outcome = try await stage.run(Rehearsal.plan(steps))
        #expect(outcome.end.verdict == .recovered)
        #expect(stage.stage.log.count == 1000)
    }
}

extension Rehearsal {
    func results() throws -> [StepResult] {
        try reading().lines.compactMap { if case .stepFinished(let result) = $0.body.event { result } else { nil } }
    }
}

/// A barrier that releases its tasks after all have arrived.
actor Meeting {
    private let size: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []
    init(of size: Int) { self.size = size }

    func arrive() async {
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            guard waiting.count == size else { return }
            for one in waiting { one.resume() }
            waiting = []
        }
    }
}
