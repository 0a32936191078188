/// The positions of the sections of a block's index, from its header and its table of contents.
///
/// The sections cover the file from the header to the table of contents without a gap. Each reaches from its offset in
/// the table to the next one's, in the order in which every writer since Prometheus 2.0 has written them. Source:
/// prometheus, tsdb/docs/format/index.md and tsdb/index/index.go.
struct IndexLayout {
    static let name = "index"
    private static let magic: UInt32 = 0xBAAA_D700
    private static let headerSize = 5
    private static let contentsSize = 6 * 8 + 4

    var symbols: Range<Int>
    var series: Range<Int>
    /// Prometheus before 3.7 wrote it but never read it; empty since.
    var labelIndices: Range<Int>
    var postings: Range<Int>
    /// As ``labelIndices``.
    var labelOffsetTable: Range<Int>
    var postingsOffsetTable: Range<Int>

    /// - Throws: ``BlockDefect``.
    init(of file: BlockFile) throws {
        guard file.size >= Self.headerSize + Self.contentsSize else {
            throw file.defect("is \(file.size) bytes long, too short for an index")
        }
        var header = FileWindow(file, 0..<Self.headerSize, capacity: 64)
        let (magic, version) = (try header.be32(), try header.byte())
        guard magic == Self.magic else { throw file.defect("begins with \(magic.hex8), not with an index's magic") }
        // Readers treat version 3 like version 2. Version 1, of 2017, numbers symbols and series in another way.
        guard version == 2 || version == 3 else {
            throw file.defect("is of version \(version), which is not supported")
        }

        let end = file.size - Self.contentsSize
        var contents = FileWindow(file, end..<file.size, capacity: 64)
        contents.beginSum()
        let raw = try (0..<6).map { _ in try contents.be64() }
        try contents.checkSum(of: "table of contents", at: end)

        // Zero stands for a section that was not written.
        func start(_ index: Int, orElse absent: Int? = nil) throws -> Int {
            if raw[index] == 0, let absent { return absent }
            guard let offset = Int(exactly: raw[index]) else {
                throw file.defect("table of contents points outside of the file")
            }
            return offset
        }
        let postingsOffsetTable = try start(5)
        let labelOffsetTable = try start(3, orElse: postingsOffsetTable)
        let postings = try start(4)
        let starts = [
            Self.headerSize, try start(0), try start(1), try start(2, orElse: postings), postings, labelOffsetTable,
            postingsOffsetTable, end,
        ]
        guard zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            throw file.defect("table of contents: sections are not in order")
        }
        // Postings name a series by a sixteenth of its offset, in 32 bits: they cannot name one that lies beyond.
        guard starts[3] / 16 <= UInt32.max else {
            throw file.defect("series end at \(starts[3]), beyond the 64 GiB that an index can name")
        }
        symbols = starts[1]..<starts[2]
        series = starts[2]..<starts[3]
        labelIndices = starts[3]..<starts[4]
        self.postings = starts[4]..<starts[5]
        self.labelOffsetTable = starts[5]..<starts[6]
        self.postingsOffsetTable = starts[6]..<starts[7]

        var gap = FileWindow(file, starts[0]..<starts[1], capacity: 64)
        try gap.padding(to: starts[1])
    }
}
