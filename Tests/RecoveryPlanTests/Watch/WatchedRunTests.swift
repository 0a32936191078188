import Documents
import Foundation
import Lab
import Platform
import Testing

@testable import RecoveryPlan

@Suite struct WatchedRunTests {
    private static let diamond = ["a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]]

    @Test func `the critical path is the longest one through what is left`() {
        var course = Course(Self.diamond, expected: ["a": 10, "b": 100, "c": 30, "d": 5])
        #expect(course.run(at: 0).criticalPath == ["a", "b", "d"])
        #expect(course.run(at: 0).remaining == 115)
        course.begin("a", at: 0)
        course.finish("a", at: 10)
        course.begin("b", at: 10)
        course.begin("c", at: 10)
        #expect(course.run(at: 50).remaining == 65)
        course.finish("b", at: 55)
        // The other branch decides now; a step that runs longer than expected counts as about to finish.
        #expect(course.run(at: 55).criticalPath == ["c", "d"])
        #expect(course.run(at: 55).remaining == 5)
    }

    @Test func `the burn-down has a point for each event`() {
        var course = Course(Self.diamond, rto: 300, expected: ["a": 10, "b": 100, "c": 30, "d": 5])
        course.begin("a", at: 0)
        course.finish("a", at: 20)
        #expect(course.run(at: 20).burnDown.map(\.remaining) == [115, 115, 105])
        #expect(course.run(at: 20).rtoLeft == 280)
        #expect(course.run(at: 20).spare == 175)
    }

    @Test func `a wait of a set length counts in what is left, also in the first run`() {
        var record = Course.record(["stop": [], "settle": ["stop"], "check": ["settle"]], rto: 600)
        record.forecast = StepTimes().forecast(
            Rehearsal.plan([
                .running("stop"), .waiting("settle", 300, needs: ["stop"]), .running("check", needs: ["settle"]),
            ]))
        var course = Course(record)
        #expect(course.run(at: 0).remaining == 300)
        course.begin("stop", at: 0)
        course.finish("stop", at: 10)
        course.begin("settle", at: 10)
        #expect(course.run(at: 10).burnDown.map(\.remaining) == [300, 300, 300, 300])
        #expect(course.run(at: 60).remaining == 250)
        #expect(course.run(at: 60).unknown == 1)
        #expect(RunBoard.outlook(course.run(at: 60)) == "at least 4m 10s to go, 4m 50s to spare")
        course.finish("settle", at: 310)
        #expect(
            RunBoard.outlook(course.run(at: 310)) == "remaining time not known (no earlier run timed the open steps)")
    }

    @Test func `a step with a lower bound leaves a lower bound`() {
        var step = Step.running("stop")
        step.start = [AnyAction(WaitAction(.seconds(20)), location: .init(file: "test"))]
        var record = Course.record(["stop": []])
        record.forecast = StepTimes().forecast(Rehearsal.plan([step]))
        let run = Course(record).run(at: 0)
        #expect(run.remaining == 20 && run.unknown == 1)
        #expect(RunBoard.outlook(run) == "at least 20s to go")
    }

    @Test func `waits name the open steps only`() throws {
        var course = Course(Self.diamond)
        course.begin("a", at: 0)
        course.finish("a", at: 1)
        course.begin("b", at: 1)
        course.finish("b", at: 2)
        let run = course.run(at: 2)
        #expect(run.waits(of: try #require(run.steps.first { $0.id == "d" })) == ["c"])
        #expect(run.waves.map { $0.map { run.steps[$0].id } } == [["a"], ["b", "c"], ["d"]])
    }

    @Test func `a resumed run starts its open steps again`() {
        var course = Course(Self.diamond)
        course.begin("a", at: 0)
        course.finish("a", at: 1)
        course.begin("b", at: 1)
        course.fail("b", at: 2, "x")
        course.observe(.runFinished(end: RunEnd(.failed, reasons: ["x"])), at: 3)
        #expect(course.run(at: 60).elapsed == 3)
        course.observe(
            .runResumed(by: RunHolder(person: "p", host: "h", process: 7, boot: "b")), at: 100)
        let run = course.run(at: 100)
        #expect(run.end == nil && run.process == 7)
        #expect(run.steps.map(\.state) == [.done, .waiting, .waiting, .waiting])
    }

    @Test func `a long run keeps a bounded burn-down and log`() {
        var course = Course(["a": []], expected: ["a": 10])
        for number in 0..<5000 {
            course.observe(.noted(text: "note \(number)"), at: Double(number))
        }
        let run = course.observer.run.bounded()
        #expect(run.burnDown.count <= WatchedRun.mostPoints)
        #expect(run.burnDown.first?.seconds == 0 && (run.burnDown.last?.seconds ?? 0) > 4000)
        #expect(run.log.count == WatchedRun.mostLines)
        #expect(run.log.last?.text == "note 4999")
    }

    @Test func `a copy without texts has no text that an action or a server wrote`() throws {
        var course = Course(["a": [], "b": []])
        course.begin("a", at: 0)
        course.fail("a", at: 1, "secret")
        course.observe(.stepSkipped(step: "b", reason: "secret"), at: 1)
        course.observe(.noted(text: "secret"), at: 1)
        course.observe(.runFinished(end: RunEnd(.failed, reasons: ["secret"])), at: 2)
        let whole = String(decoding: try JSONEncoder().encode(course.observer.run), as: UTF8.self)
        let open = String(decoding: try JSONEncoder().encode(course.observer.run.withoutTexts()), as: UTF8.self)
        #expect(whole.contains("secret"))
        #expect(!open.contains("secret"))
    }

    // MARK: Hostile documents

    @Test func `a cycle and needs of unknown steps do no harm`() {
        let run = Course(["a": ["b"], "b": ["a"], "c": ["none", "c"], "d": []], expected: ["a": 5, "d": 2]).run(at: 0)
        #expect(run.waves.flatMap { $0 }.sorted() == [0, 1, 2, 3])
        #expect(run.criticalPath.count <= 4)
        #expect((run.remaining ?? 0) <= 7)
    }

    @Test func `absurd numbers and sizes are brought into bounds`() {
        var run = Course(["a": []], rto: 1, expected: ["a": 1]).run(at: 0)
        run.elapsed = .infinity
        run.startedAt = -.greatestFiniteMagnitude
        run.rto = .nan
        run.steps = (0..<10_000).map { number in
            var step = WatchedStep("s\(number)", needs: (0..<1000).map { "s\($0)" })
            step.expected = .greatestFiniteMagnitude
            step.bytes = .min
            step.attempt = .max
            step.remark = String(repeating: "é", count: 100_000)
            return step
        }
        run.moreSteps = .max
        var transfer = WatchedTransfer(component: "\u{0}\u{202E}", phase: "")
        (transfer.bytes, transfer.totalBytes, transfer.rate) = (.min, .max, .infinity)
        run.transfers = Array(repeating: transfer, count: 5000)
        let bounded = run.bounded()
        #expect(bounded.steps.count == WatchedRun.mostSteps)
        #expect(
            bounded.steps.allSatisfy { ($0.remark?.utf8.count ?? 0) < 1300 && $0.needs.count <= WatchedRun.mostNeeds })
        #expect(bounded.transfers.count == WatchedRun.mostTransfers)
        #expect((bounded.remaining ?? 0).isFinite && (bounded.rtoLeft ?? 0).isFinite)
        for columns in [1, 80] { _ = RunBoard(bounded, on: .init(columns: columns, lines: 1, isUnicode: true)).lines }
    }

    // MARK: Journals

    private static func journal() throws -> [UInt8] {
        let folder = try TemporaryFolder("glance")
        let path = "\(folder.path)/journal.jsonl"
        let journal = try Journal(creating: path)
        try journal.append(.runBegan(run: Course.record(diamond, rto: 60, expected: ["a": 1])))
        try journal.append(.stepBegan(attempt: StepAttempt(step: "a", attempt: 1, about: "stop it")))
        try journal.append(
            .stepFinished(result: StepResult(step: "a", attempt: 1, outcome: .done, seconds: 1, record: .init("ok"))))
        try journal.append(.runFinished(end: RunEnd(.recovered, reasons: [])))
        return [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    @Test func `a journal that is cut at any byte shows what it has`() throws {
        let bytes = try Self.journal()
        let lines = bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }
        var states: Set<Int> = []
        // Around every line break, and at places in between.
        for end in 0...bytes.count where end % 41 == 0 || lines.contains(where: { abs($0 - end) < 3 }) {
            let glance = JournalGlance(Array(bytes.prefix(end)))
            #expect((glance != nil) == (end >= lines[0]))
            guard let glance else { continue }
            #expect(glance.run.defects.isEmpty)
            states.insert(glance.run.count(.done) * 10 + glance.run.count(.running) + (glance.run.end == nil ? 0 : 100))
        }
        #expect(states == [0, 1, 10, 110])
    }

    @Test func `a line of a newer version and a changed line are named, and the rest is shown`() throws {
        let text = String(decoding: try Self.journal(), as: UTF8.self)
        var lines = text.split(separator: "\n").map(String.init)
        lines[1] = lines[1].replacing("step_began", with: "step_dreamt")
        let glance = try #require(JournalGlance(Array((lines.joined(separator: "\n") + "\n").utf8)))
        #expect(glance.run.steps.first?.state == .done)
        #expect(glance.run.end?.verdict == .recovered)
        #expect(glance.run.defects.count == 1)
        lines.remove(at: 1)
        let short = try #require(JournalGlance(Array((lines.joined(separator: "\n") + "\n").utf8)))
        #expect(
            short.run.defects == [
                "the lines of the journal do not follow each other: it was changed after it was written"
            ])
    }

    @Test func `a journal without the needs of its steps has no graph`() throws {
        var record = Course.record(Self.diamond)
        record.needs = nil
        #expect(!WatchedRun(record).hasGraph)
        #expect(WatchedRun(record).waves.count == 1)
        #expect(WatchedRun(Course.record(Self.diamond)).hasGraph)
    }

    @Test(arguments: ["", "\n\n\n", "{}", "{\"sha256\":\"\"}", String(repeating: "[", count: 100_000)])
    func `text that is not a journal gives nothing`(text: String) {
        #expect(JournalGlance(Array(text.utf8)) == nil)
    }
}
