import Documents
import Foundation
import Lab
import Testing

@testable import RecoveryPlan

/// The times of rehearsals in the forecast.
@Suite struct RehearsalRecordTests {
    private let plan = Rehearsal.plan([
        .running("rebuild"), .restoring("loki", needs: ["rebuild"]), .restoring("prometheus", needs: ["rebuild"]),
    ])
    private let past = PastRun(parts: [
        .run("rebuild", 10), .restore("loki", 30, bytes: 100 * .mebibyte),
        .restore("prometheus", 50, bytes: 100 * .mebibyte),
    ])

    private func record(loki: Double, scenario: String? = nil) -> RehearsalRecord {
        RehearsalRecord(
            scenario: scenario, at: Date(timeIntervalSince1970: 1_796_000_000),
            steps: [.init(work: "restore loki", seconds: loki, bytes: 100 * .mebibyte)])
    }

    @Test func `a restore that was only rehearsed is a lower bound`() {
        var times = StepTimes()
        times.add(record(loki: 20))
        let forecast = times.forecast(plan)
        #expect(times.hasTimes && times.runs == 0)
        #expect(forecast.steps["loki"]?.basis == .rehearsal && forecast.steps["loki"]?.expected == 20)
        #expect(forecast.total == nil && forecast.atLeast == 20)
        #expect(forecast.unknown == ["rebuild", "loki", "prometheus"])
        // More data take longer.
        let more = times.forecast(plan, sizes: ["loki": SizeForecast(200 * .mebibyte)])
        #expect(more.steps["loki"]?.expected == 40)
    }

    @Test(arguments: [(20.0, 30.0), (45.0, 45.0)])
    func `a forecast is at least the shortest rehearsal`(rehearsed: Double, expected: Double) throws {
        var times = try StepTimes(past)
        times.add(record(loki: rehearsed))
        times.add(record(loki: rehearsed + 100))
        let forecast = times.forecast(plan)
        #expect(forecast.steps["loki"]?.expected == expected && forecast.steps["loki"]?.basis == .one)
        #expect(forecast.unknown.isEmpty && forecast.steps["prometheus"]?.expected == 50)
    }

    @Test func `the newest records of a machine count in each scenario`() throws {
        let folder = try TemporaryFolder("rehearsals")
        let rehearsals = RehearsalFolder(state: folder.path)
        for number in 100..<130 {
            try rehearsals.add(record(loki: Double(number), scenario: "loss"), as: "20261129T000\(number)Z-x")
        }
        let records = rehearsals.records()
        #expect(records.count == 24 && records.first?.steps.first?.seconds == 129)
        #expect(records.first == record(loki: 129, scenario: "loss"))
        try Data("{".utf8).write(to: folder.url.appending(path: "rehearsals/20261129T000999Z-x.json"))
        let runs = try RunFolder(state: folder.path)
        #expect(runs.stepTimes().keys.sorted() == ["loss"])
        #expect(runs.stepTimes(of: "other")["other"]?.hasTimes == true)
        #expect(runs.stepTimes(of: "loss")["loss"]?.forecast(plan).steps["loki"]?.expected ?? 0 > 106)
    }
}
