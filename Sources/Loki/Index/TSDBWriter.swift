internal import BackupRepository
internal import Cryptography
internal import Platform

/// Writes one index file of Loki's TSDB: the series of one tenant and day.
///
/// Holds four bytes for each series, and a limited number of label texts.
final class TSDBWriter {
    private static let cachedSymbols = 100_000

    private let entries: IndexEntries
    private let table: IndexEntries.Table
    private let version: UInt8
    private let output: TSDBOutput
    private var symbols: [[UInt8]: Int] = [:]
    /// The places of the series, in units of 16 bytes.
    private var places: [UInt32] = []
    private var fingerprints: [(place: UInt32, fingerprint: UInt64)] = []
    /// The first and last time of all chunks.
    private var times: ClosedRange<Int>?
    private var sections: [Int] = []

    /// The written file.
    struct Written {
        var content: TSDBOutput
        /// The first and last time of all chunks, in milliseconds since 1970.
        var times: ClosedRange<Int>
        /// CRC-32C of the table of contents, which is part of the file's name.
        var checksum: UInt32
        var series: Int
    }

    static func write(
        _ table: IndexEntries.Table, of entries: IndexEntries, version: UInt8
    ) throws -> Written {
        let writer = TSDBWriter(entries, table, version: version, output: try TSDBOutput())
        return try writer.run()
    }

    private init(_ entries: IndexEntries, _ table: IndexEntries.Table, version: UInt8, output: TSDBOutput) {
        self.entries = entries
        self.table = table
        self.version = version
        self.output = output
    }

    private var database: Database { entries.database }

    private func run() throws -> Written {
        try database.execute("DELETE FROM symbols; DELETE FROM postings")
        try output.append(TSDBCheck.magic + [version])
        let symbols = output.position
        try writeSymbols()
        let series = output.position
        try entries.forEachSeries(of: table) { try write($0) }
        let values = output.position
        let names = try writeValueLists()
        let postings = output.position
        try output.align(TSDBFormat.listAlignment)
        let (table, count) = try writePostings()
        let nameTable = output.position
        try output.section {
            var head: [UInt8] = []
            head.appendBig(UInt32(clamping: names.count))
            for (name, place) in names {
                head.appendVarint(1)
                head.appendText(name)
                head.appendVarint(place)
            }
            try output.append(head)
        }
        let postingTable = output.position
        try output.section {
            var head: [UInt8] = []
            head.appendBig(UInt32(clamping: count))
            try output.append(head)
            try output.append(contentsOf: table)
        }
        let fingerprintTable = output.position
        try writeFingerprints()
        sections = [symbols, series, values, nameTable, postings, postingTable, fingerprintTable]
        let checksum = try writeContents()
        return Written(content: output, times: times ?? 0...0, checksum: checksum, series: places.count)
    }

    // MARK: Symbols

    private func writeSymbols() throws {
        let insert = try database.prepare("INSERT OR IGNORE INTO symbols (text) VALUES (?)")
        var known: Set<[UInt8]> = []
        try entries.forEachSeries(of: table) { series in
            for text in series.labels.flatMap({ [$0.name, $0.value] }) where known.insert(text).inserted {
                if known.count > Self.cachedSymbols { known.removeAll() }
                insert.reset()
                insert.bind(1, text)
                try insert.run()
            }
        }
        let counting = try database.prepare("SELECT COUNT(*) FROM symbols")
        let count = try counting.step() ? counting.integer(0) : 0
        counting.reset()
        let update = try database.prepare("UPDATE symbols SET number = ? WHERE text = ?")
        let next = try database.prepare("SELECT text FROM symbols WHERE text > ? ORDER BY text LIMIT 1024")
        let first = try database.prepare("SELECT text FROM symbols ORDER BY text LIMIT 1024")
        try output.section {
            var bytes: [UInt8] = []
            bytes.appendBig(UInt32(clamping: count))
            try output.append(bytes)
            var number = 0
            var last: [UInt8]?
            while true {
                let select = last == nil ? first : next
                select.reset()
                if let last { select.bind(1, last) }
                var page: [[UInt8]] = []
                while try select.step() { page.append(select.bytes(0) ?? []) }
                select.reset()
                guard !page.isEmpty else { break }
                last = page.last
                for text in page {
                    update.reset()
                    update.bind(1, number)
                    update.bind(2, text)
                    try update.run()
                    number += 1
                    bytes.removeAll(keepingCapacity: true)
                    bytes.appendText(text)
                    try output.append(bytes)
                }
            }
        }
    }

    private func symbol(_ text: [UInt8]) throws -> Int {
        if let number = symbols[text] { return number }
        let select = try database.prepare("SELECT number FROM symbols WHERE text = ?")
        defer { select.reset() }
        select.bind(1, text)
        let number = try select.step() ? select.integer(0) : 0
        if symbols.count >= Self.cachedSymbols { symbols.removeAll() }
        symbols[text] = number
        return number
    }

    // MARK: Series

    private func write(_ series: IndexedSeries) throws {
        try output.align(TSDBFormat.seriesAlignment)
        guard let place = UInt32(exactly: output.position / TSDBFormat.seriesAlignment) else { throw IndexTooLarge() }
        if places.count.isMultiple(of: TSDBFormat.fingerprintInterval) {
            fingerprints.append((place, series.fingerprint))
        }
        places.append(place)
        var content: [UInt8] = []
        content.appendBig(series.fingerprint)
        content.appendVarint(series.labels.count)
        let insert = try database.prepare("INSERT OR IGNORE INTO postings VALUES (?,?,?)")
        for label in series.labels {
            let (name, value) = (try symbol(label.name), try symbol(label.value))
            content.appendVarint(name)
            content.appendVarint(value)
            insert.reset()
            insert.bind(1, name)
            insert.bind(2, value)
            insert.bind(3, Int(place))
            try insert.run()
        }
        append(series.chunks, to: &content)
        var record: [UInt8] = []
        record.appendVarint(content.count)
        record += content
        record.appendBig(CRC32C.checksum(content.span.bytes))
        try output.append(record)
    }

    private func append(_ chunks: [IndexedChunk], to content: inout [UInt8]) {
        content.appendVarint(chunks.count)
        var (list, pages, page) = ([UInt8](), [UInt8](), Page())
        var last = 0
        for (index, chunk) in chunks.enumerated() {
            times =
                min(
                    times?.lowerBound ?? chunk.from, chunk.from)...max(
                    times?.upperBound ?? chunk.through, chunk.through)
            page.add(chunk)
            append(chunk, after: last, to: &list)
            last = chunk.through
            guard index + 1 == chunks.count || (index + 1).isMultiple(of: TSDBFormat.chunksInPage) else { continue }
            page.append(to: &pages)
            page = Page(offset: list.count)
        }
        if version >= TSDBFormat.firstWithPages {
            var markers: [UInt8] = []
            markers.appendVarint((chunks.count + TSDBFormat.chunksInPage - 1) / TSDBFormat.chunksInPage)
            markers += pages
            content.appendBig(UInt32(clamping: markers.count))
            content += markers
        }
        content += list
    }

    private func append(_ chunk: IndexedChunk, after last: Int, to list: inout [UInt8]) {
        list.appendSignedVarint(chunk.from - last)
        list.appendVarint(chunk.through - chunk.from)
        list.appendVarint(UInt64(chunk.kilobytes))
        list.appendVarint(UInt64(chunk.entries))
        list.appendBig(chunk.checksum)
        guard version >= TSDBFormat.firstWithIngestion else { return }
        // Zero means that the time is not known; otherwise the days after the chunk's end, rounded up, plus one.
        guard let ingested = chunk.ingestedAt else { return list.append(0) }
        let day = IndexedChunk.day
        let delta = (ingested + day - 1) / day - chunk.through / day
        list.appendVarint(UInt64(bitPattern: Int64(delta << 1 ^ delta >> 63)) &+ 1)
    }

    /// The sums over up to 16 chunks, with which Loki skips chunks of other times.
    private struct Page {
        var offset = 0
        private var count = 0
        private var kilobytes: UInt32 = 0
        private var entries: UInt32 = 0
        private var times: ClosedRange<Int>?

        init(offset: Int = 0) { self.offset = offset }

        mutating func add(_ chunk: IndexedChunk) {
            count += 1
            kilobytes &+= chunk.kilobytes
            entries &+= chunk.entries
            times = min(times?.lowerBound ?? chunk.from, chunk.from)...max(times?.upperBound ?? 0, chunk.through)
        }

        func append(to pages: inout [UInt8]) {
            let times = times ?? 0...0
            pages.appendVarint(count)
            pages.appendBig(kilobytes)
            pages.appendBig(entries)
            pages.appendVarint(offset)
            pages.appendSignedVarint(times.lowerBound)
            pages.appendSignedVarint(times.upperBound - times.lowerBound)
        }
    }

    // MARK: Lists

    /// Writes for each label name the list of its values.
    /// - Returns: the names with the places of their lists.
    private func writeValueLists() throws -> [(name: [UInt8], place: Int)] {
        let select = try database.prepare(
            "SELECT s.text, p.name FROM (SELECT DISTINCT name FROM postings) p JOIN symbols s ON s.number = p.name "
                + "ORDER BY s.text")
        var names: [(text: [UInt8], number: Int)] = []
        while try select.step() { names.append((select.bytes(0) ?? [], select.integer(1))) }
        select.reset()
        var places: [([UInt8], Int)] = []
        for name in names {
            let counting = try database.prepare("SELECT COUNT(DISTINCT value) FROM postings WHERE name = ?")
            counting.bind(1, name.number)
            let count = try counting.step() ? counting.integer(0) : 0
            counting.reset()
            try output.align(TSDBFormat.listAlignment)
            places.append((name.text, output.position))
            try output.section {
                var bytes: [UInt8] = []
                bytes.appendBig(UInt32(1))
                bytes.appendBig(UInt32(clamping: count))
                let values = try database.prepare(
                    "SELECT DISTINCT value FROM postings WHERE name = ? ORDER BY value")
                values.bind(1, name.number)
                while try values.step() {
                    bytes.appendBig(UInt32(clamping: values.integer(0)))
                    if bytes.count > 64 << 10 {
                        try output.append(bytes)
                        bytes.removeAll(keepingCapacity: true)
                    }
                }
                values.reset()
                try output.append(bytes)
            }
        }
        return places
    }

    /// Writes the list of all series, and one for each label.
    /// - Returns: the table of the lists' places, without its count, and the count.
    private func writePostings() throws -> (table: TSDBOutput, count: Int) {
        let table = try TSDBOutput()
        var count = 0
        func write(name: [UInt8], value: [UInt8], series: [UInt32]) throws {
            try output.align(TSDBFormat.listAlignment)
            var entry: [UInt8] = []
            entry.appendVarint(2)
            entry.appendText(name)
            entry.appendText(value)
            entry.appendVarint(output.position)
            try table.append(entry)
            count += 1
            var list: [UInt8] = []
            list.appendBig(UInt32(clamping: series.count))
            for place in series { list.appendBig(place) }
            var record: [UInt8] = []
            record.appendBig(UInt32(clamping: list.count))
            record += list
            record.appendBig(CRC32C.checksum(list.span.bytes))
            try output.append(record)
        }
        try write(name: [], value: [], series: places)
        let select = try database.prepare("SELECT name, value, place FROM postings ORDER BY name, value, place")
        var current: (name: Int, value: Int, series: [UInt32])?
        while try select.step() {
            let (name, value) = (select.integer(0), select.integer(1))
            if let last = current, last.name != name || last.value != value {
                try write(name: try text(last.name), value: try text(last.value), series: last.series)
                current = nil
            }
            if current == nil { current = (name, value, []) }
            current?.series.append(UInt32(truncatingIfNeeded: select.integer(2)))
        }
        select.reset()
        if let last = current { try write(name: try text(last.name), value: try text(last.value), series: last.series) }
        return (table, count)
    }

    private func text(_ number: Int) throws -> [UInt8] {
        let select = try database.prepare("SELECT text FROM symbols WHERE number = ?")
        defer { select.reset() }
        select.bind(1, number)
        return try select.step() ? select.bytes(0) ?? [] : []
    }

    private func writeFingerprints() throws {
        try output.section {
            var bytes: [UInt8] = []
            bytes.appendBig(UInt32(clamping: fingerprints.count))
            for (place, fingerprint) in fingerprints {
                bytes.appendBig(UInt64(place))
                bytes.appendBig(fingerprint)
            }
            try output.append(bytes)
        }
    }

    private func writeContents() throws -> UInt32 {
        var bytes: [UInt8] = []
        for place in sections { bytes.appendBig(UInt64(bitPattern: Int64(place))) }
        bytes.appendBig(UInt64(bitPattern: Int64(times?.lowerBound ?? 0)))
        bytes.appendBig(UInt64(bitPattern: Int64(times?.upperBound ?? 0)))
        let checksum = CRC32C.checksum(bytes.span.bytes)
        bytes.appendBig(checksum)
        try output.append(bytes)
        return checksum
    }
}
