import Foundation
import Lab
import Components
import Platform
import RecoveryPlan
import Testing

@testable import Reporting

@Suite struct EvidenceTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/journal.jsonl" }

    init() throws { folder = try TemporaryFolder("evidence") }

    /// The journal of a small run.
    private func reading(
        isDrill: Bool = false, noticed: Bool? = nil, liveAfter: String = "same", end: RunEnd.Verdict = .recovered,
        check: CheckResult.Verdict = .passed, audit: AuditContext? = nil, extra: [JournalEvent] = [],
        forecast: RunForecast? = nil
    ) throws -> JournalReading {
        let holder = RunHolder(person: "ada", host: "vault", process: 7, boot: MonotonicClock.boot)
        let identity = RunIdentity(id: "r", stack: "lab", scenario: "loss", set: "20261123T010000Z")
        var record = RunRecord(
            identity: identity, isDrill: isDrill, procedure: nil, planDigest: "p", parameters: [:], setDigest: "s",
            components: ["prometheus"], tool: "dr 1", holder: holder,
            startedAt: Date(timeIntervalSince1970: 1_800_000_000))
        record.steps = ["declare", "prometheus", "late"]
        record.rto = 3600
        record.rpo = 3600
        record.forecast = forecast
        let journal = try Journal(creating: path)
        try journal.append(.runBegan(run: record))
        for event in extra { try journal.append(event) }
        if isDrill { try journal.append(.liveStack(component: "prometheus", isAfter: false, digest: "same")) }
        try journal.append(.stepBegan(attempt: StepAttempt(step: "declare", attempt: 1)))
        try journal.append(.stepFinished(result: StepResult(step: "declare", attempt: 1, outcome: .done, seconds: 1)))
        try journal.append(.stepBegan(attempt: StepAttempt(step: "prometheus", attempt: 1)))
        try journal.append(
            .stepFinished(
                result: StepResult(
                    step: "prometheus", attempt: 1, outcome: .failed, seconds: 1, error: "no", isRetried: true)))
        try journal.append(.stepBegan(attempt: StepAttempt(step: "prometheus", attempt: 2)))
        var done = ActionRecord("restored prometheus")
        done.restored = RestoredComponent(
            component: "prometheus", set: "20261123T010000Z", newest: 1_799_999_000_000, files: 3, bytes: 9)
        try journal.append(
            .stepFinished(result: StepResult(step: "prometheus", attempt: 2, outcome: .done, seconds: 2, record: done)))
        try journal.append(
            .checksFinished(checks: [
                CheckResult("prometheus_ready", component: "prometheus", check, measured: "m", target: "t")
            ]))
        if check == .passed { try journal.append(.reached(milestone: .validated)) }
        if let noticed {
            try journal.append(
                .negativeControl(damage: "a byte", expected: ["x"], red: noticed ? ["x"] : [], noticed: noticed))
        }
        if isDrill { try journal.append(.liveStack(component: "prometheus", isAfter: true, digest: liveAfter)) }
        try journal.append(.runFinished(end: RunEnd(end, reasons: [])))
        if let audit { try journal.append(.audited(context: audit)) }
        return try JournalReading(path: path)
    }

    /// The draws of a drill of set 20261123T010000Z, after the entry with the hash `before`.
    private func lottery(before: String = "e", scenario: String = "loss") -> Lottery {
        Lottery(set: "20261123T010000Z", setDigest: "s", ledger: before, scenario: scenario)
    }

    private func proof(_ events: [JournalEvent]) throws -> ReportVerification.Refusal? {
        let reading = try reading(isDrill: true, noticed: true, extra: events)
        let file = "\(folder.path)/report.json"
        try Data(Report(Evidence(reading)).document).write(to: URL(filePath: file))
        do { _ = try ReportVerification.verify(file) } catch { return error }
        return nil
    }

    @Test func `a report with its own draws is verified`() throws {
        var drawn = lottery()
        _ = drawn.draw("set", from: ["20261123T010000Z"])
        var later = lottery()
        _ = later.draw("fault", from: ["missing_pack", "old_set"])
        let begin = LedgerBegin(number: 2, previousNumber: 1, previous: "e")
        #expect(try proof([.ledger(begin: begin), .lottery(lottery: drawn), .lottery(lottery: later)]) == nil)
    }

    @Test func `a report whose draws do not follow from the ledger is refused`() throws {
        let begin = LedgerBegin(number: 2, previousNumber: 1, previous: "other")
        let refusal = try proof([.ledger(begin: begin), .lottery(lottery: lottery())])
        #expect(refusal?.detail.contains("another entry of the ledger") == true)
    }

    @Test(arguments: [
        "a chosen seed", "another set than the drawn one", "a second seed", "another scenario",
        "another pack than the drawn one",
    ])
    func `a report with steered draws is refused`(_ fault: String) throws {
        var first = lottery(scenario: fault == "another scenario" ? "other" : "loss")
        var events: [JournalEvent] = []
        switch fault {
        case "a chosen seed": first.seed = "0"
        case "another set than the drawn one": _ = first.draw("set", from: ["20261101T000000Z"])
        case "a second seed": events = [.lottery(lottery: lottery(before: "f"))]
        case "another pack than the drawn one":
            _ = first.draw("fault", from: ["missing_pack"])
            _ = first.draw("missing_pack pack", from: ["0123"])
        default: break
        }
        #expect(try proof([.lottery(lottery: first)] + events) != nil)
    }

    /// A drill whose checks were all skipped is inconclusive; a drill whose check failed has failed.
    @Test(arguments: [(CheckResult.Verdict.skipped, Evidence.Verdict.inconclusive), (.failed, .failed)])
    func `a drill that looked at nothing is void`(_ check: CheckResult.Verdict, _ verdict: Evidence.Verdict) throws {
        #expect(try Evidence(reading(isDrill: true, end: .notValidated, check: check)).verdict == verdict)
    }

    @Test func `one measurement is shown without a range`() {
        #expect(Spell.range(TimeForecast([4])) == "4.00 s (one sample, no range)")
        #expect(Spell.range(TimeForecast([3, 9])) == "6.00 s (3.00 s to 9.00 s, 2 samples)")
        let rehearsed = TimeForecast(expected: 6, low: 3, high: 9, samples: 2, basis: .rehearsal)
        #expect(Spell.range(rehearsed) == "at least 3.00 s (rehearsal)" && rehearsed.text.hasPrefix("at least 3.0s"))
    }

    @Test(arguments: [(TimeForecast.Basis.rehearsal, false), (.span, true)])
    func `a lower bound of a step is no upper bound`(_ basis: TimeForecast.Basis, _ isDeviation: Bool) throws {
        let forecast = RunForecast(
            StepGraph([]), ["late": TimeForecast(expected: 6, low: 3, high: 9, samples: 2, basis: basis)])
        let finished = JournalEvent.stepFinished(
            result: StepResult(step: "late", attempt: 1, outcome: .done, seconds: 100))
        let deviations = try Evidence(reading(extra: [finished], forecast: forecast)).deviations
        let words = "step 'late' took longer than expected: 100.0 s, forecast was at most 9.00 s"
        #expect(
            deviations.contains(words) == isDeviation && deviations.contains { $0.contains("'late'") } == isDeviation)
    }

    @Test func `the evidence matches the journal`() throws {
        let evidence = try Evidence(reading())
        #expect(evidence.verdict == .passed)
        #expect(evidence.steps.map(\.id) == ["declare", "prometheus", "late"])
        #expect(evidence.steps.map(\.outcome) == ["done", "done", "not begun"])
        #expect(evidence.steps[1].attempts == 2)
        #expect(evidence.rpo.components.first?.loss == 1000)
        #expect(evidence.rpo.met == true && evidence.rto.met == true)
        #expect(evidence.deviations == ["step 'prometheus' needed 2 attempts"])
    }

    @Test func `a recovery that is not validated meets no objective`() throws {
        let evidence = try Evidence(reading(end: .notValidated, check: .failed))
        #expect(evidence.verdict == .failed)
        #expect(evidence.rto.met == nil)
        #expect(evidence.rpo.components.first?.newest == nil)
        #expect(evidence.rpo.met == false)
    }

    @Test(arguments: [
        (Bool?.none, "same", RunEnd.Verdict.recovered, Evidence.Verdict.inconclusive),
        (true, "same", .recovered, .passed),
        (false, "same", .recovered, .inconclusive), (true, "other", .recovered, .inconclusive),
        (true, "same", .late, .late),
        (nil, "same", .notValidated, .failed), (true, "same", .interrupted, .inconclusive),
        (true, "same", .partial, .failed),
    ])
    func `a drill must have been able to fail`(
        _ noticed: Bool?, _ live: String, _ end: RunEnd.Verdict, _ verdict: Evidence.Verdict
    ) throws {
        let evidence = try Evidence(reading(isDrill: true, noticed: noticed, liveAfter: live, end: end))
        #expect(evidence.verdict == verdict)
        #expect(
            (evidence.verdict == .passed) == evidence.reasons.isEmpty || end == .late || end == .notValidated
                || end == .interrupted || end == .partial)
    }

    // MARK: Verification

    private func write(_ report: Report) throws -> String {
        for format in Report.Format.allCases {
            try Data(report.rendered(as: format)).write(to: folder.url.appending(path: "report.\(format.rawValue)"))
        }
        return "\(folder.path)/report"
    }

    @Test(arguments: Report.Format.allCases)
    func `a report belongs to its journal`(_ format: Report.Format) throws {
        let report = try Report(Evidence(reading(), correctiveActions: [.init(action: "a", owner: "o", due: "d")]))
        let stem = try write(report)
        let proof = try ReportVerification.verify("\(stem).\(format.rawValue)", journal: path)
        #expect(proof.lines == 10 && proof.digest == report.digest && proof.verdict == .passed)
    }

    @Test func `a file that is far too long for a report is refused before it is parsed`() throws {
        let file = "\(try write(try Report(Evidence(reading())))).json"
        truncate(file, (256 << 20) + 1)
        let error = try #require(throws: ReportVerification.Refusal.self) { try ReportVerification.verify(file) }
        #expect("\(error)".contains("it has more than 256 MiB: dr writes no report that large"), "\(error)")
    }

    @Test(arguments: Report.Format.allCases)
    func `no byte of it can be changed`(_ format: Report.Format) throws {
        let stem = try write(try Report(Evidence(reading())))
        let file = URL(filePath: "\(stem).\(format.rawValue)")
        let whole = try Data(contentsOf: file)
        // Verifying every byte would take too long; a step without a common factor with the layout covers all kinds.
        for index in stride(from: 0, to: whole.count, by: max(1, whole.count / 97)) {
            var altered = whole
            altered[index] ^= 1
            try altered.write(to: file)
            #expect(throws: ReportVerification.Refusal.self, "byte \(index)") {
                try ReportVerification.verify(file.path)
            }
        }
        try whole.write(to: file)
        _ = try ReportVerification.verify(file.path)
    }

    @Test func `a report of the first schema stays verifiable`() throws {
        let evidence = try Evidence(reading(), schema: Evidence.firstSchema)
        #expect(evidence.controls.map(\.control) == ["A1.2", "A1.3", "A.8.13", "A.8.14", "8.5"])
        let report = try Report(evidence)
        let text = String(decoding: report.document, as: UTF8.self)
        for member in ["segregation", "review\"", "lastShown", "cadence", "\"reason\""] {
            #expect(!text.contains(member), "\(member)")
        }
        let stem = try write(report)
        for format in Report.Format.allCases {
            let proof = try ReportVerification.verify("\(stem).\(format.rawValue)")
            #expect(proof.digest == report.digest)
        }
    }

    @Test func `the facts around a run are part of its evidence`() throws {
        let run = RunProvenance(host: "vault", boot: "b", account: "ada", networks: ["10.0.3.0/24"])
        var earlier = TestRecord(
            at: "2026-11-01T00:00:00.000Z", activity: .verification, succeeded: true, verdict: "good",
            components: ["prometheus"])
        earlier.run = "v"
        let audit = AuditContext(
            run: run, sources: ["20261123T010000Z": run], components: ["prometheus", "grafana"], history: [earlier])
        let evidence = try Evidence(
            reading(isDrill: true, noticed: true, audit: audit), review: Review(by: "ada", at: "d"))
        #expect(evidence.verdict == .passed && evidence.segregation?.verdict == .notShown)
        func row(_ control: String) -> ControlFinding? { evidence.controls.first { $0.control == control } }
        // The drill ran on the host that made the backup.
        #expect(row("art. 12(3)")?.verdict == .notShown)
        #expect(row("A.8.13")?.reason == "not tested within a year: grafana")
        #expect(row("RC.RP-03")?.verdict == .met)
        #expect(row("CP-4")?.verdict == .met)
        let stem = try write(try Report(evidence))
        _ = try ReportVerification.verify("\(stem).html", journal: path)
        let page = try String(contentsOfFile: "\(stem).md", encoding: .utf8)
        #expect(page.contains("## Segregation of backup and run") && page.contains("| not shown |"))
    }

    @Test func `report verification refuses a different journal`() throws {
        let stem = try write(try Report(Evidence(reading())))
        let other = "\(folder.path)/other.jsonl"
        try Data("{}\n".utf8).write(to: URL(filePath: other))
        let refusal = #expect(throws: ReportVerification.Refusal.self) {
            try ReportVerification.verify("\(stem).json", journal: other)
        }
        #expect(refusal?.detail.contains("its journal differs") == true)
    }
}
