import Foundation
import Testing

@testable import RecoveryPlan

@Suite struct ResumeTests {
    /// A crash after every line of the journal: the lines up to it stay, nothing else does. What was done and is
    /// proved is not done again, what was not is done, and the run ends as if nothing had happened.
    @Test func aRunThatDiesAfterAnyLineIsResumed() async throws {
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
                #expect(stage.stage.count("prove \(step)") == 1)
            }
            let order = stage.stage.log.filter { !$0.hasPrefix("prove") }
            #expect(order == ["a", "b", "c"].filter { !done.contains($0) })
            #expect(try stage.reading().end?.verdict == .recovered)
        }
    }

    @Test func aCrashInMidLineIsACrashBeforeIt() async throws {
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

    @Test func whatNoLongerHoldsIsDoneAgain() async throws {
        let stage = try Rehearsal()
        stage.stage.fail("c", times: 1)
        #expect(try await stage.run(Self.plan(stage)).end.verdict == .failed)
        // Meanwhile somebody undid the first step.
        stage.stage.on("prove a") { number in
            if number == 2 { throw ActionError(.notSo, "prove a", "it is gone") }
        }
        #expect(try await stage.resume(Self.plan(stage)).end.verdict == .recovered)
        #expect(stage.stage.count("a") == 2)
        #expect(stage.stage.count("b") == 1)
        let reproofs = try stage.reading().lines.compactMap { line -> String? in
            if case .stepReproved(let step, let holds, _) = line.body.event { "\(step) \(holds)" } else { nil }
        }
        #expect(reproofs == ["a false", "b true"])
    }

    @Test func aRollbackThatDiedIsFinishedAndNothingElse() async throws {
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
        for count in (first + 1)..<lines.count {
            let stage = try Rehearsal()
            let text = lines[..<count].map(\.text).joined(separator: "\n") + "\n"
            try Data(text.utf8).write(to: URL(filePath: stage.journalPath))
            #expect(try await stage.resume(plan(stage)).end.verdict == .rolledBack)
            let undone = lines[..<count].count { if case .rollbackFinished = $0.body.event { true } else { false } }
            #expect(stage.stage.log == Array(["undo c", "undo b", "undo a"].dropFirst(undone)), "after line \(count)")
        }
    }

    private static func plan(_ stage: Rehearsal) -> Plan {
        Rehearsal.plan(
            [
                stage.step("a") { $0.verify = [stage.act("prove a")] },
                stage.step("b", needs: ["a"]) { $0.verify = [stage.act("prove b")] },
                stage.step("c", needs: ["b"]) { $0.verify = [stage.act("prove c")] },
            ], checks: ["x_ready"])
    }
}
