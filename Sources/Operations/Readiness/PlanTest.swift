import BackupRepository
import Cryptography
import FoundationEssentials
import Platform
import RecoveryPlan
import Reporting

/// A test of a scenario: a drill, or a recovery.
struct PlanTest: Equatable, Sendable {
    /// The end of the test, in seconds since 1970.
    var at: Int
    /// The start of the test; nil for a test on another host.
    var began: Int?
    /// "drill" or "recovery", for messages.
    var noun: String
    var verdict: Evidence.Verdict
    /// Nil for a test on another host, of which only an entry of the ledger or a mark in the store is known.
    var record: RunRecord?
    /// The id of the run; nil if only a mark is known.
    var run: String?
    /// SHA-256 of the plan's file; nil if only a mark is known.
    var planDigest: String?
    /// SHA-256 of the journal's last line.
    var journal: String?
    /// True if the journal differs from the one that the ledger names.
    var isContradicted = false

    var passed: Bool { verdict == .passed || verdict == .late }

    /// - Returns: nil for a run that is in progress or was interrupted: it says nothing about the plan.
    init?(_ reading: JournalReading) {
        guard let record = reading.record, let end = reading.end, end.verdict != .interrupted,
            let evidence = try? Evidence(reading)
        else { return nil }
        began = Int(clamping: record.startedAt.timeIntervalSince1970)
        at = Int(clamping: (reading.lines.last?.body.at ?? record.startedAt).timeIntervalSince1970)
        noun = record.kind.rawValue
        verdict = evidence.verdict
        self.record = record
        (run, planDigest) = (record.identity.id, record.planDigest)
        journal = reading.lines.last?.digest
    }

    /// - Returns: nil for an entry that is not the end of a drill or recovery, or of one that was interrupted.
    init?(_ entry: LedgerEntry) {
        guard entry.phase == .ended, [.drill, .recovery].contains(entry.activity), entry.exitCode != 130,
            let word = entry.verdict
        else { return nil }
        at = entry.at.seconds
        noun = entry.activity.rawValue
        verdict = Evidence.Verdict(ofEnd: word)
        (run, planDigest, journal) = (entry.run, entry.plan?.hex, entry.journal?.hex)
    }

    init(_ mark: DrilledMark) {
        at = mark.at.seconds
        noun = "drill"
        verdict = mark.passed ? .passed : .failed
    }

    /// Seconds after the end of a drill within which its mark is written.
    fileprivate static let delay = 600

    /// Joins the tests of this host with those of the ledger and with the marks of drills in the store, of which some are
    /// about the same drills. The newest end of a run in the ledger wins over its journal.
    static func all(_ local: [PlanTest], ledger: [PlanTest] = [], _ marks: [DrilledMark]) -> [PlanTest] {
        let runs = Set(local.compactMap(\.run))
        let ends = Dictionary(
            ledger.compactMap { test in test.run.map { ($0, test) } }, uniquingKeysWith: { $1.at >= $0.at ? $1 : $0 })
        let confirmed = local.map { test in test.run.flatMap { ends[$0] }.map { test.confirmed(by: $0) } ?? test }
        let known = confirmed + ledger.filter { test in test.run.map { !runs.contains($0) } ?? true }
        let others = marks.filter { mark in
            !known.contains { test in
                let began = test.began ?? test.at.subtractingClamped(delay)
                return began <= mark.at.seconds && mark.at.seconds <= test.at.addingClamped(delay)
            }
        }
        return known + others.map { PlanTest($0) }
    }

    /// The test as the ledger has it.
    private func confirmed(by end: PlanTest) -> PlanTest {
        var test = self
        test.isContradicted = journal != end.journal
        if test.isContradicted, end.passed {
            test.verdict = .failed
        } else if test.isContradicted || (passed && !end.passed) {
            test.verdict = end.verdict
        }
        return test
    }

    init(at: Int, noun: String = "drill", verdict: Evidence.Verdict, record: RunRecord? = nil) {
        self.at = at
        self.noun = noun
        self.verdict = verdict
        self.record = record
    }
}

extension Evidence.Verdict {
    /// The verdict of an end in the ledger.
    init(ofEnd word: String) {
        self =
            switch word {
            case "passed", "recovered": .passed
            case "late": .late
            case "partial": .partial
            case "inconclusive": .inconclusive
            default: .failed
            }
    }
}

extension ReadinessRow {
    /// Judges the tests of a scenario.
    /// - Parameters:
    ///   - tests: in any order.
    ///   - untrusted: the end in seconds since 1970 of the newest drill that does not count, because its mark has no
    ///     trusted signature; nil if there is none.
    ///   - limit: the longest time in seconds since the last passed test.
    static func drill(
        _ tests: [PlanTest], untrusted: Int? = nil, scenario: String, now: Int, limit: Int
    ) -> ReadinessRow {
        let remedy = "dr drill --scenario \(scenario)"
        func ago(_ time: Int) -> String { "\(Units.duration(seconds: max(0, now.subtractingClamped(time)))) ago" }
        func ago(_ test: PlanTest) -> String { ago(test.at) }
        let newest = tests.max { $0.at < $1.at }
        // The journal of a drill on this host counts without its mark.
        let ignored = untrusted.flatMap { at in
            (newest.map { $0.at.addingClamped(PlanTest.delay) < at } ?? true) ? at : nil
        }
        func row(_ status: Status, _ reason: String) -> ReadinessRow {
            let more = ignored.map { "; a drill \(ago($0)) does not count: its mark is not signed by a trusted signer" }
            return ReadinessRow(.drill, is: status, reason + (status == .green ? "" : more ?? ""), remedy: remedy)
        }
        func result(_ test: PlanTest) -> String {
            test.verdict.rawValue + (test.isContradicted ? ": its journal differs from the ledger" : "")
        }
        guard let newest else {
            return row(
                .red, ignored == nil ? "the scenario was never drilled or recovered" : "no drill or recovery counts")
        }
        let passed = tests.filter(\.passed).max { $0.at < $1.at }
        guard let passed else {
            return row(.red, "no test passed; the newest, a \(newest.noun) \(ago(newest)): \(result(newest))")
        }
        let last = "last passed \(passed.noun): \(ago(passed))"
        if newest.at > passed.at, !newest.passed {
            let status: Status = newest.verdict == .inconclusive ? .amber : .red
            return row(status, "the newest \(newest.noun), \(ago(newest)): \(result(newest)); \(last)")
        }
        let age = now.subtractingClamped(passed.at)
        guard age <= limit else {
            return row(
                age > limit.multipliedClamped(by: 2) ? .red : .amber,
                "\(last), limit \(Units.duration(seconds: limit))")
        }
        guard passed.verdict != .late else { return row(.amber, "\(last), but it missed an objective") }
        return row(.green, last)
    }

    /// Compares the plan with that of its last passed test.
    static func planChange(
        _ tests: [PlanTest], scenario: String, digest: String, outline: PlanOutline?
    ) -> ReadinessRow {
        guard let passed = tests.filter({ $0.passed }).max(by: { $0.at < $1.at }) else {
            return ReadinessRow(.planChange, is: .notApplicable, "no passed test to compare the plan with")
        }
        guard let record = passed.record else {
            let elsewhere = "the journal of the last passed \(passed.noun) is on another host"
            guard let before = passed.planDigest, let run = passed.run else {
                return ReadinessRow(.planChange, is: .notApplicable, elsewhere)
            }
            return before == digest
                ? ReadinessRow(.planChange, is: .green, "unchanged since run \(run)")
                : ReadinessRow(
                    .planChange, is: .amber, "the file changed since run \(run); \(elsewhere)",
                    remedy: "dr drill --scenario \(scenario)")
        }
        let change = PlanChange(since: record, digest: digest, outline: outline)
        guard change.isSubstantive else {
            return ReadinessRow(.planChange, is: .green, "unchanged since run \(change.run)")
        }
        return ReadinessRow(
            .planChange, is: .amber, "changed since run \(change.run): \(change.text)",
            remedy: "dr drill --scenario \(scenario)")
    }
}
