import ArgumentParser
import Foundation
import Lab
import Platform

/// `dr-lab bench`: compares `dr` with other backup tools.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare dr with restic, rclone, tar and cp in one run.",
        discussion:
            "Prints a Markdown table on standard output and progress on standard error. TMPDIR selects the disk to measure."
    )

    @Option(help: "Number of rounds; figures are medians (default: 3).") var runs = 3
    @Flag(help: "Use a small corpus and one round, to try the benchmark. The figures are not comparable.") var quick =
        false
    @Flag(help: "Print one JSON document instead of the table.") var json = false
    @Option(help: "Size of the corpus; 1 is about 1.5 GB.") var scale: Double?
    @Option(help: "Path of the dr program to measure (default: the one beside this program).") var dr: String?
    @Option(
        help:
            """
            Skip a part: directory, s3, small-files, loki, grafana, prune, recovery, side-by-side, protection, \
            partial, volumes, scale, distant, memory, week. Repeatable.
            """
    )
    var without: [Part] = []
    @Flag(help: "Exit with status 1 if a bound is exceeded.") var enforce = false

    enum Part: String, ExpressibleByArgument, CaseIterable {
        case directory, s3, loki, grafana, prune, recovery, protection, partial, volumes, scale, distant, memory, week
        case smallFiles = "small-files"
        case sideBySide = "side-by-side"
    }

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs must be at least 1") }
        if let scale, scale <= 0 || scale > 10 { throw ValidationError("--scale must be above 0 and at most 10") }
    }

    private var size: Double { scale ?? (quick ? 0.1 : 1) }
    private var rounds: Int { quick ? 1 : runs }
    private var smallFiles: Int { quick ? 20_000 : 200_000 }
    private var lokiChunks: Int { quick ? 10_000 : 100_000 }
    private var dashboards: Int { quick ? 500 : 5_000 }
    private var componentScale: Double { quick ? 0.02 : 0.2 }

    func run() async throws {
        try await MeasuredProcess.$helper.withValue(Self.program()) { try await measure() }
    }

    private func measure() async throws {
        let place = try TemporaryFolder("bench")
        defer { withExtendedLifetime(place) {} }
        let tools = try self.tools()
        let corpus = Corpus(root: place.url.appending(path: "corpus"), scale: size)
        let program = try Self.program()
        var described: [String] = []
        if [Part.directory, .s3, .protection, .distant, .memory].contains(where: { !without.contains($0) }) {
            say("writing the corpus")
            let log = place.url.appending(path: "corpus.log")
            try await MeasuredProcess.run([program, "corpus", corpus.root.path, "--scale", "\(size)"], log: log.path)
                .requireSuccess()
            described = try String(contentsOf: log, encoding: .utf8).split(separator: "\n").map(String.init)
        }

        var rounds = BenchRounds(
            tools: tools, corpus: corpus, work: place.url.appending(path: "work"), rounds: self.rounds, say: say)
        rounds.changeProgram = [program, "corpus", corpus.root.path, "--scale", "\(size)", "--change"]
        if !without.contains(.directory) { try await rounds.run(bucket: nil) }
        let bytes = described.isEmpty ? 0 : try BenchSize.ofFiles(in: corpus.root)
        let server = without.contains(.s3) ? nil : try await BenchServer.start()
        if let server { try await rounds.run(bucket: server.bucket) }
        var measured = tools
        if !without.contains(.distant) {
            let server = try await BenchServer.start(isDistant: true)
            measured.append(S5cmdTool(program: try LabTool.path("s5cmd")))
            // tar would take minutes, and cp has no S3.
            rounds.tools = measured.filter { !($0 is TarTool) && !($0 is CopyTool) }
            try await rounds.run(bucket: server.bucket)
        }
        if !without.contains(.memory), let memory = BenchMemory() {
            rounds.memory = memory
            rounds.tools = tools.filter { $0 is DRTool || $0 is CopyTool }
            try await rounds.run(bucket: nil)
            memory.remove()
        }
        var small: BenchSmallFiles.Result?
        if !without.contains(.smallFiles), let own = tools.compactMap({ $0 as? DRTool }).first {
            small = try await BenchSmallFiles(
                tool: own, files: smallFiles, work: place.url.appending(path: "small"), rounds: self.rounds, say: say
            ).run()
        }
        var loki: BenchLoki.Result?
        if !without.contains(.loki) {
            loki = try await BenchLoki(
                tools: tools, chunks: lokiChunks, work: place.url.appending(path: "loki"), rounds: self.rounds,
                lab: program, say: say
            ).run()
        }
        var grafana: BenchGrafana.Result?
        if !without.contains(.grafana), let own = tools.compactMap({ $0 as? DRTool }).first {
            grafana = try await BenchGrafana(
                tool: own, dashboards: dashboards, work: place.url.appending(path: "grafana"), rounds: self.rounds,
                lab: program, say: say
            ).run()
        }
        var prune: BenchPrune.Result?
        if !without.contains(.prune), let own = tools.compactMap({ $0 as? DRTool }).first {
            prune = try await BenchPrune(
                tool: own, sets: quick ? 1000 : 10_000, files: quick ? 100_000 : 1_000_000,
                work: place.url.appending(path: "prune"), lab: program, say: say
            ).run()
        }
        var recovery: BenchRecovery.Result?
        if !without.contains(.recovery), let own = tools.compactMap({ $0 as? DRTool }).first {
            recovery = try await BenchRecovery(
                tool: own, links: quick ? 20 : 100, chains: quick ? 50 : 10,
                work: place.url.appending(path: "recovery"), rounds: self.rounds, say: say
            ).run()
        }
        var sideBySide: BenchSideBySide.Result?
        if !without.contains(.sideBySide), let own = tools.compactMap({ $0 as? DRTool }).first {
            sideBySide = try await BenchSideBySide(
                tool: own, scale: componentScale, work: place.url.appending(path: "side-by-side"),
                rounds: max(self.rounds, 5), lab: program, say: say
            ).run()
        }
        var protection: BenchProtection.Result?
        if !without.contains(.protection), let own = tools.compactMap({ $0 as? DRTool }).first {
            protection = try await BenchProtection(
                tool: own, corpus: corpus.root, work: place.url.appending(path: "protection"), rounds: self.rounds,
                say: say
            ).run()
        }
        var partial: BenchPartial.Result?
        if !without.contains(.partial) {
            partial = try await BenchPartial(
                tools: tools.compactMap { $0 as? any PartialTool },
                borg: Program.find("borg", environment: ProcessInfo.processInfo.environment),
                server: try await BenchServer.start(), chunks: quick ? 10 : 60,
                work: place.url.appending(path: "partial"), say: say
            ).run()
        }
        var volumes: BenchVolumes.Result?
        if !without.contains(.volumes), LaboratoryCluster.isPossible,
            let own = tools.compactMap({ $0 as? DRTool }).first
        {
            volumes = try await BenchVolumes(
                tool: own, mebibytes: max(6, Int(2048 * size)), work: place.url.appending(path: "volumes"),
                rounds: self.rounds, say: say
            ).run()
        }
        var scaled: BenchScale.Result?
        if !without.contains(.scale), let own = tools.compactMap({ $0 as? DRTool }).first {
            scaled = try await BenchScale(
                tool: own, files: quick ? 10_000 : 1_000_000, mebibytes: quick ? 16 : 256,
                work: place.url.appending(path: "scale"), rounds: 1, say: say
            ).run()
        }
        var week: BenchWeek.Result?
        if !without.contains(.week), let own = tools.compactMap({ $0 as? DRTool }).first {
            week = try await BenchWeek(
                tool: own, hours: quick ? 12 : 168, work: place.url.appending(path: "week"), say: say
            ).run()
        }
        var report = BenchReport(
            machine: Self.machine, corpus: described, corpusBytes: bytes, rounds: self.rounds,
            tools: try await versions(of: measured, place.url), rows: rounds.rows, smallFiles: small,
            loki: loki, grafana: grafana, prune: prune, recovery: recovery, sideBySide: sideBySide,
            protection: protection, partial: partial, volumes: volumes, scale: scaled, week: week,
            notes: notes(rounds, server))
        report.judge()
        print(json ? try report.json() : report.markdown)
        if enforce, report.limits.contains(where: { !$0.holds }) { throw ExitCode.failure }
    }

    private func tools() throws -> [any BenchTool] {
        let beside = URL(filePath: try Self.program()).deletingLastPathComponent().appending(path: "dr").path
        let rclone = try LabTool.path("rclone")
        return [
            DRTool(program: URL(filePath: dr ?? beside).absoluteURL.path),
            ResticTool(program: try LabTool.path("restic")), RcloneTool(program: rclone), TarTool(rclone: rclone),
            CopyTool(),
        ]
    }

    private func versions(of tools: [any BenchTool], _ folder: URL) async throws -> [BenchReport.Tool] {
        var versions: [BenchReport.Tool] = []
        for tool in tools {
            let log = folder.appending(path: "version.log")
            _ = try await MeasuredProcess.run(tool.versionCommand, log: log.path)
            let line = try String(contentsOf: log, encoding: .utf8).split(separator: "\n").first ?? ""
            versions.append(.init(name: tool.name, version: String(line), settings: tool.settings))
        }
        return versions
    }

    private func notes(_ rounds: BenchRounds, _ server: BenchServer?) -> [String] {
        let floor = rounds.rows.flatMap(\.runs).map(\.floor).max() ?? 0
        var notes = quick ? ["The corpus is small: fixed costs weigh more, so that the bounds say nothing."] : []
        notes += [
            "The page cache was warm: the tree or the repository that a run reads is read once before it. Then the disks "
                + "are synced, and the clock starts.",
            "No file is deleted between runs, because deletions on ext4 slow the next tool down.",
            "Wall is the time from start to end of the program. CPU is user and system time including all children. Peak "
                + "memory is that of the largest process, the maximum of the rounds. No figure can be smaller than "
                + "\(BenchText.mebibytes(floor)), the memory of the process that starts the program.",
            "Every restored tree is compared byte for byte with the source, outside the measured time.",
            "cp, rclone and s5cmd leave their data in memory; the backups and restores of dr and the backups of restic end when "
                + "theirs are on disk. A sync after each run shows the rest; bounds against cp, rclone and s5cmd count it for all.",
            "tar | gzip does not recognise unchanged files: each backup takes the cold time again.",
        ]
        if let server {
            notes.append(
                "The S3 server is \(server.name), on the same machine and the same cores as the tools; cp has no S3.")
        }
        return notes
    }

    private func say(_ text: String) { Self.say(text) }

    private static func say(_ text: String) { StandardError.write("\(text)\n") }

    private static func program() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    private static var machine: String {
        let processors = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = processors.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
        let memory = ProcessInfo.processInfo.physicalMemory >> 30
        return "\(ProcessInfo.processInfo.activeProcessorCount) cores"
            + (model.map { " (\($0.trimmingCharacters(in: .whitespaces)))" } ?? "") + ", \(memory) GiB of memory, Linux"
    }
}
