import Foundation
import Platform
import RecoveryPlan
import Testing

@testable import Reporting

/// The verdicts on controls, from histories that support them and from histories that do not.
@Suite struct ControlTests {
    private static let now = Date(timeIntervalSince1970: 1_795_913_600)

    private static func test(
        daysAgo days: Double = 1, _ activity: TestRecord.Activity = .drill, verdict: String = "passed",
        _ change: (inout TestRecord) -> Void = { _ in }
    ) -> TestRecord {
        var record = TestRecord(
            at: Moment.text(now.addingTimeInterval(-days * 86_400)), activity: activity,
            succeeded: ["passed", "late", "good", "complete"].contains(verdict), verdict: verdict,
            components: ["loki", "prometheus"])
        record.run = "run-\(days)"
        record.scenario = "loss"
        record.plan = "p1"
        record.detected = activity == .drill ? true : nil
        (record.rtoMet, record.rpoMet) = (true, true)
        (record.checks, record.reconciled) = (5, true)
        record.segregation = "shown"
        change(&record)
        return record
    }

    /// Facts that support everything that dr can support.
    private static func complete(
        _ history: [TestRecord]? = nil, _ change: (inout ControlFacts) -> Void = { _ in }
    ) -> ControlFacts {
        var declared = AuditContext.Declarations()
        declared.objectiveOwner = "head of operations"
        declared.criticality = "important"
        declared.participants = ["on-call"]
        declared.separation = "another data centre"
        declared.offNetworkCopy = "tape"
        let records = [
            test(daysAgo: 2, .verification, verdict: "good") { $0.share = 0.05 },
            test(daysAgo: 2, .backup, verdict: "complete"),
        ]
        var facts = ControlFacts(
            at: now, history: (history ?? [test()]) + records, components: ["loki", "prometheus"], declared: declared,
            actions: [CorrectiveAction(action: "a", owner: "o", due: "2027-01-01")],
            review: Review(by: "ada", at: "2026-11-29"), plans: ["loss": "p1"])
        change(&facts)
        return facts
    }

    private func row(_ control: String, _ facts: ControlFacts) throws -> ControlFinding {
        try #require(ControlFinding.all(facts).first { $0.control == control })
    }

    /// The rows that no run of dr can show in full.
    private static let limited: Set = ["CP-4(5)", "12.10.1, 12.10.2"]

    @Test func `without tests nothing is shown`() {
        let rows = ControlFinding.all(ControlFacts(at: Self.now, history: [], components: nil))
        #expect(rows.count == 22)
        #expect(rows.allSatisfy { $0.verdict == .notShown && $0.reason == "no drill or recovery is recorded" })
        #expect(rows.allSatisfy { $0.lastShown == nil && $0.nextDue == nil })
        // A restore is no redundancy.
        #expect(!rows.contains { $0.control == "A.8.14" })
        // A backup and a verification are no test.
        let records = Self.complete([])
        #expect(ControlFinding.all(records).allSatisfy { $0.verdict == .notShown })
    }

    @Test func `a complete history supports each control as far as a run can`() {
        for row in ControlFinding.all(Self.complete()) {
            #expect(row.verdict == (Self.limited.contains(row.control) ? .inPart : .met), "\(row)")
            #expect(row.lastShown == "2026-11-28", "\(row)")
        }
    }

    private static let gaps: [(String, String, @Sendable (inout ControlFacts) -> Void)] = [
        ("art. 11(6)", "the plan 'loss' changed after its test of 2026-11-28", { $0.plans = ["loss": "p2"] }),
        (
            "art. 11(6)", "the ledger does not show all runs (entry 5: it is gone)",
            {
                $0.ledgerBreaks = ["entry 5: it is gone"]
            }
        ),
        ("art. 12(1), (2)", "criticality", { $0.declared.criticality = nil }),
        ("art. 12(1), (2)", "not tested within a year: grafana", { $0.components?.append("grafana") }),
        ("art. 12(3)", "physical separation", { $0.declared.separation = nil }),
        ("art. 12(3)", "shown in part", { $0.history[0].segregation = "in part" }),
        ("art. 12(6)", "owner of the objectives", { $0.declared.objectiveOwner = nil }),
        ("art. 12(6)", "an RTO is not set", { $0.history[0].rtoMet = nil }),
        ("art. 12(6)", "the RPO was exceeded", { $0.history[0].rpoMet = false }),
        ("art. 12(7)", "fewer than two checks", { $0.history[0].checks = 1 }),
        ("art. 12(7)", "not compared", { $0.history[0].reconciled = false }),
        ("art. 25(2)", "no control run", { $0.history[0].detected = nil }),
        ("art. 25(2)", "participants", { $0.declared.participants = [] }),
        ("art. 25(5)", "sign-off", { $0.review = nil }),
        ("annex 4.2", "copy off the network", { $0.declared.offNetworkCopy = nil }),
        ("annex 4.2", "no verification", { $0.history.removeAll { $0.activity == .verification } }),
        (
            "annex 4.2", "no verification read the stored data",
            { for index in $0.history.indices { $0.history[index].share = $0.history[index].share.map { _ in 0 } } }
        ),
        ("A1.2", "no backups", { $0.history.removeAll { $0.activity == .backup } }),
        ("A1.3", "no control run", { $0.history[0].detected = false }),
        ("A.8.13", "the components of the stack are not recorded", { $0.components = nil }),
        ("A.5.30", "an RPO is not set", { $0.history[0].rpoMet = nil }),
        ("8.5", "participants", { $0.declared.participants = nil }),
        ("PR.DS-11", "not tested within a year: jaeger", { $0.components = ["jaeger"] }),
        ("CP-4", "sign-off", { $0.review = nil }),
        ("CP-4(4)", "not compared", { $0.history[0].reconciled = nil }),
        ("CON.3.A15", "the RTO was exceeded", { $0.history[0].rtoMet = false }),
    ]

    @Test(arguments: gaps.indices) func `a missing fact is named`(_ index: Int) throws {
        let (control, words, change) = Self.gaps[index]
        let found = try row(control, Self.complete(nil, change))
        #expect(found.verdict == .inPart && found.reason?.contains(words) == true, "\(found)")
        #expect(found.lastShown == "2026-11-28")
    }

    @Test(arguments: [
        (91.0, "11.5", ControlFinding.Verdict.met), (93, "11.5", .notShown), (93, "A.8.13", .met),
        (364, "A.8.13", .met), (366, "A.8.13", .notShown),
    ])
    func `a test counts for the length of its cadence`(
        _ days: Double, _ control: String, _ verdict: ControlFinding.Verdict
    ) throws {
        let found = try row(control, Self.complete([Self.test(daysAgo: days)]))
        #expect(found.verdict == verdict, "\(found)")
        let due = Self.now.addingTimeInterval((Double(control == "11.5" ? 92 : 365) - days) * 86_400)
        #expect(found.nextDue == String(RFC3339.text(due).prefix(10)))
        #expect((found.reason?.contains("the last test is of") == true) == (verdict == .notShown))
    }

    @Test func `tests that did not pass are counted, and want an action`() throws {
        let history = [Self.test(daysAgo: 1, verdict: "failed"), Self.test(daysAgo: 9)]
        let shown = try row("A.8.13", Self.complete(history))
        #expect(shown.verdict == .met && shown.reason?.contains("1 of 2 tests in the period did not pass") == true)
        #expect(shown.lastShown == "2026-11-20")
        let open = try row("art. 25(5)", Self.complete(history) { $0.actions = [] })
        #expect(open.verdict == .inPart && open.reason?.contains("no corrective action") == true, "\(open)")
        let void = try row("A.8.13", Self.complete([Self.test(daysAgo: 1, verdict: "inconclusive")]))
        #expect(void.verdict == .notShown && void.reason?.contains("is inconclusive") == true, "\(void)")
    }

    @Test func `a recovery is no automated test, and a record of the future is none`() throws {
        let recovered = Self.complete([Self.test(daysAgo: 1, .recovery)])
        #expect(try row("CP-4(3)", recovered).verdict == .notShown)
        #expect(try row("art. 12(6)", recovered).verdict == .met)
        let future = Self.complete([Self.test(daysAgo: -2)])
        #expect(try row("A.8.13", future).reason == "no drill or recovery is recorded")
    }

    @Test func `a drill on the host of the backups shows no segregated restore`() throws {
        let same = Self.complete([Self.test { $0.segregation = "not shown" }])
        #expect(try row("art. 12(3)", same).verdict == .notShown)
        // An earlier drill of a second host counts for its year.
        let earlier = Self.complete([Self.test { $0.segregation = "not shown" }, Self.test(daysAgo: 40)])
        #expect(try row("art. 12(3)", earlier).verdict == .met)
    }
}
