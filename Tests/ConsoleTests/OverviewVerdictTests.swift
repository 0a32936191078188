import BackupRepository
import Operations
import Platform
import RecoveryPlan
import Testing

/// The colour and the sentence of the overview.
@Suite struct OverviewVerdictTests {
    private func overview() async throws -> (StackOverview, Timestamp) {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        try await console.backUp()
        var overview = try #require(console.state.snapshot?.overview)
        // All that would be amber in a fresh stack.
        overview.recoveries = [
            StackOverview.Recovery(scenario: "loss", verdict: .fits, rto: 600, expected: 60, upper: 90, runs: 3)
        ]
        for index in overview.components.indices {
            overview.components[index].verified = overview.at
            overview.components[index].gaps = 0
        }
        (overview.hostGaps, overview.gapLines, overview.freezes, overview.alarms) = (0, [], [], [])
        overview.results = LastResults()
        return (overview, overview.at)
    }

    @Test func `a stack without a finding is green`() async throws {
        let (overview, now) = try await overview()
        #expect(overview.colour(at: now) == .green)
        #expect(overview.verdict(at: now).contains("within the RTO"))
    }

    @Test func `a failure of the newest set, of a run or of the host is never green`() async throws {
        let (green, now) = try await overview()
        func check(_ words: String, is colour: StackOverview.Colour, if change: (inout StackOverview) -> Void) {
            var overview = green
            change(&overview)
            #expect(overview.colour(at: now) == colour, "\(words)")
            #expect(overview.verdict(at: now).contains(words), "\(overview.verdict(at: now))")
        }
        func test(_ verdict: String) -> LastResults {
            var results = LastResults()
            results.tests = [.init(run: "r", scenario: "loss", isDrill: true, verdict: verdict)]
            return results
        }
        check("tree failed in the newest backup", is: .amber) { $0.components[0].isFailed = true }
        check("newest backup set is partial", is: .amber) { $0.isNewestPartial = true }
        check("newest backup run from this machine failed", is: .amber) { $0.results?.isBackupFailed = true }
        check("newest drill of loss failed", is: .red) { $0.results = test("failed") }
        check("newest drill of loss was inconclusive", is: .amber) { $0.results = test("inconclusive") }
        check("within the RTO", is: .green) { $0.results = test("passed") }
        check("2 objects of the host", is: .amber) { $0.hostGaps = 2 }
    }
}
