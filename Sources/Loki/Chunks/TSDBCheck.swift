internal import Cryptography

/// Checks a TSDB of Loki's index that is not compressed: the table of contents and the CRC-32C of every
/// section, series and list of postings.
struct TSDBCheck {
    /// Seven offsets of sections, the first and the last time; then their CRC-32C.
    static let contents = 9 * 8
    static let magic: [UInt8] = [0xBA, 0xAA, 0xD7, 0x00]

    private let file: ReadableFile

    /// - Returns: nil when the file is intact, or of an unknown version.
    static func defect(in file: ReadableFile) -> String? {
        do throws(IndexDefect) {
            try TSDBCheck(file: file).run()
            return nil
        } catch { return error.detail }
    }

    private func run() throws(IndexDefect) {
        guard let head = file.read(at: 0, 5), head.starts(with: Self.magic) else {
            throw IndexDefect("it does not begin as a TSDB index")
        }
        guard TSDBFormat.versions.contains(head[4]) else { return }
        let end = file.size - Self.contents - 4
        guard end >= 5, let table = file.read(at: end, Self.contents + 4) else {
            throw IndexDefect("it ends early")
        }
        guard CRC32C.checksum(table.span.bytes.extracting(first: Self.contents)) == table.big(Self.contents) else {
            throw IndexDefect("its table of contents does not match its checksum")
        }
        var places: [Int] = []
        for index in 0..<7 {
            let (high, low) = (table.big(8 * index), table.big(8 * index + 4))
            guard high == 0, Int(low) <= end else { throw IndexDefect("a section is outside of the file") }
            places.append(Int(low))
        }
        let (labels, labelTable, postings, postingsTable) = (places[2], places[3], places[4], places[5])
        try section(at: places[0], end)
        try series(from: places[1], to: labels)
        try sections(from: labels, to: postings)
        try sections(from: postings, to: labelTable)
        try section(at: labelTable, end)
        try section(at: postingsTable, end)
        try section(at: places[6], end)
    }

    /// BE32 length, the content, its checksum.
    /// - Returns: the position after it.
    @discardableResult
    private func section(at place: Int, _ end: Int) throws(IndexDefect) -> Int {
        guard place + 4 <= end, let length = file.read(at: place, 4)?.big(0) else {
            throw IndexDefect("the section at \(place) is truncated")
        }
        return try content(at: place + 4, Int(length), end)
    }

    private func content(at place: Int, _ length: Int, _ end: Int) throws(IndexDefect) -> Int {
        guard length + 4 <= end - place, let bytes = file.read(at: place, length + 4) else {
            throw IndexDefect("the section at \(place) is truncated")
        }
        guard CRC32C.checksum(bytes.span.bytes.extracting(first: length)) == bytes.big(length) else {
            throw IndexDefect("the section at \(place) does not match its checksum")
        }
        return place + length + 4
    }

    private func sections(from start: Int, to end: Int) throws(IndexDefect) {
        var place = Self.aligned(start, 4)
        while place < end { place = Self.aligned(try section(at: place, end), 4) }
    }

    /// Uvarint length, the content, its checksum; each begins at a multiple of 16.
    private func series(from start: Int, to end: Int) throws(IndexDefect) {
        var place = Self.aligned(start, 16)
        while place < end {
            let (offset, bytes) = (place, file.read(at: place, min(5, end - place)) ?? [])
            var length = 0
            for (index, byte) in bytes.enumerated() {
                length |= Int(byte & 0x7F) << (7 * index)
                place += 1
                if byte < 0x80 { break }
            }
            guard length > 0 else { throw IndexDefect("the series at \(offset) is truncated") }
            place = Self.aligned(try content(at: place, length, end), 16)
        }
    }

    private static func aligned(_ place: Int, _ width: Int) -> Int { (place + width - 1) / width * width }
}

extension [UInt8] {
    /// - Precondition: the array holds four bytes from `place`.
    fileprivate func big(_ place: Int) -> UInt32 { self[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) } }
}
