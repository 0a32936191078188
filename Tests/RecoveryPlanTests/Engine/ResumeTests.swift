import Foundation
import Testing

@testable import RecoveryPlan

@Suite struct ResumeTests {
    /// A crash after each line of the journal, which keeps only the lines up to it. The resumed run skips verified
    /// steps, runs the others, and succeeds.
    @Test func `a run that dies after any line is resumed`() async throws {
        let whole = try Rehearsal()
        _ = try await whole.run(Self.plan(whole))
        let lines = try whole.reading().lines
        #expect(lines.count == 10)
        for count in 1..<lines.count {
            let stage = try Rehearsal()
            let text = lines[..<count].map(\.text).joined(separator: "\n") + "\n"
            try Data(text.utf8).write(to: URL(filePath: stage.journalPath))
            let done = Set(
                lines[..<count].compactMap { line -> String? in
                    if case .stepFinished(let result) = line.body.event { result.step } else { nil }
                })
            let outcome = try await stage.resume(Self.plan(stage))
            #expect(outcome.end.verdict == .recovered, "after line \(count)")
            for step in ["a", "b", "c"] {
                #expect(stage.stage.count(step) == (done.contains(step) ? 0 : 1), "\(step) after line \(count)")
                #expect(stage.stage.count("verify \(step)") == 1)
            }
            let order = stage.stage.log.filter { !$0.hasPrefix("verify") }
            #expect(order == ["a", "b", "c"].filter { !done.contains($0) })
            #expect(try stage.reading().end?.verdict == .recovered)
        }
    }

    @Test func `a crash in mid line is a crash before it`() async throws {
        let whole = try Rehearsal()
        _ = try await whole.run(Self.plan(whole))
        let bytes = try Data(contentsOf: URL(filePath: whole.journalPath))
        let second = try #require(bytes.firstIndex(of: UInt8(ascii: "\n"))) + 40
        let stage = try Rehearsal()
        try bytes.prefix(second).write(to: URL(filePath: stage.journalPath))
        #expect(try stage.reading().isTorn)
        #expect(try await stage.resume(Self.plan(stage)).end.verdict == .recovered)
        #expect(try !stage.reading().isTorn)
    }

    @Test func `resume repeats a step whose effect no longer holds`() async throws {
        let stage = try Rehearsal()
        stage.stage.fail("c", times: 1)
        #expect(try await stage.run(Self.plan(stage)).end.verdict == .failed)
        // The effect of the first step was undone in the meantime.
        stage.stage.on("verify a") { number in
            if number == 2 { throw ActionError(.notSo, operation: "verify a", "the file is missing") }
        }
        #expect(try await stage.resume(Self.plan(stage)).end.verdict == .recovered)
        #expect(stage.stage.count("a") == 2)
        #expect(stage.stage.count("b") == 1)
        let reproofs = try stage.reading().lines.compactMap { line -> String? in
            if case .stepReproved(let step, let holds, _) = line.body.event { "\(step) \(holds)" } else { nil }
        }
        #expect(reproofs == ["a false", "b true"])
    }

    @Test func `a rollback that died is finished and nothing else`() async throws {
        func plan(_ stage: Rehearsal) -> Plan {
            Rehearsal.plan(
                ["a", "b", "c"].map { id in
                    stage.step(id, needs: id == "a" ? [] : id == "b" ? ["a"] : ["b"]) {
                        $0.onFailure = .rollback
                        $0.rollback = [stage.act("undo \(id)")]
                    }
                })
        }
        let whole = try Rehearsal()
        whole.stage.fail("c")
        _ = try await whole.run(plan(whole))
        let lines = try whole.reading().lines
        let first = try #require(
            lines.firstIndex { if case .rollbackBegan = $0.body.event { true } else { false } })
        // After the last failure, before the first line of the rollback.
        for count in first..<lines.count {
            let stage = try Rehearsal()
            let text = lines[..<count].map(\.text).joined(separator: "\n") + "\n"
            try Data(text.utf8).write(to: URL(filePath: stage.journalPath))
            #expect(try await stage.resume(plan(stage)).end.verdict == .rolledBack)
            let undone = lines[..<count].count { if case .rollbackFinished = $0.body.event { true } else { false } }
            #expect(stage.stage.log == Array(["undo c", "undo b", "undo a"].dropFirst(undone)), "after line \(count)")
        }
    }

    /// The run crashes between a step's last failure and the first line of its rollback, while another step is running.
    /// It crashes again when it is resumed.
    @Test func `a run that dies before its rollback rolls back`() async throws {
        func plan(_ stage: Rehearsal) -> Plan {
            Rehearsal.plan(
                ["done", "bad", "under_way"].map { id in
                    stage.step(id) {
                        $0.onFailure = .rollback
                        $0.retry.attempts = 2
                        $0.rollback = [stage.act("undo \(id)")]
                    }
                })
        }
        let stage = try Rehearsal()
        do {
            let journal = try Journal(creating: stage.journalPath)
            try journal.append(.runBegan(run: Rehearsal.record()))
            for id in ["done", "bad", "under_way"] {
                try journal.append(.stepBegan(attempt: StepAttempt(step: id, attempt: 1)))
            }
            try journal.append(
                .stepFinished(result: StepResult(step: "done", attempt: 1, outcome: .done, seconds: 0)))
            try journal.append(.stepFinished(result: Self.failure(attempt: 1, isRetried: true)))
            try journal.append(.stepBegan(attempt: StepAttempt(step: "bad", attempt: 2)))
            try journal.append(.stepFinished(result: Self.failure(attempt: 2, isRetried: false)))
            try journal.append(.runResumed(by: Rehearsal.record().holder))
        }
        let outcome = try await stage.resume(plan(stage))
        #expect(outcome.end.verdict == .rolledBack)
        #expect(outcome.end.reasons == ["step 'bad' failed: no"])
        #expect(stage.stage.log == ["undo bad", "undo under_way", "undo done"])
    }

    /// The first of two attempts failed: the resumed run makes the second, wherever the run crashed.
    @Test func `a failure with attempts left does not trigger a rollback`() async throws {
        let stage = try Rehearsal()
        do {
            let journal = try Journal(creating: stage.journalPath)
            try journal.append(.runBegan(run: Rehearsal.record()))
            try journal.append(.stepBegan(attempt: StepAttempt(step: "bad", attempt: 1)))
            try journal.append(.stepFinished(result: Self.failure(attempt: 1, isRetried: true)))
        }
        let step = stage.step("bad") {
            $0.onFailure = .rollback
            $0.rollback = [stage.act("undo bad")]
        }
        #expect(try await stage.resume(Rehearsal.plan([step])).end.verdict == .recovered)
        #expect(stage.stage.log == ["bad"])
    }

    private static func failure(attempt: Int, isRetried: Bool) -> StepResult {
        StepResult(
            step: "bad", attempt: attempt, outcome: .failed, seconds: 0, error: "no", isRetried: isRetried)
    }

    private static func plan(_ stage: Rehearsal) -> Plan {
        Rehearsal.plan(
            [
                stage.step("a") { $0.verify = [stage.act("verify a")] },
                stage.step("b", needs: ["a"]) { $0.verify = [stage.act("verify b")] },
                stage.step("c", needs: ["b"]) { $0.verify = [stage.act("verify c")] },
            ], checks: ["x_ready"])
    }
}
