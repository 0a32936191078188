import Foundation
import Lab

/// Compares a backup of a tree of many unchanged small files with `find -printf` over the same tree, which shows the
/// minimum cost of a walk.
struct BenchSmallFiles {
    var tool: DRTool
    var files: Int
    var work: URL
    var rounds: Int
    var say: @Sendable (String) -> Void

    struct Result: Encodable, Sendable {
        var files: Int
        /// The time of the single first backup in seconds.
        var cold: Double
        var unchanged: BenchRow
        var find: BenchRow
        /// The bytes that the last unchanged run added to the repository.
        var added: Int
    }

    func run() async throws -> Result {
        let tree = work.appending(path: "tree")
        try Self.write(files, to: tree)
        let job = BenchJob(source: tree, folder: work.appending(path: "dr"), place: .directory)
        try FileManager.default.createDirectory(at: job.folder, withIntermediateDirectories: true)
        let log = work.appending(path: "command.log").path
        func measure(_ command: BenchCommand?) async throws -> BenchRow.Run {
            guard let command else { throw LabError("no command to measure") }
            sync()
            let process = try await MeasuredProcess.run(
                command.arguments, log: log, folder: command.folder, environment: command.environment)
            try process.requireSuccess()
            return .init(process)
        }
        _ = try await measure(try tool.prepare(job))
        let cold = try await measure(tool.backup(job))
        say("\(files) files, cold, dr: \(BenchText.seconds(cold.wall))")

        var result = Result(
            files: files, cold: cold.wall,
            unchanged: BenchRow(place: "small files", scenario: .unchanged, tool: tool.name),
            find: BenchRow(place: "small files", scenario: .unchanged, tool: "find -printf"), added: 0)
        let find = BenchCommand(arguments: ["/usr/bin/find", tree.path, "-printf", "%P %s %T@ %i %m\\n"])
        for _ in 0..<rounds {
            result.find.runs.append(try await measure(find))
            let before = try BenchSize.ofFiles(in: job.repository)
            result.unchanged.runs.append(try await measure(tool.backup(job)))
            result.added = try BenchSize.ofFiles(in: job.repository) - before
        }
        say(
            "\(files) files, unchanged, dr: \(BenchText.seconds(result.unchanged.wall)), "
                + "find: \(BenchText.seconds(result.find.wall))")
        return result
    }

    /// Writes small files, each with another content.
    static func write(_ files: Int, to tree: URL) throws {
        var random = CorpusRandom(seed: 1, part: "small files")
        for number in 0..<files {
            let folder = "\(tree.path)/\(number / 1000)"
            if number % 1000 == 0 {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
            let text = "\(number) \(random.next())\n"
            guard let file = fopen("\(folder)/rule-\(number).yaml", "w") else {
                throw LabError("cannot write in '\(folder)'")
            }
            defer { fclose(file) }
            guard fputs(text, file) >= 0 else { throw LabError("cannot write in '\(folder)'") }
        }
    }
}
