import ArgumentParser
import Foundation
import Lab

/// `dr-lab corpus DIR`: writes the tree for the benchmark.
struct BenchCorpus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corpus", abstract: "Write a tree of TSDB-like blocks and Loki-like chunks.",
        discussion: "The same seed and scale give the same bytes. DIR.pool, beside DIR, stores data for --change.")

    @Argument(help: "Folder to write; it must not exist, except with --change.") var folder: String
    @Option(help: "Seed of the random bytes (default: 1).") var seed: UInt64 = 1
    @Option(help: "Size; 1 is about 1.5 GB.") var scale = 1.0
    @Option(help: "Write only Loki data with this number of valid chunks.") var lokiChunks: Int?
    @Option(help: "Change about 1 % of an existing tree, for the N-th time (from 1).") var change: Int?

    func validate() throws {
        guard scale > 0, scale <= 10 else { throw ValidationError("--scale must be above 0 and at most 10") }
        if let change, change < 1 { throw ValidationError("--change must be at least 1") }
    }

    func run() async throws {
        let root = URL(filePath: folder).absoluteURL
        let corpus = Corpus(root: root, seed: seed, scale: scale)
        if let change { return try corpus.change(version: change) }
        guard !FileManager.default.fileExists(atPath: root.path) else {
            throw ValidationError("'\(folder)' already exists")
        }
        if let lokiChunks {
            print(try await LokiCorpus(root: root, chunks: lokiChunks, seed: seed).write())
            return
        }
        let scratch = try TemporaryFolder("corpus")
        defer { withExtendedLifetime(scratch) {} }
        let start = ContinuousClock.now
        try await corpus.write(scratch: scratch.url)
        let seconds = (ContinuousClock.now - start).formatted(
            .units(allowed: [.seconds], fractionalPart: .show(length: 1)))
        for line in try CorpusSummary(root).lines { print(line) }
        print("finished in \(seconds)")
    }
}
