import Cryptography
import Foundation
import Kubernetes
import Reporting
import Testing

@testable import BackupRepository
@testable import Operations
@testable import RecoveryPlan

@Suite struct ReadinessRowTests {
    private static let now = 1_800_000_000
    private static let day = 86_400
    private static let limit = 100 * day

    private func test(_ daysAgo: Int, _ verdict: Evidence.Verdict) -> PlanTest {
        PlanTest(at: Self.now - daysAgo * Self.day, verdict: verdict)
    }

    private func drill(_ tests: [PlanTest]) -> ReadinessRow {
        .drill(tests, scenario: "loss", now: Self.now, limit: Self.limit)
    }

    // MARK: Drills

    @Test(
        arguments: [
            ([], .red, "the scenario was never drilled or recovered"),
            ([(3, .passed)], .green, "last passed drill: 3d 0h ago"),
            ([(100, .passed)], .green, "last passed drill: 100d 0h ago"),
            ([(101, .passed)], .amber, "last passed drill: 101d 0h ago, limit 100d 0h"),
            ([(201, .passed)], .red, "last passed drill: 201d 0h ago, limit 100d 0h"),
            ([(3, .late)], .amber, "last passed drill: 3d 0h ago, but it missed an objective"),
            ([(5, .passed), (3, .failed)], .red, "the newest drill, 3d 0h ago: failed; last passed drill: 5d 0h ago"),
            (
                [(5, .passed), (3, .partial)], .red,
                "the newest drill, 3d 0h ago: partial; last passed drill: 5d 0h ago"
            ),
            (
                [(5, .passed), (3, .inconclusive)], .amber,
                "the newest drill, 3d 0h ago: inconclusive; last passed drill: 5d 0h ago"
            ),
            ([(5, .failed), (3, .passed)], .green, "last passed drill: 3d 0h ago"),
            ([(5, .failed), (3, .inconclusive)], .red, "no test passed; the newest, a drill 3d 0h ago: inconclusive"),
        ] as [([(Int, Evidence.Verdict)], ReadinessRow.Status, String)])
    func `the verdict and the age of the newest test decide`(
        _ tests: [(Int, Evidence.Verdict)], _ status: ReadinessRow.Status, _ reason: String
    ) {
        let row = drill(tests.map { test($0.0, $0.1) })
        #expect(row.status == status && row.reason == reason)
        #expect(row.remedy == (status == .green ? nil : "dr drill --scenario loss"))
    }

    @Test func `the mark of a drill of this host is not a second drill`() {
        func mark(_ daysAgo: Int, _ passed: Bool, seconds: Int = 0) -> DrilledMark {
            DrilledMark(
                at: Timestamp(seconds: Self.now - daysAgo * Self.day + seconds), tool: "dr",
                set: Timestamp(seconds: Self.now), scenario: "loss", passed: passed)
        }
        var local = test(3, .late)
        local.began = local.at - 60
        let own = PlanTest.all([local], [mark(3, true, seconds: 2)])
        #expect(own.count == 1 && drill(own).reason.contains("missed an objective"))
        // A newer drill of another host failed.
        let others = PlanTest.all([local], [mark(3, true, seconds: 2), mark(1, false)])
        #expect(others.count == 2 && drill(others).status == .red)
        #expect(drill(PlanTest.all([], [mark(2, true)])).status == .green)
    }

    @Test(
        arguments: [
            (
                [],
                "no drill or recovery counts; a drill 1d 0h ago does not count: its mark is not signed by a trusted signer"
            ),
            (
                [(40, .passed)],
                "last passed drill: 40d 0h ago, limit 30d 0h; a drill 1d 0h ago does not count: its mark is not signed by a "
                    + "trusted signer"
            ),
            // That mark belongs to the drill that this host knows.
            ([(1, .failed)], "no test passed; the newest, a drill 1d 0h ago: failed"),
            ([(0, .passed)], "last passed drill: 0s ago"),
        ] as [([(Int, Evidence.Verdict)], String)])
    func `a later drill whose mark is not signed is named`(_ tests: [(Int, Evidence.Verdict)], _ reason: String) {
        let row = ReadinessRow.drill(
            tests.map { test($0.0, $0.1) }, untrusted: Self.now - Self.day, scenario: "loss", now: Self.now,
            limit: 30 * Self.day)
        #expect(row.reason == reason)
    }

    // MARK: Backups

    @Test func `another tool's backup never meets the objective`() {
        let now = Timestamp(seconds: Self.now)
        var set = BackupSet(
            format: 1, name: now, repository: "r", run: "x", tool: "test", stack: nil, started: now, finished: now,
            status: .complete, reasons: [], previous: nil, components: [:], failed: [:])
        set.components["loki"] = .init(
            source: "loki", manifest: now, sha256: .init(of: []), captured: now, watermark: nil, files: 1, bytes: 0,
            damaged: 0, added: .init(files: 0, bytes: 0, stored: 0, packs: 0), seconds: 0)
        func row() -> ReadinessRow {
            .backup(of: ["loki"], RestoreSelection(set), now: now, rpo: 3600, tolerance: 300)
        }
        #expect(row().status == .green)
        set.imported = ImportedFrom(format: "runbook", from: "/old", files: [])
        #expect(row().status == .red && row().reason == "loki: only a backup imported from another tool holds it")
    }

    // MARK: The ledger

    private func entry(
        _ daysAgo: Int, _ verdict: String, run: String = "other", _ change: (inout LedgerEntry) -> Void = { _ in }
    ) -> LedgerEntry {
        var entry = LedgerEntry(
            .drill, .ended, run: run, at: Timestamp(seconds: Self.now - daysAgo * Self.day), host: "vault", tool: "dr")
        entry.scenario = "loss"
        entry.verdict = verdict
        entry.plan = Digest(of: [UInt8](Self.plan.utf8))
        change(&entry)
        return entry
    }

    @Test(arguments: [
        ("passed", Evidence.Verdict.passed), ("recovered", .passed), ("late", .late), ("partial", .partial),
        ("inconclusive", .inconclusive), ("failed", .failed), ("rolled_back", .failed), ("unheard of", .failed),
    ])
    func `an entry of the ledger is a test with its verdict`(_ word: String, _ verdict: Evidence.Verdict) {
        #expect(PlanTest(entry(3, word))?.verdict == verdict)
    }

    @Test func `begins, backups and interrupted runs are no tests`() {
        #expect(PlanTest(entry(3, "passed") { $0.phase = .begun }) == nil)
        #expect(PlanTest(entry(3, "complete") { $0.activity = .backup }) == nil)
        #expect(PlanTest(entry(3, "inconclusive") { $0.exitCode = 130 }) == nil)
    }

    @Test func `a drill of another host counts once, and its plan is compared by its digest`() throws {
        let remote = try #require(PlanTest(entry(3, "passed")))
        let mark = DrilledMark(
            at: Timestamp(seconds: remote.at - 5), tool: "dr", set: Timestamp(seconds: Self.now), scenario: "loss",
            passed: true)
        let tests = PlanTest.all([test(9, .failed)], ledger: [remote], [mark])
        #expect(tests.count == 2 && drill(tests).status == .green)
        func change(_ text: String) throws -> ReadinessRow {
            ReadinessRow.planChange(
                tests, scenario: "loss", digest: Digest(of: [UInt8](text.utf8)).hex, outline: try outline(text))
        }
        #expect(try change(Self.plan).status == .green)
        #expect(try change("# new\n" + Self.plan).status == .amber)
        var own = remote
        own.began = own.at - 60
        #expect(PlanTest.all([own], ledger: [remote], [mark]).count == 1)
    }

    @Test func `a journal that differs from the ledger has not passed`() throws {
        let digest = Digest(of: [1])
        let end = try #require(PlanTest(entry(3, "passed") { $0.journal = digest }))
        var own = end
        #expect(drill(PlanTest.all([own], ledger: [end], [])).status == .green)
        own.journal = Digest(of: [2]).hex
        let row = drill(PlanTest.all([own], ledger: [end], []))
        #expect(row.status == .red && row.reason.hasSuffix("its journal differs from the ledger"), "\(row.reason)")
        let failed = try #require(PlanTest(entry(3, "failed") { $0.journal = digest }))
        #expect(PlanTest.all([own], ledger: [failed], []).map(\.verdict) == [.failed])
    }

    @Test func `the newest end of a run in the ledger counts`() throws {
        let first = try #require(PlanTest(entry(3, "failed") { $0.journal = Digest(of: [1]) }))
        let second = try #require(PlanTest(entry(2, "recovered") { $0.journal = Digest(of: [2]) }))
        let tests = PlanTest.all([second], ledger: [first, second], [])
        #expect(tests.map(\.isContradicted) == [false] && tests.map(\.verdict) == [.passed])
    }

    @Test(arguments: [(true, true), (false, false)])
    func `the record of an altered journal has not succeeded`(_ isSame: Bool, _ succeeded: Bool) {
        var end = TestRecord(
            at: "2026-11-29T10:00:00Z", activity: .drill, succeeded: true, verdict: "passed", components: [])
        (end.run, end.journal, end.detected) = ("run-1", "a", true)
        var own = end
        own.journal = isSame ? "a" : "b"
        var warnings: [String] = []
        let merged = TestRecord.merge([own], with: [end]) { warnings.append($0) }
        #expect(merged.map(\.succeeded) == [succeeded])
        #expect(warnings.isEmpty == isSame)
    }

    @Test func `an entry that this host knew and that is gone is red`() {
        let head = LedgerHead(number: 7, sha256: Digest(of: []))
        #expect(ReadinessRow.ledger(LedgerFacts()).status == .notApplicable)
        #expect(ReadinessRow.ledger(LedgerFacts(newest: head, known: head)).status == .green)
        let defect = ReadinessRow.ledger(LedgerFacts(newest: head, defect: "entry 3: not signed"))
        #expect(defect.status == .amber && defect.remedy == "dr ledger verify")
        #expect(ReadinessRow.ledger(LedgerFacts(newest: head, contradiction: "entry 7 is gone")).status == .red)
    }

    // MARK: Changes of the plan

    private func record(_ text: String, hasOutline: Bool = true) throws -> RunRecord {
        var record = RunRecord(
            identity: RunIdentity(id: "r1", stack: "m", scenario: "loss", set: "s"), isDrill: true, procedure: nil,
            planDigest: Digest(of: [UInt8](text.utf8)).hex, parameters: [:], setDigest: "s", components: [],
            tool: "dr", holder: RunHolder(person: "me", host: "h", process: 1, boot: "b"), startedAt: Date())
        if hasOutline { record.outline = try outline(text) }
        return record
    }

    private func outline(_ text: String) throws -> PlanOutline {
        try PlanOutline(PlanText(text, file: "loss.yaml", folder: "/"))
    }

    private func change(_ old: String?, _ new: String, hasOutline: Bool = true) throws -> ReadinessRow {
        var tests = [test(3, .failed)]
        if let old {
            tests.append(
                PlanTest(at: Self.now - 9 * Self.day, verdict: .passed, record: try record(old, hasOutline: hasOutline))
            )
        }
        return ReadinessRow.planChange(
            tests, scenario: "loss", digest: Digest(of: [UInt8](new.utf8)).hex, outline: try outline(new))
    }

    private static let plan = "scenario: loss\nsteps: [{id: tree, restore: tree}]\n"

    @Test func `a plan that changed since its last passed test is a finding`() throws {
        let changed = Self.plan.replacing("restore: tree}", with: "restore: tree, timeout: 2h}")
        let row = try change(Self.plan, changed)
        #expect(row.status == .amber && row.remedy == "dr drill --scenario loss")
        #expect(row.reason == "changed since run r1: step 'tree' changed: timeout")
        #expect(try change(Self.plan, Self.plan).status == .green)
        #expect(try change(Self.plan, "# a comment\n" + Self.plan).status == .green)
        #expect(try change(nil, Self.plan).status == .notApplicable)
    }

    @Test func `a test that does not record its plan shows only that the file is the same`() throws {
        #expect(try change(Self.plan, Self.plan, hasOutline: false).status == .green)
        let row = try change(Self.plan, "# a comment\n" + Self.plan, hasOutline: false)
        #expect(row.status == .amber && row.reason.contains("does not record its steps"))
    }

    // MARK: Keys

    private static let certificate = Result {
        let pair = try KeyPair.generate(commonName: "vault", kind: .p256, now: Date())
        return try RecoveryCertificate.all(in: Array(pair.certificatePEM.utf8), name: "c")[0]
    }

    @Test(
        arguments: [
            ([], .notApplicable), ([3], .green), ([101], .amber), ([nil], .red), ([3, nil], .amber),
            ([nil, nil], .red),
            ([3, 90], .green),
        ] as [([Int?], ReadinessRow.Status)])
    func `a key that was never tested or long ago is a finding`(
        _ daysAgo: [Int?], _ status: ReadinessRow.Status
    ) throws {
        let certificate = try Self.certificate.get(), now = Timestamp(seconds: Self.now)
        let proofs = daysAgo.map { days in
            RecipientProof(
                certificate,
                days.map {
                    KeyTestedMark(
                        at: Timestamp(seconds: Self.now - $0 * Self.day), tool: "dr",
                        fingerprint: certificate.fingerprint, set: now, passed: true)
                }, now: now)
        }
        let row = ReadinessRow.recoveryKeys(proofs, limit: Self.limit)
        #expect(row.status == status && (row.remedy != nil) == (status >= .amber))
    }

    // MARK: Forecast

    private func outlook(_ expected: Double, high: Double? = nil, rto: Double?) throws -> RecoveryOutlook {
        var plan = Plan()
        plan.scenario = "loss"
        var outlook = RecoveryOutlook(plan, StepTimes(), sizes: [:], rto: rto, now: Double(Self.now))
        let total = TimeForecast(expected: expected, low: 0, high: high ?? expected, samples: 3, basis: .sum)
        let verdict: RecoveryOutlook.Verdict =
            rto.map { expected > $0 ? .passes : total.high > $0 ? .mayPass : .fits } ?? .noObjective
        outlook.points = [RecoveryOutlook.Point(days: 0, total: total, verdict: verdict)]
        return outlook
    }

    @Test func `the forecast is compared with the RTO`() throws {
        func row(_ outlook: RecoveryOutlook?) -> ReadinessRow { .forecast(outlook, scenario: "loss") }
        #expect(row(nil).status == .amber && row(nil).remedy == "dr drill --scenario loss")
        #expect(row(try outlook(600, rto: 3600)).status == .green)
        #expect(row(try outlook(600, high: 4000, rto: 3600)).status == .amber)
        #expect(row(try outlook(4000, rto: 3600)).status == .red)
        #expect(row(try outlook(4000, rto: nil)).reason.contains("no RTO is set"))
        var growing = try outlook(600, rto: 3600)
        growing.points += [(30, 700.0), (90, 5000)].map { days, seconds in
            RecoveryOutlook.Point(
                days: days, total: TimeForecast(expected: seconds, low: 0, high: seconds, samples: 3, basis: .sum),
                verdict: seconds > 3600 ? .passes : .fits)
        }
        #expect(row(growing).status == .amber && row(growing).reason.hasSuffix("but in 90 days 1h 23m"))
        // A year ahead is a matter for planning.
        growing.points[2].days = 365
        #expect(row(growing).status == .green)
    }

    @Test(
        arguments: [
            (600, ["server"], ["server"], .green, "without steps that drills skip: server"),
            (2000, ["server"], ["server"], .amber, "more than half of the RTO without them"),
            (600, ["server", "tree"], ["server"], .amber, "no earlier time for: server, tree"),
            (600, ["server"], [], .amber, "no earlier time for: server"),
        ] as [(Double, [String], Set<String>, ReadinessRow.Status, String)])
    func `steps that drills skip may lack a time`(
        _ atLeast: Double, _ unknown: [String], _ skipped: Set<String>, _ status: ReadinessRow.Status, _ words: String
    ) throws {
        var gappy = try outlook(600, rto: 3600)
        gappy.points = [
            RecoveryOutlook.Point(
                days: 0, atLeast: atLeast, verdict: .noData,
                note: "no earlier time for: \(unknown.joined(separator: ", "))", unknown: unknown)
        ]
        let row = ReadinessRow.forecast(
            gappy, of: .init(count: 5, skippedInDrills: skipped), scenario: "loss")
        #expect(row.status == status && row.reason.hasSuffix(words), "\(row)")
        #expect(row.reason.contains("(\(5 - unknown.count) of 5 steps known), RTO 1h 0m"))
        gappy.points[0].note = "no backup of the last 90 days contains tree; " + (gappy.points[0].note ?? "")
        #expect(ReadinessRow.forecast(gappy, of: .init(skippedInDrills: skipped), scenario: "loss").status == .amber)
    }

    @Test func `a row names up to five findings, the worst first`() {
        let findings = (1...7).map { number in
            (status: number == 3 ? ReadinessRow.Status.red : .amber, text: "f\(number)")
        }
        let row = ReadinessRow.row(.backup, findings, good: "good", remedy: "dr backup")
        #expect(row.status == .red && row.reason == "f3; f1; f2; f4; f5; and 2 more findings")
    }

    @Test func `a forecast that was wrong is a finding`() throws {
        func history(_ pairs: [(Double, Double?)]) -> ForecastHistory {
            ForecastHistory(
                scenario: "loss",
                pairs.enumerated().map { number, pair in
                    ForecastOutcome(
                        run: "r\(number)", at: "2026-01-0\(number + 1)", kind: .drill,
                        forecast: TimeForecast(
                            expected: pair.0, low: 0, high: 2 * pair.0, samples: 3, basis: .interval,
                            band50: .init(low: pair.0 * 0.9, high: pair.0 * 1.1),
                            band90: .init(low: pair.0 * 0.8, high: pair.0 * 1.2)), actual: pair.1)
                })
        }
        func row(_ pairs: [(Double, Double?)]) -> ReadinessRow { .forecastAccuracy(history(pairs), tolerance: 2) }
        #expect(row([]).status == .notApplicable && row([(100, nil)]).status == .notApplicable)
        #expect(row([(100, 110)]).status == .green)
        let wrong = row([(100, 110), (100, 250)])
        #expect(wrong.status == .amber && wrong.remedy == "dr forecast history loss")
        #expect(wrong.reason.contains("longer than forecast by more than a factor of 2.0: 4m 10s, expected 1m 40s"))
        // The newest is within the tolerance, but the bands have failed too often.
        #expect(row([(100, 150), (100, 150), (100, 150)]).reason.contains("too narrow"))
    }

    // MARK: Space, clusters, snapshots, gaps

    @Test func `space is judged for each file system`() {
        #expect(ReadinessRow.space([]).status == .notApplicable)
        let fits = SpaceNeed(path: "/var", bytes: 10, free: 20), short = SpaceNeed(path: "/srv", bytes: 30, free: 20)
        #expect(ReadinessRow.space([fits]).status == .green)
        let row = ReadinessRow.space([fits, short])
        #expect(row.status == .red && row.reason == "/srv: the restore needs 30 B, 20 B are free")
    }

    @Test func `the space of a plan is that of its targets`() throws {
        let plan = try PlanText(
            "scenario: s\nsteps: [{id: a, restore: a}, {id: b, restore: {component: b, to: /tmp/x/y}}, {id: c, restore: c}]",
            file: "s.yaml", folder: "/"
        ).read(in: PlanScope(.look))
        let needs = plan.spaceNeeds(homes: ["a": "/nonexistent/a", "c": "/proc/c"], bytes: ["a": 5, "b": 6])
        #expect(needs.map(\.bytes).reduce(0, +) == 11 && needs.allSatisfy { $0.free > 0 })
    }

    @Test func `errors of a cluster are red and warnings amber`() {
        let warning = ClusterFinding(.warning, context: "c", steps: [], "slow")
        let error = ClusterFinding(.error, context: "c", steps: [], "away")
        func row(_ findings: [ClusterFinding], _ uses: Bool = true) -> ReadinessRow {
            .cluster(findings, usesCluster: uses, scenario: "loss")
        }
        #expect(row([], false).status == .notApplicable && row([]).status == .green && row([warning]).status == .amber)
        #expect(row([warning, error]).status == .red && row([warning, error]).reason.contains("away"))
    }

    @Test func `a component without a ready snapshot is a finding`() {
        var kept = KeptSnapshots(component: "metrics", wanted: 2)
        #expect(ReadinessRow.snapshots([]).status == .notApplicable)
        #expect(ReadinessRow.snapshots([kept]).status == .amber)
        (kept.ready, kept.newest) = (1, Self.now)
        #expect(ReadinessRow.snapshots([kept]).status == .green)
        kept.failure = "forbidden"
        #expect(ReadinessRow.snapshots([kept]).reason == "metrics: unknown: forbidden")
    }

    @Test func `a scenario has the status of its worst check`() {
        let rows = [
            ReadinessRow(.plan, is: .green, "valid"), ReadinessRow(.gaps, is: .notApplicable, "x"),
            ReadinessRow(.drill, is: .amber, "late\nhint: drill", remedy: "dr drill"),
        ]
        let scenario = ScenarioReadiness(scenario: "loss", rows)
        #expect(scenario.status == .amber && rows[2].reason == "late; hint: drill")
        #expect(ScenarioReadiness(scenario: "s", [rows[1]]).status == .green)
        let report = ReadinessReport(stack: "m", at: "now", [scenario, ScenarioReadiness(scenario: "s", [rows[0]])])
        #expect(report.status == .amber)
        #expect(report.text.contains("loss: AMBER (1 amber, 1 green)") && report.text.contains("  drill: dr drill"))
    }

    // MARK: Metrics

    @Test func `metrics keep the series of scenarios that were not checked`() {
        let row = ReadinessRow(.drill, is: .red, "never"), none = ReadinessRow(.gaps, is: .notApplicable, "x")
        let first = ReadinessReport(
            stack: "m\"1", at: "now",
            [ScenarioReadiness(scenario: "a", [row, none]), ScenarioReadiness(scenario: "gone", [row])])
        let old = ReadinessMetrics(first, now: 5).text()
        #expect(old.contains(#"dr_ready_check_status{stack="m\"1",scenario="a",check="drill"} 2"#))
        #expect(old.contains(#"dr_ready{stack="m\"1",scenario="a"} 0"#) && !old.contains("gaps"))
        let second = ReadinessReport(
            stack: "m\"1", at: "now", [ScenarioReadiness(scenario: "b", [ReadinessRow(.drill, is: .green, "x")])])
        let text = ReadinessMetrics(second, now: 9).text(keeping: old, known: ["a", "b"])
        #expect(text.contains(#"dr_ready_timestamp_seconds{stack="m\"1",scenario="a"} 5"#))
        #expect(text.contains(#"dr_ready_timestamp_seconds{stack="m\"1",scenario="b"} 9"#))
        #expect(text.contains(#"dr_ready{stack="m\"1",scenario="b"} 1"#) && !text.contains("gone"))
        #expect(text.components(separatedBy: "# TYPE dr_ready gauge").count == 2)
        // The scenario's own series are replaced.
        let again = ReadinessMetrics(second, now: 10).text(keeping: text, known: ["a", "b"])
        #expect(!again.contains(#"scenario="b"} 9"#))
        #expect(ReadinessMetrics.path(beside: "/x/dr.prom") == "/x/dr-ready.prom")
    }
}
