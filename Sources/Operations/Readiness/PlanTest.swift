import BackupRepository
import Foundation
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
    /// Nil for a test on another host, of which only the mark in the store is known.
    var record: RunRecord?

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
    }

    init(_ mark: DrilledMark) {
        at = mark.at.seconds
        noun = "drill"
        verdict = mark.passed ? .passed : .failed
    }

    /// Seconds after the end of a drill within which its mark is written.
    private static let delay = 600

    /// Joins the tests of this host with the marks of drills in the store, of which some are about the same drills.
    static func all(_ local: [PlanTest], _ marks: [DrilledMark]) -> [PlanTest] {
        let others = marks.filter { mark in
            !local.contains { test in
                (test.began ?? test.at) <= mark.at.seconds && mark.at.seconds <= test.at.addingClamped(delay)
            }
        }
        return local + others.map { PlanTest($0) }
    }

    init(at: Int, noun: String = "drill", verdict: Evidence.Verdict, record: RunRecord? = nil) {
        self.at = at
        self.noun = noun
        self.verdict = verdict
        self.record = record
    }
}

extension ReadinessRow {
    /// Judges the tests of a scenario.
    /// - Parameters:
    ///   - tests: in any order.
    ///   - limit: the longest time in seconds since the last passed test.
    static func drill(_ tests: [PlanTest], scenario: String, now: Int, limit: Int) -> ReadinessRow {
        let remedy = "dr drill --scenario \(scenario)"
        func row(_ status: Status, _ reason: String) -> ReadinessRow {
            ReadinessRow(.drill, status, reason, remedy: remedy)
        }
        func ago(_ test: PlanTest) -> String {
            "\(Units.duration(seconds: max(0, now.subtractingClamped(test.at)))) ago"
        }
        guard let newest = tests.max(by: { $0.at < $1.at }) else {
            return row(.red, "the scenario was never drilled or recovered")
        }
        let passed = tests.filter(\.passed).max { $0.at < $1.at }
        guard let passed else {
            return row(.red, "no test passed; the newest, a \(newest.noun) \(ago(newest)): \(newest.verdict.rawValue)")
        }
        let last = "last passed \(passed.noun): \(ago(passed))"
        if newest.at > passed.at, !newest.passed {
            let status: Status = newest.verdict == .inconclusive ? .amber : .red
            return row(status, "the newest \(newest.noun), \(ago(newest)): \(newest.verdict.rawValue); \(last)")
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
            return ReadinessRow(.planChange, .notApplicable, "no passed test to compare the plan with")
        }
        guard let record = passed.record else {
            return ReadinessRow(
                .planChange, .notApplicable, "the journal of the last passed \(passed.noun) is on another host")
        }
        let change = PlanChange(since: record, digest: digest, outline: outline)
        guard change.isSubstantive else {
            return ReadinessRow(.planChange, .green, "unchanged since run \(change.run)")
        }
        return ReadinessRow(
            .planChange, .amber, "changed since run \(change.run): \(change.text)",
            remedy: "dr drill --scenario \(scenario)")
    }
}
