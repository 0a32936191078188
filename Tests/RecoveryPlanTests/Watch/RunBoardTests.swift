import Foundation
import Platform
import Testing

@testable import RecoveryPlan

@Suite struct RunBoardTests {
    private static let screen = RunBoard.Screen(columns: 100, lines: 24)

    private static func lines(
        _ course: Course, at elapsed: Double, on screen: RunBoard.Screen = screen
    ) -> [String] {
        RunBoard(course.run(at: elapsed), on: screen).lines
    }

    @Test func `the board shows what is done, what runs, what is retried and what waits`() {
        var course = Course(["stop": [], "metrics": ["stop"], "logs": ["stop"], "boards": ["metrics", "logs"]])
        course.begin("stop", at: 0)
        course.finish("stop", at: 10)
        course.begin("metrics", at: 10)
        course.begin("logs", at: 12)
        course.fail("logs", at: 20, "HTTP 500\nhint: look", isRetried: true)
        #expect(
            Self.lines(course, at: 75) == [
                "1 of 4 steps done after 1m 15s: test from set 20261123T010000Z",
                " 1 +  stop     done in 10s",
                " 2 ~  logs     attempt 1 failed, retries: HTTP 500",
                "   >  metrics  1m 5s",
                " 3 .  boards   waits for logs, metrics",
            ])
        course.begin("logs", at: 80, attempt: 2)
        #expect(Self.lines(course, at: 85).contains { $0.hasSuffix("logs     5s, attempt 2, 1 failed: HTTP 500") })
    }

    @Test func `the forecast of what is left stands beside the time left`() {
        var course = Course(["stop": [], "metrics": ["stop"]], rto: 600, expected: ["stop": 10, "metrics": 120])
        course.begin("stop", at: 0)
        course.finish("stop", at: 10)
        course.begin("metrics", at: 10)
        #expect(
            Self.lines(course, at: 40).first
                == "9m 20s left of 10m 0s [#...............], about 1m 30s to go, 7m 50s to spare")
        #expect(Self.lines(course, at: 40).last == " 2 > *metrics [##........]  30s of about 2m 0s")
        #expect(
            Self.lines(course, at: 590).first
                == "10s left of 10m 0s [###############.], about 0s to go, 10s to spare")
        #expect(Self.lines(course, at: 640).first?.hasPrefix("RTO of 10m 0s exceeded by 40s") == true)
    }

    @Test func `a step without an earlier time makes the forecast a lower bound`() {
        let course = Course(["stop": [], "metrics": ["stop"]], rto: 100, expected: ["stop": 130])
        #expect(
            Self.lines(course, at: 0).first?.hasSuffix("at least 2m 10s to go, 30s too long") == true)
    }

    @Test func `a step is lost once no attempt follows`() {
        var course = Course(["metrics": [], "logs": ["metrics"]])
        course.begin("metrics", at: 0)
        course.fail("metrics", at: 1, "x", isRetried: true)
        #expect(Self.lines(course, at: 1).first?.hasPrefix("0 of 2") == true)
        course.fail("metrics", at: 2, "x")
        course.observe(.stepSkipped(step: "logs", reason: "it needs metrics"), at: 2)
        #expect(Self.lines(course, at: 2).first?.hasPrefix("2 failed or skipped, 0 of 2") == true)
    }

    @Test func `a resumed run no longer counts a step that it finds undone`() {
        var course = Course(["stop": []])
        course.observe(.stepReproved(step: "stop", holds: true, detail: nil), at: 0)
        #expect(Self.lines(course, at: 0).first?.hasPrefix("1 of 1") == true)
        course.observe(.stepReproved(step: "stop", holds: false, detail: "it runs"), at: 0)
        #expect(Self.lines(course, at: 0).first?.hasPrefix("0 of 1") == true)
    }

    @Test func `the RTO counts from the declaration`() {
        let course = Course(["stop": []], rto: 600, declaredBefore: 120)
        #expect(RunBoard.timeLeft(course.run(at: 0)) == "8m 0s left of 10m 0s")
        #expect(RunBoard.timeLeft(course.run(at: 540)) == "RTO of 10m 0s exceeded by 1m 0s")
        #expect(RunBoard.timeLeft(Course(["stop": []]).run(at: 540)) == nil)
    }

    @Test func `a low screen shows what works and fails, and counts the others`() {
        var course = Course(
            Dictionary((1...9).map { ("s\($0)", $0 > 1 ? ["s\($0 - 1)"] : []) }) { first, _ in first })
        for step in 1...4 {
            course.begin("s\(step)", at: Double(step))
            course.finish("s\(step)", at: Double(step))
        }
        course.begin("s5", at: 5)
        let lines = Self.lines(course, at: 6, on: .init(columns: 80, lines: 8))
        #expect(lines.count == 5)
        #expect(lines[1].contains("s5"))
        #expect(lines.last == "   and 2 waiting, 4 done")
    }

    @Test func `transfers stay on a low screen`() {
        var run = Course(Dictionary((1...9).map { ("s\($0)", []) }) { first, _ in first }).run(at: 1)
        var transfer = WatchedTransfer(component: "loki", phase: "fetching")
        transfer.bytes = 512 << 20
        transfer.totalBytes = 2 << 30
        transfer.rate = 64 * 1_048_576
        run.transfers = [transfer]
        let lines = RunBoard(run, on: .init(columns: 100, lines: 8)).lines
        #expect(lines.last == "   v loki: fetching 512 MiB of 2.00 GiB (25%), 64.0 MiB/s, 24s left")
    }

    @Test(arguments: [4, 20, 40, 60, 80, 120, 300])
    func `no line is as wide as the screen`(columns: Int) {
        var course = Course(
            ["stop": [], "漢字漢字漢字漢字漢字漢字漢字漢字漢字": ["stop"]], rto: 600, expected: ["stop": 10])
        course.begin("stop", at: 0)
        course.fail("stop", at: 4, String(repeating: "long ", count: 90), isRetried: true)
        for isUnicode in [true, false] {
            let screen = RunBoard.Screen(columns: columns, lines: 24, isUnicode: isUnicode)
            for line in Self.lines(course, at: 5, on: screen) {
                #expect(Terminal.columns(of: line) < columns)
                #expect(isUnicode || line.unicodeScalars.allSatisfy { $0.isASCII || $0 == "漢" || $0 == "字" })
            }
        }
    }

    @Test func `colours change nothing but the colour`() {
        var course = Course(["stop": [], "metrics": ["stop"]], rto: 600, expected: ["stop": 10])
        course.begin("stop", at: 0)
        let plain = Self.lines(course, at: 5)
        let coloured = Self.lines(course, at: 5, on: .init(columns: 100, lines: 24, hasColour: true))
        #expect(coloured != plain)
        #expect(coloured.map { $0.replacing(#/\u{1B}\[\d+m/#, with: "") } == plain)
    }

    @Test func `a step that is rolled back says so`() {
        var course = Course(["metrics": []])
        course.observe(.rollbackBegan(step: "metrics"), at: 30)
        #expect(Self.lines(course, at: 35).last?.hasSuffix("metrics  5s, rolling back") == true)
        course.observe(.rollbackFinished(step: "metrics", error: nil), at: 36)
        #expect(Self.lines(course, at: 36).last?.hasSuffix("metrics  rolled back") == true)
    }

    @Test func `control characters of a hostile journal do not reach the terminal`() {
        var course = Course(["a\u{1B}[2J": []])
        course.begin("a\u{1B}[2J", at: 0)
        course.fail("a\u{1B}[2J", at: 1, "x\u{1B}]0;y\u{7}")
        #expect(Self.lines(course, at: 1).allSatisfy { !$0.unicodeScalars.contains { $0.value < 0x20 } })
    }
}
