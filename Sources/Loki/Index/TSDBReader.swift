internal import Cryptography
internal import Platform

/// Reads the series of an index file of Loki's TSDB, with their chunks. Verifies the checksum of each part that it reads.
final class TSDBReader {
    private static let symbolsInStep = 32
    private static let cachedSymbols = 10_000

    private let file: ReadableFile
    private let version: UInt8
    private let series: Range<Int>
    /// The places of every 32nd symbol.
    private var steps: [Int] = []
    private var symbolCount = 0
    private var symbolEnd = 0
    private var symbols: [Int: [UInt8]] = [:]
    /// The bytes that were read last, with their place.
    private var window: (start: Int, bytes: [UInt8]) = (0, [])

    init(_ file: ReadableFile) throws(IndexDefect) {
        self.file = file
        guard let head = file.read(at: 0, 5), head.starts(with: TSDBCheck.magic) else {
            throw IndexDefect("it does not begin as a TSDB index")
        }
        guard TSDBFormat.versions.contains(head[4]) else {
            throw IndexDefect("dr does not read version \(head[4]) of a TSDB index")
        }
        version = head[4]
        let end = file.size - TSDBCheck.contents - 4
        guard end >= 5, let table = file.read(at: end, TSDBCheck.contents + 4) else {
            throw IndexDefect("it ends early")
        }
        let contents = Array(table.prefix(TSDBCheck.contents))
        var cursor = IndexCursor(table)
        var places: [Int] = []
        for _ in 0..<7 {
            guard let place = Int(exactly: try cursor.big(8)), place <= end else {
                throw IndexDefect("a section is outside of the file")
            }
            places.append(place)
        }
        _ = try cursor.take(16)
        guard UInt64(CRC32C.checksum(contents.span.bytes)) == (try cursor.big(4)) else {
            throw IndexDefect("its table of contents does not match its checksum")
        }
        guard places[1] <= places[2] else { throw IndexDefect("a section is outside of the file") }
        series = places[1]..<places[2]
        try readSymbols(at: places[0])
    }

    // MARK: Symbols

    private func readSymbols(at place: Int) throws(IndexDefect) {
        var head = IndexCursor(try bytes(at: place, 8))
        guard let length = Int(exactly: try head.big(4)), let count = Int(exactly: try head.big(4)),
            length >= 4, place.addingClamped(length).addingClamped(8) <= file.size
        else { throw IndexDefect("the symbol table is outside of the file") }
        symbolEnd = place + 4 + length
        symbolCount = count
        var next = place + 8
        for number in 0..<count {
            if number.isMultiple(of: Self.symbolsInStep) { steps.append(next) }
            next = try symbol(at: next).end
        }
    }

    private func symbol(at place: Int) throws(IndexDefect) -> (text: Range<Int>, end: Int) {
        guard place < symbolEnd else { throw IndexDefect("the symbol table is truncated") }
        var cursor = IndexCursor(try bytes(at: place, min(5, symbolEnd - place)))
        guard let length = Int(exactly: try cursor.unsigned()), length <= symbolEnd - place - cursor.place else {
            throw IndexDefect("the symbol table is truncated")
        }
        let start = place + cursor.place
        return (start..<start + length, start + length)
    }

    private func symbol(_ number: UInt64) throws(IndexDefect) -> [UInt8] {
        guard let number = Int(exactly: number), number < symbolCount else {
            throw IndexDefect("a label is not in the symbol table")
        }
        if let text = symbols[number] { return text }
        var place = steps[number / Self.symbolsInStep]
        for _ in 0..<number % Self.symbolsInStep { place = try symbol(at: place).end }
        let found = try symbol(at: place).text
        let text = try bytes(at: found.lowerBound, found.count)
        if symbols.count >= Self.cachedSymbols { symbols.removeAll() }
        symbols[number] = text
        return text
    }

    // MARK: Series

    /// Calls `body` with each series, in the order of the file.
    func forEachSeries(_ body: (IndexedSeries) throws -> Void) throws {
        var place = series.lowerBound
        while true {
            let width = TSDBFormat.seriesAlignment
            place = (place + width - 1) / width * width
            guard place < series.upperBound else { return }
            var head = IndexCursor(try bytes(at: place, min(5, series.upperBound - place)))
            guard let length = Int(exactly: try head.unsigned()), length <= series.upperBound - place - head.place - 4
            else { throw IndexDefect("the series at \(place) is truncated") }
            let content = try bytes(at: place + head.place, length + 4)
            var tail = IndexCursor(Array(content.suffix(4)))
            guard UInt64(CRC32C.checksum(content.span.bytes.extracting(first: length))) == (try tail.big(4)) else {
                throw IndexDefect("the series at \(place) does not match its checksum")
            }
            try body(try decode(Array(content.prefix(length))))
            place += head.place + length + 4
        }
    }

    private func decode(_ content: [UInt8]) throws(IndexDefect) -> IndexedSeries {
        var cursor = IndexCursor(content)
        var series = IndexedSeries(fingerprint: try cursor.big(8), labels: [], chunks: [])
        for _ in 0..<(try cursor.count()) {
            series.labels.append(
                IndexedLabel(name: try symbol(try cursor.unsigned()), value: try symbol(try cursor.unsigned())))
        }
        let count = try cursor.count()
        if version >= TSDBFormat.firstWithPages {
            guard let length = Int(exactly: try cursor.big(4)) else { throw IndexDefect("a series is truncated") }
            _ = try cursor.take(length)
        }
        var last = 0
        for _ in 0..<count {
            let chunk = try decode(&cursor, after: last)
            last = chunk.through
            series.chunks.append(chunk)
        }
        return series
    }

    private func decode(_ cursor: inout IndexCursor, after last: Int) throws(IndexDefect) -> IndexedChunk {
        let from = last.addingClamped(try cursor.signed())
        let through = from.addingClamped(Int(clamping: try cursor.unsigned()))
        let kilobytes = UInt32(clamping: try cursor.unsigned())
        let entries = UInt32(clamping: try cursor.unsigned())
        let checksum = UInt32(truncatingIfNeeded: try cursor.big(4))
        var chunk = IndexedChunk(
            from: from, through: through, checksum: checksum, kilobytes: kilobytes, entries: entries)
        if version >= TSDBFormat.firstWithIngestion {
            let delta = try cursor.unsigned()
            if delta > 0 {
                let days = Int(bitPattern: UInt((delta - 1) >> 1)) ^ -Int((delta - 1) & 1)  // checked: the last bit
                let (moment, isTooFar) = (through / IndexedChunk.day).addingClamped(days)
                    .multipliedReportingOverflow(by: IndexedChunk.day)
                chunk.ingestedAt = isTooFar ? nil : moment
            }
        }
        return chunk
    }

    // MARK: Bytes

    private static let windowSize = 256 << 10

    private func bytes(at place: Int, _ count: Int) throws(IndexDefect) -> [UInt8] {
        if place < window.start || place + count > window.start + window.bytes.count {
            let length = min(max(count, Self.windowSize), max(0, file.size - place))
            guard place >= 0, count >= 0, count <= length, let bytes = file.read(at: place, length) else {
                throw IndexDefect("a part of it is outside of the file")
            }
            window = (place, bytes)
        }
        return Array(window.bytes[(place - window.start)..<(place - window.start + count)])
    }
}
