import Documents
import Foundation
import Components
import Testing

@testable import RecoveryPlan

@Suite struct ClockTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    private func record(_ change: (inout RunRecord) -> Void = { _ in }) -> RunRecord {
        var record = Rehearsal.record(startedAt: Self.start)
        record.rto = 3600
        record.rpo = 600
        change(&record)
        return record
    }

    /// A line at `seconds` of monotonic time and `wall` seconds of wall time after the start.
    private func line(_ number: Int, _ event: JournalEvent, uptime: Double, wall: Double? = nil) throws -> JournalLine {
        try JournalLine(
            .init(
                number: number, at: Self.start.addingTimeInterval(wall ?? uptime - 1000), uptime: uptime, previous: "",
                event: event))
    }

    @Test func `the recovery time counts from the start that the objective names`() throws {
        let lines = [
            try line(
                0,
                .runBegan(
                    run: record {
                        $0.failedAt = Self.start.addingTimeInterval(-900)
                        $0.declaredAt = Self.start.addingTimeInterval(-300)
                    }), uptime: 1000), try line(1, .reached(milestone: .targetReady), uptime: 1010),
            try line(2, .reached(milestone: .dataRestored), uptime: 1100),
            try line(3, .reached(milestone: .validated), uptime: 1200),
        ]
        let clocks = try #require(RecoveryClocks(lines))
        #expect(clocks.targetReady == 10 && clocks.dataRestored == 100 && clocks.validated == 200)
        #expect(clocks.since(.started, 200) == 200)
        #expect(clocks.since(.declared, 200) == 500)
        #expect(clocks.since(.failed, 200) == 1100)
    }

    @Test func `a component that is restored twice counts once, with its last restore`() throws {
        let lines = [try line(0, .runBegan(run: record()), uptime: 1000)]
        let restored = [("objects", 1), ("metrics", 3), ("objects", 2)].map {
            RestoredComponent(component: $0.0, set: "s", newest: $0.1, files: 1, bytes: 1)
        }
        let judgement = ObjectivesJudgement(
            record(), try #require(RecoveryClocks(lines)), restored: restored, checks: [])
        #expect(judgement.losses.map(\.component) == ["metrics", "objects"])
        #expect(judgement.losses.map(\.newest) == [3, 2])
    }

    /// Setting the wall clock during the run changes no duration.
    @Test(arguments: [-7200.0, 7200])
    func `a wall clock that jumps changes no duration`(_ jump: Double) throws {
        let lines = [
            try line(0, .runBegan(run: record()), uptime: 1000),
            try line(1, .reached(milestone: .validated), uptime: 1200, wall: 200 + jump),
        ]
        #expect(RecoveryClocks(lines)?.validated == 200)
    }

    @Test func `over a restart of the machine the wall clock counts`() throws {
        let other = RunHolder(person: "me", host: "here", process: 2, boot: "another")
        let lines = [
            try line(0, .runBegan(run: record()), uptime: 1000),
            try line(1, .noted(text: "x"), uptime: 1100, wall: 100),
            try line(2, .runResumed(by: other), uptime: 5, wall: 400),
            try line(3, .reached(milestone: .validated), uptime: 25, wall: 9999),
        ]
        #expect(RecoveryClocks(lines)?.validated == 420)
    }

    private func judge(
        _ record: RunRecord, validated: Double?, newest: [(String, Double)], failed: [String] = []
    ) -> ObjectivesJudgement {
        var clocks = RecoveryClocks(record)
        clocks.validated = validated
        let restored = newest.map { name, before in
            RestoredComponent(
                component: name, set: "s", newest: Int((Self.start.timeIntervalSince1970 - before) * 1000), files: 0,
                bytes: 0)
        }
        let checks = failed.map { CheckResult("c", component: $0, .failed, measured: "", target: "") }
        return ObjectivesJudgement(record, clocks, restored: restored, checks: checks)
    }

    @Test func `the worst component is judged`() {
        let judgement = judge(record(), validated: 100, newest: [("loki", 500), ("prometheus", 700)])
        #expect(judgement.worstLoss == 700)
        #expect(judgement.skew == 200)
        #expect(judgement.rpoMet == false)
        #expect(judgement.rtoMet == true)
        #expect(judge(record(), validated: 100, newest: [("loki", 500), ("prometheus", 600)]).rpoMet == true)
    }

    @Test func `data that are not validated count as lost`() {
        let judgement = judge(record(), validated: nil, newest: [("loki", 10)], failed: ["loki"])
        #expect(judgement.rpoMet == false)
        #expect(judgement.worstLoss == nil)
        #expect(judgement.rtoMet == nil)
    }

    @Test func `data younger than the failure are no loss`() {
        let judgement = judge(
            record { $0.failedAt = Self.start.addingTimeInterval(-1000) }, validated: 1, newest: [("loki", 500)])
        #expect(judgement.losses.first?.seconds == 0)
    }

    @Test(arguments: [(RTOStart.declared, true), (.failed, false), (.started, true)])
    func `late is late by the chosen start`(_ start: RTOStart, _ met: Bool) {
        let judgement = judge(
            record {
                $0.failedAt = Self.start.addingTimeInterval(-3600)
                $0.declaredAt = Self.start.addingTimeInterval(-60)
                $0.rtoFrom = start
            }, validated: 100, newest: [])
        #expect(judgement.rtoMet == met)
    }

    @Test(arguments: [
        (18_120.0, 14_400.0, "RTO exceeded (5 h 2 min of 4 h)"), (14_401, 14_400, "RTO exceeded (4 h 1 s of 4 h)"),
        (1.25, 1, "RTO exceeded (1.25 s of 1 s)"), (90, 60, "RTO exceeded (1 min 30 s of 1 min)"),
        (60, 60, nil),
    ])
    func `a missed RTO is reported with the measured and the allowed time`(
        _ taken: Double, _ rto: Double, _ message: String?
    ) {
        let judgement = judge(record { $0.rto = rto }, validated: taken, newest: [])
        #expect(judgement.missedObjectives == (message.map { [$0] } ?? []))
    }

    @Test func `a missed RPO is reported with the worst data loss`() {
        let judgement = judge(record { $0.rpo = 3600 }, validated: 1, newest: [("loki", 7800), ("prometheus", 60)])
        #expect(judgement.missedObjectives == ["RPO exceeded (2 h 10 min of 1 h)"])
    }

    @Test func `a missed RPO names the component whose data have no known age`() {
        var clocks = RecoveryClocks(record())
        clocks.validated = 1
        let restored = RestoredComponent(component: "loki", set: "s", newest: nil, files: 0, bytes: 0)
        let judgement = ObjectivesJudgement(record { $0.rpo = 3600 }, clocks, restored: [restored], checks: [])
        #expect(
            judgement.missedObjectives == ["RPO of 1 h not met: the age of the restored data of loki is not known"])
    }
}
