import Testing
import Trends

@testable import RecoveryPlan

@Suite struct RecoveryOutlookTests {
    private static let now = 1_800_000_000.0

    /// A history of the given days: 100 GiB today, with a growth of `perDay`.
    private func growing(_ perDay: Double, days: Int = 90) -> SizeHistory {
        let samples = (0...days).map { day in
            Sample(
                x: Self.now - Double(days - day) * 86_400,
                value: (100 - perDay * Double(days - day)) * Double(Int.gibibyte))
        }
        return SizeHistory(newest: 100 * .gibibyte, samples: samples)
    }

    /// A fixed time of 10 s, and 100 MiB/s: 100 GiB take 1034 s.
    private var times: StepTimes {
        get throws {
            StepTimes(
                try (0..<6).map { run in
                    let mebibytes = 60_000 + run * 8000
                    return try PastRun(
                        parts: [
                            .run("rebuild", 100),
                            .restore("prometheus", 10 + Double(mebibytes) / 100, bytes: mebibytes * .mebibyte),
                        ]
                    ).reading()
                })
        }
    }

    private let plan = Rehearsal.plan([.running("rebuild"), .restoring("prometheus", needs: ["rebuild"])])

    private func outlook(rto: Double?, _ size: SizeHistory?, gap: String? = nil) throws -> RecoveryOutlook {
        RecoveryOutlook(
            plan, try times, sizes: size.map { ["prometheus": $0] } ?? [:], gap: gap, rto: rto, now: Self.now)
    }

    @Test func `growth passes the objective in ninety days`() throws {
        // A GiB a day: 10.24 s. 1134 s today, 1441 s in 30 days, 2056 s in 90.
        let outlook = try outlook(rto: 2000, growing(1))
        #expect(outlook.points.map(\.days) == [0, 30, 90, 180, 365])
        #expect(outlook.points.map(\.verdict) == [.fits, .fits, .passes, .passes, .passes])
        #expect(abs((outlook.points[0].total?.expected ?? 0) - 1134) < 1)
        #expect(abs((outlook.points[2].total?.expected ?? 0) - 2055.6) < 1)
        #expect(outlook.worst?.days == 90)
        let advice = outlook.recommendations
        #expect(advice.map(\.kind) == [.longestStep, .throughput, .shorterRestore])
        #expect(abs((advice[0].share ?? 0) - 1955.6 / 2055.6) < 1e-3)
        // 190 GiB in 2000 - 100 - 10 seconds.
        #expect(abs((advice[1].neededBytesPerSecond ?? 0) / Double(Int.mebibyte) - 190 * 1024 / 1890.0) < 0.1)
        #expect(abs((advice[1].measuredBytesPerSecond ?? 0) / Double(Int.mebibyte) - 100) < 0.1)
        #expect(abs(Double(advice[2].fittingBytes ?? 0) / Double(Int.gibibyte) - 1890.0 * 100 / 1024) < 0.1)
    }

    @Test func `a recovery without growth stays within the RTO`() throws {
        let outlook = try outlook(rto: 2000, growing(0))
        #expect(outlook.points.allSatisfy { $0.verdict == .fits } && outlook.recommendations.isEmpty)
        #expect(try self.outlook(rto: nil, growing(0)).points.allSatisfy { $0.verdict == .noObjective })
    }

    @Test func `only the upper end is a softer warning`() throws {
        var size = growing(0)
        for index in size.samples.indices { size.samples[index].value *= index % 2 == 0 ? 1.2 : 0.8 }
        let outlook = try outlook(rto: 1250, size)
        #expect(outlook.points[0].verdict == .fits && outlook.points[1].verdict == .mayPass)
        #expect(outlook.worst?.verdict == .mayPass && outlook.recommendations.first?.kind == .longestStep)
    }

    /// A history of hours does not support a forecast for a year.
    @Test func `a short history looks not far ahead`() throws {
        let outlook = try outlook(rto: 9000, growing(1, days: 10))
        #expect(outlook.points.map(\.verdict) == [.fits, .fits, .fits, .noData, .noData])
        #expect(outlook.points[3].note == "prometheus has 10 days of history: too short for a forecast of 180 days")
    }

    @Test func `without backups the steps are as they were`() throws {
        let outlook = try outlook(rto: 9000, nil, gap: "the store is away")
        #expect(outlook.points[0].verdict == .fits && outlook.points[0].note == "the store is away")
        #expect(outlook.points.dropFirst().allSatisfy { $0.verdict == .noData && $0.note == "the store is away" })
        let few = try self.outlook(rto: 9000, SizeHistory(newest: 100 * .gibibyte, samples: []))
        #expect(few.points[1].note?.contains("in 0 backups") == true)
        #expect(try self.outlook(rto: 9000, nil).points[1].note == "no backup of the last 90 days contains prometheus")
    }

    @Test func `the known part of a recovery can exceed the RTO already`() throws {
        var plan = plan
        plan.steps.append(.running("new", needs: ["prometheus"]))
        let sizes = ["prometheus": growing(1)]
        func points(_ rto: Double) throws -> [RecoveryOutlook.Point] {
            RecoveryOutlook(plan, try times, sizes: sizes, rto: rto, now: Self.now).points
        }
        let first = try points(2000)
        #expect(first.map(\.verdict) == [.noData, .noData, .passes, .passes, .passes])
        #expect(first[0].note == "no earlier time for: new" && first[0].total == nil && (first[0].atLeast ?? 0) > 1133)
    }

    @Test func `restores that wait for each other are named`() throws {
        let plan = Rehearsal.plan([
            .restoring("loki"), .restoring("prometheus", needs: ["loki"]), .running("end", needs: ["prometheus"]),
        ])
        let past = PastRun(parts: [
            .restore("loki", 400, bytes: .gibibyte), .restore("prometheus", 600, bytes: .gibibyte), .run("end", 10),
        ])
        let outlook = RecoveryOutlook(
            plan, try StepTimes(past), sizes: [:], gap: "none", rto: 900, now: Self.now)
        let advice = try #require(outlook.recommendations.last)
        #expect(advice.kind == .sideBySide && advice.step == "prometheus" && advice.after == "loki")
        #expect(advice.seconds == 400)
    }

    @Test func `where the others are too long no throughput helps`() throws {
        let past = PastRun(parts: [.run("rebuild", 500), .restore("prometheus", 600, bytes: 100 * .gibibyte)])
        let outlook = RecoveryOutlook(
            plan, try StepTimes(past), sizes: ["prometheus": growing(0)], rto: 400, now: Self.now)
        #expect(outlook.recommendations.map(\.kind) == [.longestStep, .otherSteps])
        #expect(outlook.recommendations[1].seconds == 500)
    }
}
