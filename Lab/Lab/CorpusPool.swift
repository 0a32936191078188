internal import Foundation

/// Real bytes for a corpus: the chunks and the index of blocks that `promtool` creates from ``CorpusSeries``.
struct CorpusPool {
    /// Chunk segments without their 8-byte headers.
    var chunks: [UInt8] = []
    var index: [UInt8] = []

    /// - Parameters:
    ///   - series: the number of series, created in two equal parts at the same time, because promtool reads on one
    ///     core. 12,000 series give some 9 MB of chunks and take about 15 seconds.
    ///   - folder: an empty folder for the text and the blocks.
    static func make(series: Int, seed: UInt64, folder: URL) async throws -> CorpusPool {
        let promtool = try LabTool.path("promtool")
        return try await withThrowingTaskGroup(of: (Int, CorpusPool).self) { group in
            let halves = 2
            for half in 0..<halves {
                group.addTask {
                    let place = folder.appending(path: "half-\(half)")
                    let text = place.appending(path: "series.om")
                    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                    try CorpusSeries(series: series / halves, seed: seed &+ UInt64(half)).write(to: text)
                    let run = try await MeasuredProcess.run(
                        [promtool, "tsdb", "create-blocks-from", "openmetrics", text.path, place.path],
                        log: place.appending(path: "promtool.log").path, environment: ["TMPDIR": place.path])
                    try run.requireSuccess()
                    try FileManager.default.removeItem(at: text)
                    return (half, try CorpusPool(blocksIn: place))
                }
            }
            var pools: [Int: CorpusPool] = [:]
            for try await (half, pool) in group { pools[half] = pool }
            return (0..<halves).compactMap { pools[$0] }.reduce(into: CorpusPool()) {
                $0.chunks += $1.chunks
                $0.index += $1.index
            }
        }
    }

    init(chunks: [UInt8] = [], index: [UInt8] = []) {
        self.chunks = chunks
        self.index = index
    }

    private init(blocksIn folder: URL) throws {
        // Block names are random, but each time span has exactly one block.
        let blocks = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { FileManager.default.fileExists(atPath: $0.appending(path: "meta.json").path) }
        guard let block = blocks.first, blocks.count == 1 else {
            throw LabError("promtool created \(blocks.count) blocks in '\(folder.path)', expected one")
        }
        let segments = try FileManager.default.contentsOfDirectory(
            at: block.appending(path: "chunks"), includingPropertiesForKeys: nil)
        for segment in segments.sorted(by: { $0.path < $1.path }) {
            chunks += try Data(contentsOf: segment).dropFirst(8)
        }
        index = Array(try Data(contentsOf: block.appending(path: "index")))
    }
}
