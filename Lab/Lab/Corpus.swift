package import Foundation

/// A tree of files like those of a monitoring stack, for measurements. The same seed gives the same bytes.
///
/// ```
/// prometheus/<block>/chunks/000001   dense chunk bytes, about 120 MiB
/// prometheus/<block>/index           about a tenth of that
/// prometheus/<block>/meta.json
/// loki/chunks/<folder>/<name>        20 to 140 KB of compressed data
/// ```
/// Chunks and indexes are cut from real ones. Slices of chunks are short and are repeated only after the whole pool has
/// been used, so that neither a window of 32 KiB (gzip) nor one of some megabytes (zstd) finds repetitions that a real
/// file does not have. All files differ.
package struct Corpus: Sendable {
    package var root: URL
    package var seed: UInt64 = 1
    /// The size; 1 is about 1.5 GB. The number of blocks is fixed; file sizes and the number of Loki chunks scale.
    package var scale = 1.0

    package init(root: URL, seed: UInt64 = 1, scale: Double = 1) {
        self.root = root
        self.seed = seed
        self.scale = scale
    }

    private static let blocks = 8
    private var chunkBytes: Int { Int(scale * Double(120 << 20)) }
    private var indexBytes: Int { Int(scale * Double(12 << 20)) }
    private var lokiChunks: Int { max(100, Int(scale * 6000)) }

    /// Writes the tree. The folder is created, and must not contain a tree yet.
    /// - Parameter scratch: an empty folder for the series, which need up to 300 MB.
    package func write(scratch: URL) async throws {
        let series = max(1200, Int(12_000 * min(1, scale * 2)))
        let pool = try await CorpusPool.make(series: series, seed: seed, folder: scratch)
        for number in 0..<Self.blocks { try writeBlock("block-\(number)", pool, chunks: chunkBytes, index: indexBytes) }
        for number in 0..<lokiChunks { try writeLokiChunk(number, version: 0) }
        // Later changes need real bytes too, after the output of promtool was deleted.
        try keep(pool)
    }

    /// Applies the changes of one hour, about 1 % of the bytes: adds a small block and replaces one in a hundred Loki
    /// chunks.
    ///
    /// Files are replaced, never overwritten, as Prometheus and Loki do.
    /// - Parameter version: the number of the change, from 1. Each has different bytes.
    package func change(version: Int) throws {
        let pool = try kept()
        for number in stride(from: 0, to: lokiChunks, by: 100) { try writeLokiChunk(number, version: version) }
        try writeBlock("head-\(version)", pool, chunks: chunkBytes / 13, index: indexBytes / 13)
    }

    /// Removes the block of a change, so that repeated changes do not grow the tree.
    package func removeBlock(ofChange version: Int) throws {
        try FileManager.default.removeItem(at: folder(ofBlock: "head-\(version)"))
    }

    // MARK: Blocks

    private func folder(ofBlock name: String) -> URL {
        // Reproducible ULIDs: 26 characters of Crockford's base 32.
        var random = CorpusRandom(seed: seed, part: "ulid/\(name)")
        let letters = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        let ulid = "01KDW" + String((0..<21).map { _ in letters[random.below(32)] })
        return root.appending(path: "prometheus").appending(path: ulid)
    }

    private func writeBlock(_ name: String, _ pool: CorpusPool, chunks: Int, index: Int) throws {
        let folder = folder(ofBlock: name)
        try FileManager.default.createDirectory(at: folder.appending(path: "chunks"), withIntermediateDirectories: true)
        var random = CorpusRandom(seed: seed, part: name)

        var segment = try CorpusFile(folder.appending(path: "chunks/000001").path)
        // Magic, version 1, padding: https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md
        try segment.append([0x85, 0xbd, 0x40, 0xdd, 0x01, 0, 0, 0])
        try Self.cut(pool.chunks, to: chunks, sliceLengths: 64...256, &random, &segment)
        try segment.finish()

        var indexFile = try CorpusFile(folder.appending(path: "index").path)
        try indexFile.append([0xba, 0xaa, 0xd7, 0x00, 0x02])
        try Self.cut(pool.index, to: index, sliceLengths: 24...64, &random, &indexFile)
        try indexFile.finish()

        let meta = """
            {"ulid": "\(folder.lastPathComponent)", "minTime": 1767225600000, "maxTime": 1767232800000, \
            "stats": {"numSamples": \(chunks / 3), "numSeries": \(index / 300), "numChunks": \(chunks / 360)}, \
            "compaction": {"level": 1, "sources": ["\(folder.lastPathComponent)"]}, "version": 1}
            """
        var metaFile = try CorpusFile(folder.appending(path: "meta.json").path)
        try metaFile.append(Array(meta.utf8))
        try metaFile.finish()
    }

    /// Writes `count` bytes from the pool: each slice once, shuffled by a stride, then again with another slice length
    /// and order.
    private static func cut(
        _ pool: [UInt8], to count: Int, sliceLengths: ClosedRange<Int>, _ random: inout CorpusRandom,
        _ file: inout CorpusFile
    ) throws {
        var left = count
        while left > 0 {
            let length = sliceLengths.lowerBound + random.below(sliceLengths.count)
            let offset = random.below(length)
            let slices = (pool.count - offset) / length
            guard slices > 1 else { throw LabError("the pool of \(pool.count) bytes is too small") }
            var stride = 1
            // A stride that is coprime to the number of slices visits each slice once.
            repeat { stride = slices / 3 + random.below(slices / 3 + 1) + 1 } while !areCoprime(stride, slices)
            var slice = random.below(slices)
            for _ in 0..<slices where left > 0 {
                let start = offset + slice * length
                let bytes = min(length, left)
                try file.append(pool[start..<start + bytes])
                left -= bytes
                slice = (slice + stride) % slices
            }
        }
    }

    private static func areCoprime(_ a: Int, _ b: Int) -> Bool {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a == 1
    }

    // MARK: Loki

    private func writeLokiChunk(_ number: Int, version: Int) throws {
        var place = CorpusRandom(seed: seed, part: "loki/\(number)")
        let stream = String(place.next(), radix: 16)
        let folder = root.appending(path: "loki/chunks/fake/\(stream.prefix(2))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var random = CorpusRandom(seed: seed, part: "loki/\(number)/\(version)")
        var bytes = [UInt8](repeating: 0, count: 20_000 + random.below(120_000))
        random.fill(&bytes)
        let path = folder.appending(path: "\(stream)-\(number)").path
        // Write to a temporary file and rename it, so that a replaced chunk is a new file.
        var file = try CorpusFile(path + ".new")
        // The header of a Loki chunk names its stream in plain text; the log lines behind it are compressed.
        try file.append(
            Array(#"{"app":"e2term","namespace":"nephoran","pod":"e2term-\#(number)","stream":"stderr"}"#.utf8))
        try file.append(bytes)
        try file.finish()
        guard rename(path + ".new", path) == 0 else {
            throw LabError("rename '\(path)': \(String(cString: strerror(errno)))")
        }
    }

    // MARK: The pool beside the tree

    private var poolFile: URL { root.deletingLastPathComponent().appending(path: "\(root.lastPathComponent).pool") }

    private func keep(_ pool: CorpusPool) throws {
        let lengths = withUnsafeBytes(of: UInt64(pool.chunks.count).littleEndian, Array.init)
        try Data(lengths + pool.chunks + pool.index).write(to: poolFile)
    }

    private func kept() throws -> CorpusPool {
        let bytes = Array(try Data(contentsOf: poolFile))
        guard bytes.count > 8 else { throw LabError("'\(poolFile.path)' is not a valid pool") }
        let chunks = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count > 8 + chunks else { throw LabError("'\(poolFile.path)' is truncated") }
        return CorpusPool(chunks: Array(bytes[8..<8 + chunks]), index: Array(bytes[(8 + chunks)...]))
    }
}
