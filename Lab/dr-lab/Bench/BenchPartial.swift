import Foundation
import Lab

/// Compares restores of a small part: the bytes and requests that each tool needs for the wanted bytes.
///
/// A proxy counts between the tool and the S3 server. borg has no S3, so that only its time in a directory is measured.
struct BenchPartial {
    var tools: [any PartialTool]
    var borg: String?
    var server: BenchServer
    /// The number of chunks of each tenant in one hour.
    var chunks: Int
    var work: URL
    var say: @Sendable (String) -> Void

    /// A part of the corpus, as a path in it.
    enum Wanted: String, CaseIterable, Encodable, Sendable {
        case file = "one file"
        case block = "one block"
        case hour = "one hour of one tenant"

        var path: String {
            switch self {
            case .file: "chunks/t1/h03/0"
            case .block: "blocks/b2"
            case .hour: "chunks/t1/h07"
            }
        }
    }

    struct Row: Encodable, Sendable {
        var wanted: Wanted
        var tool: String
        /// True if the tool has its cache, or its state folder, from the backup.
        var isWarm: Bool
        var wantedBytes: Int
        /// Nil for a tool without S3.
        var fetchedBytes: Int?
        var requests: Int?
        var seconds: Double
    }

    struct Result: Encodable, Sendable {
        var files: Int
        var bytes: Int
        var rows: [Row]

        /// The bytes of `dr` as a multiple of restic's, with caches; nil if one of them was not measured.
        func ratio(_ wanted: Wanted) -> Double? {
            func bytes(_ tool: String) -> Double? {
                rows.first { $0.wanted == wanted && $0.tool == tool && $0.isWarm }?.fetchedBytes.map(Double.init)
            }
            guard let own = bytes("dr"), let other = bytes("restic"), other > 0 else { return nil }
            return own / other
        }
    }

    func run() async throws -> Result {
        let source = work.appending(path: "corpus")
        say("writing the corpus of partial restores")
        try writeCorpus(source)
        var rows: [Row] = []
        for tool in tools {
            let proxy = try FaultyProxy(to: server.bucket.endpoint, rates: [:], seed: 1)
            defer { proxy.stop() }
            var bucket = server.bucket
            bucket.endpoint = proxy.endpoint
            let job = try self.job(tool.name, source, .s3(bucket, prefix: "partial-\(tool.name)"))
            if let prepare = try tool.prepare(job) { _ = try await measured(prepare) }
            if let backup = tool.backup(job) { _ = try await measured(backup) }
            for isWarm in [true, false] {
                for wanted in Wanted.allCases {
                    if !isWarm { try tool.forget(job) }
                    let output = job.folder.appending(path: "\(wanted)-\(isWarm)")
                    let (requests, bytes) = (proxy.requests, proxy.delivered)
                    let seconds = try await measured(tool.restore(wanted.path, of: job, to: output))
                    try verify(wanted, source, output)
                    rows.append(
                        Row(
                            wanted: wanted, tool: tool.name, isWarm: isWarm,
                            wantedBytes: try size(of: wanted, in: source),
                            fetchedBytes: proxy.delivered - bytes, requests: proxy.requests - requests,
                            seconds: seconds))
                    say("\(wanted.rawValue), \(tool.name): \(proxy.delivered - bytes) bytes")
                }
            }
        }
        if let borg { rows += try await borgRows(BorgTool(program: borg), source) }
        return Result(
            files: tenants * hours * chunks + blocks * 3, bytes: try BenchSize.ofFiles(in: source), rows: rows)
    }

    private func borgRows(_ tool: BorgTool, _ source: URL) async throws -> [Row] {
        let job = try self.job(tool.name, source, .directory)
        _ = try await measured(tool.prepare(job))
        _ = try await measured(tool.backup(job))
        var rows: [Row] = []
        for wanted in Wanted.allCases {
            let output = job.folder.appending(path: "\(wanted)")
            let seconds = try await measured(tool.restore(wanted.path, of: job, to: output))
            try verify(wanted, source, output)
            rows.append(
                Row(
                    wanted: wanted, tool: tool.name, isWarm: true,
                    wantedBytes: try size(of: wanted, in: source), seconds: seconds))
        }
        return rows
    }

    private func job(_ name: String, _ source: URL, _ place: BenchPlace) throws -> BenchJob {
        let folder = work.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return BenchJob(source: source, folder: folder, place: place)
    }

    private func measured(_ command: BenchCommand) async throws -> Double {
        let process = try await MeasuredProcess.run(
            command.arguments, log: work.appending(path: "command.log").path, folder: command.folder,
            environment: command.environment)
        try process.requireSuccess()
        return process.wall / .seconds(1)
    }

    private func verify(_ wanted: Wanted, _ source: URL, _ output: URL) throws {
        let (original, restored) = (source.appending(path: wanted.path), output.appending(path: wanted.path))
        guard FileManager.default.contentsEqual(atPath: original.path, andPath: restored.path) else {
            throw LabError("\(wanted.rawValue): '\(restored.path)' differs from the source")
        }
    }

    private func size(of wanted: Wanted, in source: URL) throws -> Int {
        let path = source.appending(path: wanted.path)
        guard wanted == .file else { return try BenchSize.ofFiles(in: path) }
        return try path.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
    }

    // MARK: Corpus

    private var tenants: Int { 2 }
    private var hours: Int { 12 }
    private var blocks: Int { 4 }

    /// Random bytes, like compressed chunks: of 0.1 MB for each file of a tenant, and blocks with a large segment.
    private func writeCorpus(_ root: URL) throws {
        func write(_ path: String, _ count: Int) throws {
            let file = root.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            var random = CorpusRandom(seed: 15, part: path)
            var bytes = Data(capacity: count)
            while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) } }
            try bytes.prefix(count).write(to: file)
        }
        for tenant in 1...tenants {
            for hour in 1...hours {
                let folder = "chunks/t\(tenant)/h\(hour < 10 ? "0" : "")\(hour)"
                for number in 0..<chunks { try write("\(folder)/\(number)", 100_000) }
            }
        }
        for number in 1...blocks {
            try write("blocks/b\(number)/chunks/000001", 4_000_000)
            try write("blocks/b\(number)/index", 400_000)
            try write("blocks/b\(number)/meta.json", 300)
        }
    }
}

/// A tool that can restore one path.
protocol PartialTool: BenchTool {
    func restore(_ path: String, of job: BenchJob, to output: URL) -> BenchCommand
    /// Removes what the tool has on this machine besides its configuration.
    func forget(_ job: BenchJob) throws
}

extension DRTool: PartialTool {
    func restore(_ path: String, of job: BenchJob, to output: URL) -> BenchCommand {
        var command = BenchCommand(arguments: [], environment: job.place.environment)
        command.arguments = [
            program, "--config", job.folder.appending(path: "dr.yaml").path, "restore", "--component", "bench", "--to",
            output.path, path,
        ]
        return command
    }

    func forget(_ job: BenchJob) throws { try removeIfPresent(job.folder.appending(path: "state")) }
}

extension ResticTool: PartialTool {
    func restore(_ path: String, of job: BenchJob, to output: URL) -> BenchCommand {
        var command = restore(job, to: output) ?? BenchCommand(arguments: [])
        command.arguments += ["--include", "/\(path)"]
        return command
    }

    func forget(_ job: BenchJob) throws { try removeIfPresent(job.folder.appending(path: "cache")) }
}

private func removeIfPresent(_ folder: URL) throws {
    guard FileManager.default.fileExists(atPath: folder.path) else { return }
    try FileManager.default.removeItem(at: folder)
}

/// borg, in a directory.
private struct BorgTool {
    let program: String
    let name = "borg"

    func prepare(_ job: BenchJob) -> BenchCommand { command(job, ["init", "--encryption=none", job.repository.path]) }

    func backup(_ job: BenchJob) -> BenchCommand {
        command(job, ["create", "--compression=auto,lz4", "\(job.repository.path)::one", "."], job.source.path)
    }

    func restore(_ path: String, of job: BenchJob, to output: URL) throws -> BenchCommand {
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
        return command(job, ["extract", "\(job.repository.path)::one", path], output.path)
    }

    private func command(_ job: BenchJob, _ arguments: [String], _ folder: String = "/") -> BenchCommand {
        let base = job.folder.appending(path: "borg").path
        return BenchCommand(
            arguments: [program] + arguments,
            environment: ["BORG_BASE_DIR": base, "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"], folder: folder)
    }
}
