internal import Archiving
package import Foundation

/// A directory of valid, reproducible Loki chunks of schema v13.
package struct LokiCorpus: Sendable {
    /// The server's `common.path_prefix`.
    package var root: URL
    package var chunks: Int
    package var seed: UInt64
    package var tenants = ["team-a", "team-b"]

    /// The time of the first line, 2026-11-01, in milliseconds since 1970.
    package static let start = 1_793_491_200_000

    package init(root: URL, chunks: Int, seed: UInt64 = 1) {
        self.root = root
        self.chunks = chunks
        self.seed = seed
    }

    /// Writes chunks of 2 to 20 KB, a hundred for each stream.
    ///
    /// Their blocks are gzip-compressed lines of identifiers, which cannot be compressed further, like real ones.
    /// - Returns: the total number of bytes.
    @discardableResult
    package func write() async throws -> Int {
        let folder = root.appending(path: "chunks")
        try FileManager.default.createDirectory(at: root.appending(path: "wal"), withIntermediateDirectories: true)
        try Data().write(to: root.appending(path: "wal/00000000"))
        let lanes = ProcessInfo.processInfo.activeProcessorCount
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    var gzip = GzipEncoder()
                    var bytes = 0
                    for number in stride(from: lane, to: chunks, by: lanes) {
                        let file = chunk(number).file(&gzip)
                        let place = "\(folder.path)/\(file.path)"
                        let parent = String(place.prefix(upTo: place.lastIndex(of: "/") ?? place.endIndex))
                        if mkdir(parent, 0o755) != 0, errno == ENOENT {
                            try FileManager.default.createDirectory(
                                atPath: parent, withIntermediateDirectories: true)
                        }
                        guard let stream = fopen(place, "w") else { throw LabError("cannot write '\(place)'") }
                        defer { fclose(stream) }
                        guard fwrite(file.bytes, 1, file.bytes.count, stream) == file.bytes.count else {
                            throw LabError("cannot write '\(place)'")
                        }
                        bytes += file.bytes.count
                    }
                    return bytes
                }
            }
            var total = 0
            for try await bytes in group { total += bytes }
            return total
        }
    }

    /// Returns a chunk of the corpus. A number always gives the same chunk.
    package func chunk(_ number: Int) -> LokiChunk {
        var random = CorpusRandom(seed: seed, part: "loki chunk \(number)")
        let stream = number / 100
        let labels = ["app": "app-\(stream % 37)", "namespace": "ns-\(stream % 11)", "pod": "pod-\(stream)"]
        let hexadecimal = Array("0123456789abcdef".utf8)
        let words = Self.words.map { Array($0.utf8) }
        // Each chunk covers an hour; the chunks of a stream are consecutive.
        var time = (Self.start + number % 100 * 3_600_000) * 1_000_000 + random.below(1_000_000_000)
        let lines = (0..<25 + random.below(225)).map { _ in
            time += 1 + random.below(10_000_000_000)
            var text = words[random.below(words.count)]
            for _ in 0..<4 {
                var bits = random.next()
                text.append(UInt8(ascii: " "))
                for _ in 0..<16 {
                    text.append(hexadecimal[Int(bits & 15)])
                    bits >>= 4
                }
                text += words[random.below(words.count)]
            }
            return LokiChunk.Line(time: time, text: text)
        }
        return LokiChunk(tenant: tenants[stream % tenants.count], labels: labels, lines: lines)
    }

    private static let words = [
        "level=info msg=\"request served\" trace", "level=warn msg=\"slow upstream\" caller=proxy.go:117 span",
        " status=200 duration=13ms", " status=503 retry=true", " component=scheduler queue=high", " user", " object",
    ]
}
