import Foundation
import Lab
import Retention

/// Measures retention: the decision over seven years of hourly sets, and prunes of a repository with a long history.
struct BenchPrune {
    var tool: DRTool
    /// The number of sets in the repository to prune.
    var sets: Int
    var files: Int
    var work: URL
    /// The path of this program, which creates the history in a separate process.
    var lab: String
    var say: @Sendable (String) -> Void

    struct Result: Encodable, Sendable {
        /// The number of sets in the decision.
        var decided: Int
        /// The time of the decision in seconds, the median of five.
        var decision: Double
        var sets: Int
        var files: Int
        /// The run of `dr prune --dry-run`. `dr prune --grace 0s` follows it, which announces and removes sets.
        var dryRun: BenchRow
        var prune: BenchRow
        /// The number of sets after the prune.
        var kept: Int
    }

    /// Hourly sets of seven years.
    private static let decided = 61_320

    func run() async throws -> Result {
        let decision = Self.decide()
        say("deciding over \(Self.decided) sets: \(BenchText.seconds(decision))")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        let log = work.appending(path: "command.log").path, repository = work.appending(path: "repository")
        let made = try await MeasuredProcess.run(
            [lab, "history", repository.path, "--sets", "\(sets)", "--files", "\(files)"], log: log)
        try made.requireSuccess()
        say("wrote a history of \(sets) sets and \(files) files in \(BenchText.seconds(made.wall / .seconds(1)))")
        let configuration = work.appending(path: "dr.yaml").path
        let text = """
            store: {url: "file://\(repository.path)"}
            components: {tree: {kind: files, data: "\(work.path)"}}
            retention: {hourly: 24h, daily: 30d, weekly: 12w, monthly: 12mo, yearly: 7y, largest_drop: 100%}
            state: "\(work.appending(path: "state").path)"
            """
        try text.write(toFile: configuration, atomically: true, encoding: .utf8)
        func measure(_ arguments: [String], _ name: String) async throws -> BenchRow {
            sync()
            let process = try await MeasuredProcess.run(
                [tool.program, "--config", configuration, "--no-progress"] + arguments, log: log)
            try process.requireSuccess()
            var row = BenchRow(place: "history", scenario: .unchanged, tool: name)
            row.runs.append(.init(process))
            say("\(name): \(BenchText.seconds(row.wall)), \(BenchText.mebibytes(row.peakMemory))")
            return row
        }
        let dryRun = try await measure(["prune", "--dry-run"], "dr prune --dry-run")
        let prune = try await measure(["prune", "--grace", "0s"], "dr prune --grace 0s")
        let left = try FileManager.default.contentsOfDirectory(atPath: repository.appending(path: "sets").path)
        guard left.count < sets, !left.isEmpty else { throw LabError("the prune kept \(left.count) of \(sets) sets") }
        return Result(
            decided: Self.decided, decision: decision, sets: sets, files: files, dryRun: dryRun, prune: prune,
            kept: left.count)
    }

    private static func decide() -> Double {
        let now = 1_798_761_599  // 2026-12-31 23:59:59 UTC
        let history = (0..<decided).map { SetFacts(time: now - 3599 - (decided - 1 - $0) * 3600) }
        return BenchRow.median(
            (0..<5).map { _ in
                let start = ContinuousClock.now
                let plan = Retention.decide(
                    history, policy: .proposed, circumstances: PruneCircumstances(now: now))
                precondition(plan.decisions.count == decided, "the plan contains one decision for each set")
                return (ContinuousClock.now - start) / .seconds(1)
            })
    }
}
