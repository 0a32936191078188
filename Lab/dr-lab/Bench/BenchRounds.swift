import Foundation
import Lab

/// Runs each tool in each scenario, for several rounds, and records the cost of each run.
///
/// Within a round the tools alternate in each scenario, and each round begins with a different tool, so that drifts of
/// a shared machine affect all tools equally.
struct BenchRounds {
    var tools: [any BenchTool]
    var corpus: Corpus
    /// The folder for repositories and restored trees, on the measured disk.
    var work: URL
    var rounds: Int
    /// The command that changes the corpus; the number of the change is appended. It is a separate process, because
    /// this one should stay small.
    var changeProgram: [String] = []
    /// The memory that the tools share with their files; nil for that of the machine.
    var memory: BenchMemory?
    /// Prints progress on standard error.
    var say: @Sendable (String) -> Void

    private(set) var rows: [BenchRow] = []
    private var changes = 0
    private var outputs = 0

    init(
        tools: [any BenchTool], corpus: Corpus, work: URL, rounds: Int, say: @escaping @Sendable (String) -> Void
    ) {
        self.tools = tools
        self.corpus = corpus
        self.work = work
        self.rounds = rounds
        self.say = say
    }

    /// - Parameter bucket: the bucket for the repositories; nil for a directory.
    mutating func run(bucket: BenchBucket?) async throws {
        for round in 0..<rounds {
            // Reset the corpus between rounds. No tool in this benchmark removes deleted files from its repository.
            if changes > 0 { try corpus.removeBlock(ofChange: changes) }
            var jobs: [String: BenchJob] = [:]
            for (number, tool) in tools.enumerated() {
                let folder = work.appending(path: "\(name(bucket))-\(round)-\(number)")
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                let place = bucket.map { BenchPlace.s3($0, prefix: "round-\(round)/tool-\(number)") } ?? .directory
                let job = BenchJob(source: corpus.root, folder: folder, place: place)
                if let command = try tool.prepare(job) { try await execute(command).requireSuccess() }
                jobs[tool.name] = job
            }
            let first = round % tools.count
            let order = Array(tools[first...] + tools[..<first])
            for scenario in BenchScenario.allCases {
                if scenario == .changed {
                    changes += 1
                    try await execute(BenchCommand(arguments: changeProgram + ["\(changes)"])).requireSuccess()
                }
                for tool in order {
                    guard let job = jobs[tool.name], let scenario = turn(of: tool, in: scenario) else { continue }
                    try await measure(tool, scenario, job, round: round)
                }
            }
            for job in jobs.values { try await remove(job) }
        }
    }

    private func name(_ bucket: BenchBucket?) -> String {
        "\(memory == nil ? "" : "confined-")\(bucket.map { $0.place == "S3" ? "s3" : "distant" } ?? "directory")"
    }

    private func place(_ job: BenchJob) -> String { memory == nil ? job.place.name : BenchMemory.place }

    /// Returns the scenario that a tool runs in its turn.
    ///
    /// A tool that is not incremental would repeat its cold run, which takes minutes, in the next two scenarios. It
    /// restores instead, before the tree changes.
    private func turn(of tool: any BenchTool, in scenario: BenchScenario) -> BenchScenario? {
        if tool.isIncremental { return scenario }
        switch scenario {
        case .cold: return .cold
        case .unchanged: return .restore
        case .changed, .restore: return nil
        }
    }

    private mutating func measure(
        _ tool: any BenchTool, _ scenario: BenchScenario, _ job: BenchJob, round: Int
    ) async throws {
        let output = work.appending(path: "restored-\(outputs)")
        let command: BenchCommand?
        switch scenario {
        case .cold, .unchanged, .changed: command = tool.backup(job)
        case .restore: command = tool.restore(job, to: output)
        }
        guard let command else { return }
        if let memory {
            try memory.forget()
        } else {
            try await warmUp(scenario == .restore ? job.stored : corpus.root)
        }
        sync()
        let process = try await execute(memory?.confine(command) ?? command)
        try process.requireSuccess()
        let start = ContinuousClock.now
        sync()
        var run = BenchRow.Run(process)
        run.sync = (ContinuousClock.now - start) / .seconds(1)
        say(
            "\(place(job)), round \(round + 1), \(scenario.rawValue), \(tool.name): "
                + BenchText.seconds(process.wall / .seconds(1)))
        var row =
            rows.first { $0.place == place(job) && $0.scenario == scenario && $0.tool == tool.name }
            ?? BenchRow(place: place(job), scenario: scenario, tool: tool.name)
        row.runs.append(run)
        if scenario == .restore {
            // Verify the restored bytes: a fast but wrong restore must not count.
            let difference = ["/usr/bin/diff", "--recursive", "--no-dereference", job.source.path, output.path]
            try await execute(BenchCommand(arguments: difference)).requireSuccess()
            outputs += 1
            try Self.empty(output)
        } else {
            row.stored = try await stored(job)
        }
        rows.removeAll { $0.place == row.place && $0.scenario == row.scenario && $0.tool == row.tool }
        rows.append(row)
    }

    private func execute(_ command: BenchCommand) async throws -> MeasuredProcess {
        try await MeasuredProcess.run(
            command.arguments, log: work.appending(path: "command.log").path, folder: command.folder,
            environment: command.environment)
    }

    /// Reads a tree into the page cache for the next tool, because some machines release memory early.
    private func warmUp(_ tree: URL) async throws {
        let read = ["/bin/sh", "-c", #"find "$0" -type f -exec cat {} + > /dev/null"#, tree.path]
        try await execute(BenchCommand(arguments: read)).requireSuccess()
    }

    private func stored(_ job: BenchJob) async throws -> Int {
        switch job.place {
        case .directory: try BenchSize.ofFiles(in: job.repository)
        case .s3: try await BenchSize.ofObjects(RcloneTool.remote(job), RcloneTool.environment(job.place), work)
        }
    }

    private func remove(_ job: BenchJob) async throws {
        if case .s3 = job.place {
            let purge = [try LabTool.path("rclone"), "purge", RcloneTool.remote(job)]
            // rclone reports an error if there are no objects to remove, as with a tool that cannot write to S3.
            _ = try await execute(BenchCommand(arguments: purge, environment: RcloneTool.environment(job.place)))
        }
        try Self.empty(job.folder)
    }

    /// Frees the space of a tree without deleting its files. The whole folder is deleted at the end.
    ///
    /// ext4 does not reuse the inodes of deleted files for a minute or more, and searches past each of them for each
    /// new file. Thousands of deletions would slow the next tool down by seconds.
    static func empty(_ folder: URL) throws {
        guard let walk = FileManager.default.enumerator(atPath: folder.path) else {
            throw LabError("cannot read '\(folder.path)'")
        }
        for case let path as String in walk where walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
            let file = folder.appending(path: path).path
            guard truncate(file, 0) == 0 else {
                throw LabError("truncate '\(file)': \(String(cString: strerror(errno)))")
            }
        }
    }
}

/// The size of a tool's repository.
enum BenchSize {
    static func ofFiles(in folder: URL) throws -> Int {
        guard let walk = FileManager.default.enumerator(atPath: folder.path) else {
            throw LabError("cannot read '\(folder.path)'")
        }
        var bytes = 0
        while walk.nextObject() != nil {
            guard walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular else { continue }
            bytes += walk.fileAttributes?[.size] as? Int ?? 0
        }
        return bytes
    }

    /// - Parameters:
    ///   - remote: the remote in rclone's notation.
    ///   - folder: the folder for rclone's output.
    static func ofObjects(_ remote: String, _ environment: [String: String], _ folder: URL) async throws -> Int {
        struct Answer: Decodable { var bytes: Int }
        let log = folder.appending(path: "size.json")
        let process = try await MeasuredProcess.run(
            [try LabTool.path("rclone"), "size", "--json", remote], log: log.path, environment: environment)
        try process.requireSuccess()
        return try JSONDecoder().decode(Answer.self, from: Data(contentsOf: log)).bytes
    }
}
