import Foundation
import Lab

/// Measures the overhead of the recovery engine with a plan of a thousand steps that only wait, compared with the
/// waiting time, and with a plan of a thousand programs that do nothing.
struct BenchRecovery {
    var tool: DRTool
    /// The number of steps in a chain, and the number of concurrent chains.
    var links: Int
    var chains: Int
    var work: URL
    var rounds: Int
    var say: @Sendable (String) -> Void

    struct Result: Encodable, Sendable {
        var steps: Int
        /// The waiting time of the longest chain in seconds.
        var plan: Double
        var waits: BenchRow
        var programs: BenchRow
        /// The time from start to end of the program that is not waiting, in percent of the waiting time.
        var overhead: Double { (waits.wall - plan) * 100 / plan }
    }

    func run() async throws -> Result {
        let data = work.appending(path: "data")
        let plans = work.appending(path: "plans")
        for folder in [data, plans] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        try Data("one file".utf8).write(to: data.appending(path: "file"))
        let configuration = """
            store: {url: "file://\(work.path)/repository"}
            state: "\(work.path)/state"
            components: {tree: {kind: files, data: "\(data.path)"}}
            objectives: {rto: 12h}
            """
        try Data(configuration.utf8).write(to: work.appending(path: "dr.yaml"))
        for (scenario, action) in [("waits", "wait: 1s"), ("programs", "run: [/bin/true]")] {
            try Data(plan(scenario, action).utf8).write(to: plans.appending(path: "\(scenario).yaml"))
        }
        for command in ["init", "backup"] { _ = try await measure([command]) }
        var result = Result(
            steps: links * chains, plan: Double(links),
            waits: BenchRow(place: "plan", scenario: .restore, tool: "steps that wait 1s"),
            programs: BenchRow(place: "plan", scenario: .restore, tool: "programs that do nothing"))
        for _ in 0..<rounds {
            result.waits.runs.append(.init(try await replay("waits")))
            result.programs.runs.append(.init(try await replay("programs")))
        }
        say(
            "\(result.steps) steps: \(BenchText.seconds(result.waits.wall)) with \(BenchText.seconds(result.plan)) of waiting, "
                + "\(BenchText.mebibytes(result.waits.peakMemory)); as programs \(BenchText.seconds(result.programs.wall))"
        )
        return result
    }

    private func plan(_ scenario: String, _ action: String) -> String {
        var lines = ["scenario: \(scenario)", "steps:"]
        for chain in 0..<chains {
            for link in 0..<links {
                let needs = link == 0 ? "" : "needs: [c\(chain)_\(link - 1)], "
                lines.append("  - {id: c\(chain)_\(link), \(needs)timeout: 1m, \(action)}")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func replay(_ scenario: String) async throws -> MeasuredProcess {
        sync()
        return try await measure(["restore", "--scenario", scenario, "--yes", "--no-progress"])
    }

    private func measure(_ arguments: [String]) async throws -> MeasuredProcess {
        let process = try await MeasuredProcess.run(
            [tool.program] + arguments, log: work.appending(path: "command.log").path, folder: work.path)
        try process.requireSuccess()
        return process
    }
}
