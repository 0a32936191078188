import Foundation
import Lab

/// Compares `dr`, which verifies each Loki chunk, with restic over the same folder of many small chunks.
struct BenchLoki {
    var tools: [any BenchTool]
    var chunks: Int
    var work: URL
    var rounds: Int
    /// The path of this program, which creates the corpus in a separate process.
    var lab: String
    var say: @Sendable (String) -> Void

    struct Result: Encodable, Sendable {
        var chunks: Int
        /// The total size of the chunks in bytes.
        var bytes: Int
        var rows: [BenchRow]

        /// The ratio of the medians; nil if one of the tools was not measured.
        var coldRatio: Double? {
            func wall(_ tool: String) -> Double? { rows.first { $0.scenario == .cold && $0.tool == tool }?.wall }
            guard let own = wall("dr"), let other = wall("restic"), other > 0 else { return nil }
            return own / other
        }
    }

    func run() async throws -> Result {
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        let data = work.appending(path: "data")
        let log = work.appending(path: "command.log").path
        say("writing \(chunks) Loki chunks")
        try await MeasuredProcess.run([lab, "corpus", data.path, "--loki-chunks", "\(chunks)"], log: log)
            .requireSuccess()
        let compared = tools.compactMap { tool -> (any BenchTool)? in
            if let own = tool as? DRTool { return DRLokiTool(program: own.program) }
            return tool is ResticTool ? tool : nil
        }
        var rows: [BenchRow] = []
        for round in 0..<rounds {
            for tool in round.isMultiple(of: 2) ? compared : compared.reversed() {
                let folder = work.appending(path: "\(tool.name)-\(round)")
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                let job = BenchJob(source: data, folder: folder, place: .directory)
                if let prepare = try tool.prepare(job) { _ = try await measure(prepare, log) }
                for scenario in [BenchScenario.cold, .unchanged] {
                    guard let command = tool.backup(job) else { continue }
                    let read = ["/bin/sh", "-c", #"find "$0" -type f -exec cat {} + > /dev/null"#, data.path]
                    try await MeasuredProcess.run(read, log: log).requireSuccess()
                    let run = try await measure(command, log)
                    say("\(chunks) Loki chunks, \(scenario.rawValue), \(tool.name): \(BenchText.seconds(run.wall))")
                    let place = rows.firstIndex { $0.scenario == scenario && $0.tool == tool.name }
                    var row =
                        place.map { rows[$0] } ?? BenchRow(place: "Loki chunks", scenario: scenario, tool: tool.name)
                    row.runs.append(run)
                    row.stored = try BenchSize.ofFiles(in: job.repository)
                    if let place { rows[place] = row } else { rows.append(row) }
                }
            }
        }
        rows.sort { ($0.scenario.rawValue, $0.tool) < ($1.scenario.rawValue, $1.tool) }
        return Result(chunks: chunks, bytes: try BenchSize.ofFiles(in: data), rows: rows)
    }

    private func measure(_ command: BenchCommand, _ log: String) async throws -> BenchRow.Run {
        sync()
        let process = try await MeasuredProcess.run(
            command.arguments, log: log, folder: command.folder, environment: command.environment)
        try process.requireSuccess()
        return .init(process)
    }
}

/// `dr` with one component of kind `loki`.
private struct DRLokiTool: BenchTool {
    let program: String
    let name = "dr"
    let settings = "one component of kind loki; the checksum in the name of each chunk is verified"
    let isIncremental = true
    var versionCommand: [String] { [program, "--version"] }

    func prepare(_ job: BenchJob) throws -> BenchCommand? {
        let text = """
            store: {url: "file://\(job.repository.path)"}
            components: {loki: {data: "\(job.source.path)"}}
            state: "\(job.folder.appending(path: "state").path)"
            """
        try text.write(toFile: configuration(job), atomically: true, encoding: .utf8)
        return command(job, ["init"])
    }

    func backup(_ job: BenchJob) -> BenchCommand? { command(job, ["backup", "--json"]) }

    func restore(_ job: BenchJob, to output: URL) -> BenchCommand? {
        command(job, ["restore", "--component", "loki", "--to", output.path])
    }

    private func configuration(_ job: BenchJob) -> String { job.folder.appending(path: "dr.yaml").path }

    private func command(_ job: BenchJob, _ arguments: [String]) -> BenchCommand {
        BenchCommand(arguments: [program, "--config", configuration(job)] + arguments)
    }
}
