/// Walks one of the two offset tables at the end of an index: BE32 length, BE32 count, entries, CRC. An entry is the
/// number of its keys (1 or 2), the keys as strings, and an offset in the index.
struct OffsetTable: ~Copyable {
    /// Keys are compared on this many bytes.
    private static let comparedPrefix = 64 << 10

    private var window: FileWindow
    private let title: String
    private let keys: Int
    private let start: Int
    private var bodyEnd = 0
    private(set) var count = 0
    private var read = 0
    private var key: [[UInt8]]
    private var previous: [[UInt8]]

    /// - Parameters:
    ///   - title: its name in messages.
    ///   - keys: the number of keys of every entry.
    init(_ file: BlockFile, _ section: Range<Int>, title: String, keys: Int, capacity: Int) throws {
        self.title = title
        self.keys = keys
        start = section.lowerBound
        key = Array(repeating: [], count: keys)
        previous = key
        window = FileWindow(file, section, capacity: capacity)
        let length = Int(try window.be32())
        bodyEnd = window.position + length
        guard length >= 4, bodyEnd <= section.upperBound else {
            throw file.defect("\(title): length \(length) is impossible")
        }
        window.beginSum()
        count = Int(try window.be32())
    }

    /// True if the last entry of ``next()`` has empty keys: the list of all series.
    var isOfAllSeries: Bool { key.allSatisfy(\.isEmpty) }

    /// The next entry's offset.
    mutating func next() throws -> Int {
        read += 1
        guard try window.uvarint() == UInt64(keys) else { throw defect("entry \(read) does not have \(keys) keys") }
        swap(&key, &previous)
        for index in 0..<keys { try window.copy(window.count(), limit: Self.comparedPrefix, to: &key[index]) }
        if read > 1, isBefore(key, previous) { throw defect("entry \(read) is out of order") }
        guard let offset = Int(exactly: try window.uvarint()), window.position <= bodyEnd else {
            throw defect("entry \(read) runs past the end")
        }
        return offset
    }

    /// Checks the end: exact length, CRC, no further bytes. Call it after the last entry.
    mutating func finish() throws {
        guard read == count else { throw defect("has a count of \(count) entries, but there is room for \(read) only") }
        guard window.position == bodyEnd else { throw defect("ends at \(window.position), should end at \(bodyEnd)") }
        try window.checkSum(of: title, at: start)
        try window.padding(to: window.end)
    }

    func defect(_ detail: String) -> BlockDefect { window.defect("\(title): \(detail)") }

    private func isBefore(_ left: [[UInt8]], _ right: [[UInt8]]) -> Bool {
        for (left, right) in zip(left, right) where left != right { return left.lexicographicallyPrecedes(right) }
        return false
    }
}
