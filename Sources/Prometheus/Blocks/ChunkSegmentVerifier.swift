package import BackupRepository

/// Checks one chunk segment as its bytes come out of a pack: structure and every chunk's CRC.
///
/// Bounded memory, any size of pieces. Only the index lists the expected chunks: this is not checked here.
package struct ChunkSegmentVerifier: Sendable {
    private let path: String
    private let allowsAggregates: Bool
    private var scanner = ChunkScanner()
    private var found = DamageList()
    private var isLost = false
    package private(set) var chunks = 0
    /// Without those of chunks of aggregates.
    package private(set) var samples = 0

    /// - Parameters:
    ///   - path: the segment's name in messages about damage: "01J…/chunks/000001".
    ///   - allowsAggregates: true if the block may be a downsampled one of Thanos.
    package init(path: String, allowsAggregates: Bool = false) {
        self.path = path
        self.allowsAggregates = allowsAggregates
    }

    /// Returns true if `path` is that of a chunk segment of a block: `ULID/chunks/NNNNNN` at its end.
    package static func applies(to path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).suffix(3).map(String.init)
        return parts.count == 3 && BlockName.isBlock(parts[0]) && parts[1] == "chunks"
            && BlockName.segmentNumber(parts[2]) != nil
    }

    package mutating func write(_ piece: RawSpan) {
        guard !isLost else { return }
        do {
            try scanner.scan(piece) { chunk in
                chunks += 1
                if !chunk.holdsAggregates { samples += chunk.samples }
                if let flaw = chunk.flaw(allowsAggregates: allowsAggregates) {
                    found.add(path, "chunk at \(chunk.offset): \(flaw)")
                }
            }
        } catch {
            lose(error)
        }
    }

    /// - Returns: the damage, once all bytes were written; empty when the segment is intact.
    package consuming func finish() -> [Damage] {
        if !isLost { do { try scanner.finish() } catch { lose(error) } }
        return found.list
    }

    private mutating func lose(_ error: any Error) {
        isLost = true
        found.add(path, (error as? ChunkScanner.Failure)?.text ?? "\(error)")
    }
}
