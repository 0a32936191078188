import BackupRepository
import Components
import Documents
import Foundation
import Lab
import RecoveryPlan
import Testing

@testable import Operations

@Suite struct MeasuredObjectivesTests {
    private func entries(_ fixture: StackFixture) async throws -> [ComplianceReport.Entry] {
        try await MeasuredObjectives(session: fixture.session).entries()
    }

    @Test func `the objectives of the configuration are measured by the newest data and the newest tests`()
        async throws
    {
        let fixture = try await StackFixture(extra: "objectives: {rpo: 1h, rto: 4h}")
        try fixture.write("a", "one")
        let none = try await entries(fixture)
        #expect(none.map(\.objective) == [.rpo, .rto])
        #expect(none.allSatisfy { !$0.isMet && $0.value == nil })
        #expect(none.first?.detail == "tree: no backup")
        #expect(none.last?.detail?.contains("dr drill") == true)

        try await fixture.backUp()
        let (state, now) = (fixture.session.stateRoot, fixture.session.now().seconds)
        try RecordedRun(age: 3, verdict: .failed).write(0, in: state, now: now)
        try RecordedRun(age: 2).write(1, in: state, now: now)
        let met = try await entries(fixture)
        #expect(met.allSatisfy { $0.isMet && ($0.value ?? .infinity) < 600 }, "\(met)")
        #expect(met.map(\.target) == ["≤ 1h", "≤ 4h"])
        #expect(met.last?.detail == "drill of loss, run 20260101T100001Z-1")

        // The newest test of every scenario counts; an interrupted one is no test.
        try RecordedRun(scenario: "other", age: 1, isDrill: false, verdict: .failed).write(2, in: state, now: now)
        try RecordedRun(scenario: "other", age: 0.5, verdict: .interrupted).write(3, in: state, now: now)
        let missed = try await entries(fixture)
        #expect(missed.map(\.isMet) == [true, false] && missed.last?.value == nil)
        #expect(
            missed.last?.detail == "the newest recovery of other was not validated: run 20260101T100002Z-2")
    }

    @Test func `a store that cannot be read is the reason of an objective without a value`() async throws {
        let fixture = try await StackFixture(extra: "objectives: {rpo: 1h}")
        try FileManager.default.removeItem(at: fixture.folder.url.appending(path: "repository"))
        let entry = try #require(try await entries(fixture).first)
        #expect(!entry.isMet && entry.value == nil && entry.detail?.contains("repository") == true, "\(entry)")
    }

    @Test func `without objectives there is nothing to measure`() async throws {
        #expect(try await entries(StackFixture()).isEmpty)
    }

    @Test func `an objective is met up to its length, and only objectives with a configuration are reported`() {
        func entry(_ measured: Double?) -> ComplianceReport.Entry {
            ComplianceReport.Entry(.rpo, allowed: (3600, "1h"), measured: measured)
        }
        #expect(entry(3600).isMet && !entry(3601).isMet && !entry(nil).isMet)
        let report = ComplianceReport([entry(3601)], stack: "s", at: .init(seconds: 0))
        #expect(report.isOnRecovery && !report.isCompliant)
        #expect(
            report.runbookDocument["sla_metrics"]
                == ["rpo_seconds": ["measured": 3601, "target": 3600, "compliant": false]])
    }
}
