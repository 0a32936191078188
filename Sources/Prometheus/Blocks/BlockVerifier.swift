package import BackupRepository
internal import Glibc
internal import Platform
internal import SystemPackage

/// Verifies one TSDB block completely, which neither Prometheus nor promtool does.
///
/// A Prometheus starts without an error on a block with a flipped chunk byte or without a chunk file; only the queries
/// that read it fail. The verifier covers every byte of index, chunks and tombstones with a checksum, a comparison or,
/// for padding, a test for zero. It walks series and chunks side by side, so that each chunk belongs to exactly one
/// series, and recounts the counts of `meta.json`. It cannot detect two things: a change of `meta.json` that stays
/// plausible, and index version 2 turned into 3, which readers treat alike.
///
/// Blocks; run it on a pool thread. Stops early with `CancellationError`. Each file is read once from front to back
/// (the index twice if series entries exceed the buffer). Memory: a few buffers of ``bufferSize``, and one bit per 16
/// bytes of the index's series section (a million series of 150 bytes: 1.2 MB).
package struct BlockVerifier: Sendable {
    /// Path of the block's directory.
    private let block: String
    private let bufferSize: Int
    private let allowsAggregates: Bool

    /// - Parameters:
    ///   - bufferSize: bytes read at once; tests make it small to test every buffer boundary.
    ///   - allowsAggregates: true if the block may be a downsampled one of Thanos, whose samples are not counted.
    package init(_ block: String, bufferSize: Int = 1 << 20, allowsAggregates: Bool = false) {
        self.block = block
        self.bufferSize = bufferSize
        self.allowsAggregates = allowsAggregates
    }

    /// - Throws: only `CancellationError`; the report lists the block's defects.
    package func verify() throws -> BlockReport {
        var run = Verification(block: block, bufferSize: bufferSize, allowsAggregates: allowsAggregates)
        try run.verifyAll()
        return run.report
    }

    /// Times of the oldest and the newest sample, from the index's series alone; nil if it holds no chunk.
    /// - Parameter limit: milliseconds since 1970: later samples do not count. Of a chunk that reaches beyond it, only
    ///   the
    ///   first sample is used.
    /// - Throws: `CancellationError`, and ``ComponentError`` when the index is damaged.
    package func timeRange(notAfter limit: Int = .max) throws -> ClosedRange<Int>? {
        var range: ClosedRange<Int>?
        do {
            let index = try BlockFile(IndexLayout.name, in: block)
            let layout = try IndexLayout(of: index)
            var walk = SeriesWalk(index, layout.series, symbols: nil, capacity: bufferSize)
            while let chunk = try walk.next() {
                guard chunk.oldest <= limit else { continue }
                let last = chunk.newest <= limit ? chunk.newest : chunk.oldest
                let (oldest, newest) = (range?.lowerBound ?? chunk.oldest, range?.upperBound ?? last)
                range = min(oldest, chunk.oldest)...max(newest, last)
            }
        } catch let defect as BlockDefect {
            throw ComponentError(.damaged, operation: "index of '\(block)'", defect.detail)
        }
        return range
    }
}

/// The result of a verification.
package struct BlockReport: Sendable, Equatable {
    /// Nil when `meta.json` does not parse.
    package var meta: BlockMeta?
    /// Paths are relative to the block's directory. Empty: the block is intact.
    package var damage: [Damage] = []
    /// Entries of the block's directory that do not belong to a block; Prometheus ignores them. Relative paths.
    package var strays: [String] = []
    /// Milliseconds since 1970 of the oldest and the newest sample, nil when there is none. Unlike the limits in
    /// `meta.json`, which are rounded, these are exact.
    package var oldest: Int?
    package var newest: Int?
    package var series = 0
    package var chunks = 0
    /// Without those of chunks of aggregates.
    package var samples = 0
}

/// One verification in progress.
private struct Verification {
    let block: String
    let bufferSize: Int
    let allowsAggregates: Bool
    var report = BlockReport()
    private var damage = DamageList()
    private var hasAggregates = false

    init(block: String, bufferSize: Int, allowsAggregates: Bool) {
        self.block = block
        self.bufferSize = bufferSize
        self.allowsAggregates = allowsAggregates
    }

    mutating func verifyAll() throws {
        let segments = try part { try $0.verifyLayout() } ?? 0
        try part { try $0.verifyMeta() }
        let tombstones = try part { try Tombstones.verify(in: $0.block, capacity: $0.bufferSize) }
        let index = try part { run in
            let file = try BlockFile(IndexLayout.name, in: run.block)
            return (file: file, layout: try IndexLayout(of: file))
        }
        if let (file, layout) = index {
            let symbols = try part { try SymbolTable.verify(file, layout.symbols, capacity: $0.bufferSize) }
            var walk = SeriesWalk(file, layout.series, symbols: symbols, capacity: bufferSize)
            let isWhole = try verifyChunks(segments, against: &walk)
            report.series = walk.series
            let series = isWhole ? walk.starts : nil
            try part { try LabelIndices.verify(file, layout, symbols: symbols, capacity: $0.bufferSize) }
            try part { try Postings.verify(file, layout, series: series, capacity: $0.bufferSize) }
        } else {
            try verifyChunksAlone(segments)
        }
        verifyCounts(tombstones: tombstones)
        report.damage = damage.list
    }

    /// Runs one part of the verification; a defect stops that part only.
    @discardableResult
    private mutating func part<Result>(_ body: (inout Self) throws -> Result) throws -> Result? {
        do {
            return try body(&self)
        } catch let defect as BlockDefect {
            damage.add(defect.damage)
            return nil
        }
    }

    // MARK: Names and meta.json

    /// - Returns: the number of chunk segments.
    private mutating func verifyLayout() throws -> Int {
        for name in try entries("") where !BlockName.isPart(name) {
            report.strays.append(name)
        }
        var segments: [Int] = []
        for name in try entries("chunks") {
            if let number = BlockName.segmentNumber(name) {
                segments.append(number)
            } else {
                report.strays.append("chunks/\(name)")
            }
        }
        report.strays.sort()
        segments.sort()
        for (index, number) in segments.enumerated() where number != index + 1 {
            throw BlockDefect(file: "chunks/\(BlockName.segment(index + 1))", detail: "is missing")
        }
        return segments.count
    }

    private func entries(_ folder: String) throws -> [String] {
        let path = folder.isEmpty ? block : "\(block)/\(folder)"
        guard let directory = opendir(path) else {
            throw BlockDefect(file: folder, detail: "cannot be listed: \(Errno.last)")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private mutating func verifyMeta() throws {
        let meta = try BlockMeta(readingFrom: block)
        report.meta = meta
        func defect(_ detail: String) -> BlockDefect { BlockDefect(file: "meta.json", detail: detail) }
        let name = block.split(separator: "/").last.map(String.init) ?? ""
        guard meta.version == 1 else { throw defect("is of version \(meta.version), which is not supported") }
        guard BlockName.isBlock(meta.ulid) else { throw defect("ulid '\(meta.ulid)' is not valid") }
        guard meta.ulid == name else { throw defect("is that of block \(meta.ulid)") }
        guard meta.minTime < meta.maxTime else { throw defect("ends at \(meta.maxTime), before it begins") }
    }

    // MARK: Chunks

    /// Reads all segments while walking the series: each chunk must be the one that the next reference names.
    /// - Returns: true if the series section was walked to its end without a defect.
    private mutating func verifyChunks(_ segments: Int, against walk: inout SeriesWalk) throws -> Bool {
        // After an unreadable series entry the two sides are out of step; chunks are then checked alone.
        var inStep = true
        var isWhole = true
        let limits = report.meta.map { $0.minTime..<max($0.minTime, $0.maxTime) }
        var oldest = Int.max
        var newest = Int.min
        var misplaced: ChunkReference?

        func take(_ walk: inout SeriesWalk, _ run: inout Self) throws -> ChunkReference? {
            do {
                guard let reference = try walk.next() else { return nil }
                oldest = min(oldest, reference.oldest)
                newest = max(newest, reference.newest)
                let isInside = limits.map { $0.contains(reference.oldest) && $0.contains(reference.newest) } ?? true
                if !isInside, misplaced == nil { misplaced = reference }
                return reference
            } catch let defect as BlockDefect {
                run.damage.add(defect.damage)
                inStep = false
                isWhole = false
                return nil
            }
        }

        for number in 1..<segments + 1 {
            try verifySegment(number) { run, chunk in
                guard inStep else { return }
                let reference = try take(&walk, &run)
                guard inStep else { return }
                guard let reference else {
                    inStep = false
                    throw ChunkScanner.Failure("chunk at \(chunk.offset) belongs to no series")
                }
                guard reference.segment == number, reference.offset == chunk.offset else {
                    inStep = false
                    throw ChunkScanner.Failure(
                        "chunk at \(chunk.offset): the index (series at \(reference.series)) has the next one at "
                            + "\(reference.offset) of segment \(BlockName.segment(reference.segment))")
                }
            }
        }
        // The references of the index after the last chunk; after a break, the rest of the index for its own checksums.
        while isWhole, let reference = try take(&walk, &self) {
            guard inStep else { continue }
            inStep = false
            damage.add(
                "chunks/\(BlockName.segment(reference.segment))",
                "chunk at \(reference.offset), of the series at \(reference.series) of the index, is missing")
        }
        if let misplaced {
            damage.add(
                IndexLayout.name,
                "series at \(misplaced.series): samples of \(misplaced.oldest) to \(misplaced.newest) "
                    + "lie outside the block")
        }
        if oldest <= newest { (report.oldest, report.newest) = (oldest, newest) }
        return isWhole
    }

    private mutating func verifyChunksAlone(_ segments: Int) throws {
        for number in 1..<segments + 1 { try verifySegment(number) { _, _ in } }
    }

    /// Checks one segment's structure and checksums, and passes each chunk to `body`. After a `ChunkScanner.Failure`
    /// the rest of the segment is not read, because the starts of its chunks are not known.
    private mutating func verifySegment(_ number: Int, _ body: (inout Self, ScannedChunk) throws -> Void) throws {
        let name = "chunks/\(BlockName.segment(number))"
        try part { run in
            let file = try BlockFile(name, in: run.block)
            var scanner = ChunkScanner()
            do {
                try file.forEachPiece(of: run.bufferSize) { piece in
                    try scanner.scan(piece) { chunk in
                        run.report.chunks += 1
                        if chunk.holdsAggregates {
                            run.hasAggregates = true
                        } else {
                            run.report.samples += chunk.samples
                        }
                        if let flaw = chunk.flaw(allowsAggregates: run.allowsAggregates) {
                            run.damage.add(name, "chunk at \(chunk.offset): \(flaw)")
                        }
                        try body(&run, chunk)
                    }
                }
                try scanner.finish()
            } catch let failure as ChunkScanner.Failure {
                throw BlockDefect(file: name, detail: failure.text)
            }
        }
    }

    // MARK: Counts

    private mutating func verifyCounts(tombstones: Int?) {
        // The samples of chunks of aggregates are not counted: meta.json counts those of one aggregate of each.
        // After other damage the counts cannot agree, and a message about them would not help.
        guard damage.isEmpty, let stats = report.meta?.stats else { return }
        for (what, found, announced) in [
            ("series", report.series, stats.series), ("chunks", report.chunks, stats.chunks),
            ("samples", report.samples, stats.samples), ("tombstones", tombstones ?? 0, stats.tombstones),
        ] where found != announced && !(hasAggregates && what == "samples") {
            damage.add("meta.json", "gives \(announced) \(what), but there are \(found)")
        }
    }
}
