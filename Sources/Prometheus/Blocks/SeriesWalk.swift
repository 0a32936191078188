/// A series' reference to a chunk, from the index.
struct ChunkReference {
    /// Offset of the series entry in the index.
    var series: Int
    /// Segment number, from 1, and byte offset in the segment.
    var segment: Int
    var offset: Int
    /// Times of the first and the last sample, in milliseconds since 1970.
    var oldest: Int
    var newest: Int
}

/// Walks the series of an index in their order, checks each entry, and delivers the references to their chunks.
///
/// An entry starts at a multiple of 16: unsigned LEB128 length, body, CRC of the body. The body: number of labels, a
/// pair of symbol numbers for each, number of chunks, and for each chunk its times and its reference as differences
/// from the chunk before. Writers refuse references that do not increase.
struct SeriesWalk: ~Copyable {
    private static let alignment = 16

    private var window: FileWindow
    private let symbols: UInt64
    private(set) var series = 0
    private(set) var chunks = 0
    /// The starts of entries, as multiples of 16: postings name series by them.
    private(set) var starts: SeriesBitmap
    // The current entry.
    private var entry = 0
    private var bodyEnd: Int?
    private var chunksLeft = 0
    private var isFirstChunk = true
    private var newest: Int64 = 0
    private var reference: UInt64 = 0

    /// - Parameters:
    ///   - section: the series section of `file`.
    ///   - symbols: the number of symbols; nil when it is not known.
    init(_ file: BlockFile, _ section: Range<Int>, symbols: Int?, capacity: Int) {
        window = FileWindow(file, section, capacity: capacity)
        self.symbols = symbols.map(UInt64.init) ?? .max
        starts = SeriesBitmap(section, alignment: Self.alignment)
    }

    /// The next chunk reference; nil when all entries were read and are intact.
    /// - Throws: ``BlockDefect``; do not call it again after that.
    mutating func next() throws -> ChunkReference? {
        while chunksLeft == 0 {
            try endEntry()
            guard try beginEntry() else { return nil }
        }
        chunksLeft -= 1
        chunks += 1
        // Differences wrap around, as Go's arithmetic does; the checks below see the result.
        let first = isFirstChunk
        let step = first ? try window.varint() : Int64(bitPattern: try window.uvarint())
        let oldest = newest &+ step
        newest = oldest &+ Int64(bitPattern: try window.uvarint())
        guard oldest <= newest else { throw defect("holds a chunk that ends before it begins") }
        let previous = reference
        reference =
            first ? try window.uvarint() : reference &+ UInt64(bitPattern: try window.varint())
        guard chunks == 1 || reference > previous else { throw defect("holds chunk references that do not increase") }
        isFirstChunk = false
        return ChunkReference(
            series: entry, segment: Int(reference >> 32) + 1, offset: Int(reference & 0xFFFF_FFFF),
            oldest: Int(oldest), newest: Int(newest))
    }

    private mutating func beginEntry() throws -> Bool {
        let position = window.position
        let aligned = (position + Self.alignment - 1) / Self.alignment * Self.alignment
        guard aligned < window.end else {
            try window.padding(to: window.end)
            return false
        }
        try window.padding(to: aligned)
        entry = aligned
        let length = try window.count()
        try window.checkSumAhead(of: "series", at: entry, length)
        bodyEnd = window.position + length
        starts.insert(entry)
        series += 1

        let labels = try window.count()
        for _ in 0..<2 * labels {
            let symbol = try window.uvarint()
            guard symbol < symbols else { throw defect("symbol \(symbol) is not in the table") }
        }
        chunksLeft = try window.count()
        isFirstChunk = true
        newest = 0
        return true
    }

    private mutating func endEntry() throws {
        guard let end = bodyEnd else { return }
        bodyEnd = nil
        guard window.position == end else { throw defect("is \(end - window.position) bytes longer than its content") }
        try window.skip(4)
    }

    private func defect(_ detail: String) -> BlockDefect { window.defect("series at \(entry): \(detail)") }
}
