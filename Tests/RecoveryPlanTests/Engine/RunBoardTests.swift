import Foundation
import Testing

@testable import RecoveryPlan

@Suite struct RunBoardTests {
    private static let wall = Date(timeIntervalSince1970: 1_796_000_000)

    /// The board of a run that started when the clock read 100.
    private static func board(_ change: (inout RunRecord) -> Void = { _ in }) -> RunBoard {
        var record = Rehearsal.record(startedAt: wall)
        record.steps = ["stop", "metrics", "logs"]
        change(&record)
        return RunBoard(record, now: 100, wall: wall)
    }

    private static func began(_ step: String, attempt: Int = 1) -> JournalEvent {
        .stepBegan(attempt: StepAttempt(step: step, attempt: attempt))
    }

    private static func finished(_ step: String, _ outcome: StepResult.Outcome, retried: Bool = false) -> JournalEvent {
        .stepFinished(result: StepResult(step: step, attempt: 1, outcome: outcome, seconds: 1, isRetried: retried))
    }

    @Test func `the board counts steps that are done and times those that run`() {
        var board = Self.board()
        board.observe(Self.began("stop"), now: 100)
        board.observe(Self.finished("stop", .done), now: 110)
        board.observe(Self.began("metrics"), now: 110)
        board.observe(Self.began("logs", attempt: 2), now: 150)
        #expect(
            board.lines(["metrics: fetching"], now: 175, height: 24)
                == [
                    "1 of 3 steps done after 1m 15s: test from set 20261123T010000Z", "  metrics: 1m 5s",
                    "  logs: 25s, attempt 2", "  metrics: fetching",
                ])
    }

    @Test func `a step is lost once no attempt follows`() {
        var board = Self.board()
        board.observe(Self.began("metrics"), now: 100)
        board.observe(Self.finished("metrics", .failed, retried: true), now: 101)
        #expect(board.lines([], now: 101, height: 24).first?.hasPrefix("0 of 3") == true)
        board.observe(Self.finished("metrics", .failed), now: 102)
        board.observe(.stepSkipped(step: "logs", reason: "it needs metrics"), now: 102)
        #expect(board.lines([], now: 102, height: 24).first?.hasPrefix("2 failed or skipped, 0 of 3") == true)
    }

    @Test func `a resumed run no longer counts a step that it finds undone`() {
        var board = Self.board()
        board.observe(.stepReproved(step: "stop", holds: true, detail: nil), now: 100)
        #expect(board.lines([], now: 100, height: 24).first?.hasPrefix("1 of 3") == true)
        board.observe(.stepReproved(step: "stop", holds: false, detail: "it runs"), now: 100)
        #expect(board.lines([], now: 100, height: 24).first?.hasPrefix("0 of 3") == true)
    }

    @Test func `the RTO counts from the declaration`() {
        let board = Self.board { record in
            record.rto = 600
            record.declaredAt = Self.wall.addingTimeInterval(-120)
        }
        #expect(board.timeLeft(now: 100) == "8m 0s left of 10m 0s")
        #expect(board.timeLeft(now: 640) == "RTO of 10m 0s exceeded by 1m 0s")
        #expect(board.lines([], now: 100, height: 24).first?.hasPrefix("8m 0s left of 10m 0s, 0 of 3") == true)
        #expect(Self.board().timeLeft(now: 640) == nil)
    }

    @Test func `a low screen shows the first lines and the number of the others`() {
        let restores = (1...9).map { "c\($0): fetching" }
        let lines = Self.board().lines(restores, now: 100, height: 7)
        #expect(lines.dropFirst() == ["  c1: fetching", "  c2: fetching", "  c3: fetching", "  and 6 more"])
    }

    @Test func `a step that is rolled back says so`() {
        var board = Self.board()
        board.observe(.rollbackBegan(step: "metrics"), now: 130)
        #expect(board.lines([], now: 135, height: 24).last == "  metrics: 5s, rolling back")
        board.observe(.rollbackFinished(step: "metrics", error: nil), now: 136)
        #expect(board.lines([], now: 136, height: 24).count == 1)
    }
}
