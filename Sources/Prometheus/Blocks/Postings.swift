/// Checks the lists of series per label pair, side by side with the table that points at them.
///
/// A list: BE32 length, BE32 count, that many BE32 series numbers, CRC; starts at a multiple of 4. Writers write lists
/// and table entries in the same order, so that each entry must point at the next list. The first list, of the empty
/// name and value, holds all series.
enum Postings {
    /// - Parameter series: the existing series; nil when they are not known.
    /// - Throws: ``BlockDefect``.
    static func verify(_ file: BlockFile, _ layout: IndexLayout, series: SeriesBitmap?, capacity: Int) throws {
        let section = layout.postings
        var lists = FileWindow(file, section, capacity: capacity)
        var table = try OffsetTable(
            file, layout.postingsOffsetTable, title: "postings offset table", keys: 2, capacity: capacity)
        for number in 0..<table.count {
            let start = try table.startOfList(in: &lists, number: number)
            guard (number == 0) == table.isOfAllSeries else {
                throw table.defect("the list of all series is not first")
            }
            let length = Int(try lists.be32())
            lists.beginSum()
            let count = Int(try lists.be32())
            guard length == 4 + 4 * count else {
                throw lists.defect("postings at \(start): \(length) bytes for \(count) series")
            }
            var previous = -1
            var known = true
            for _ in 0..<count {
                let id = Int(try lists.be32())
                guard id > previous else { throw lists.defect("postings at \(start): series \(id) is out of order") }
                previous = id
                if let series, !series.contains(id) { known = false }
            }
            try lists.checkSum(of: "postings", at: start)
            guard known else { throw lists.defect("postings at \(start): a series does not exist") }
            if number == 0, let series, count != series.count {
                throw lists.defect(
                    "postings at \(start): the list of all series has \(count), but there are \(series.count)")
            }
        }
        try table.finish()
        try lists.padding(to: lists.end)
    }
}

/// Checks the lists of values per label name with their offset table. Prometheus before 3.7 wrote them, and no version
/// reads them.
///
/// A list: BE32 length, BE32 number of names (always 1), BE32 count, that many BE32 symbol numbers, CRC.
enum LabelIndices {
    /// - Throws: ``BlockDefect``.
    static func verify(_ file: BlockFile, _ layout: IndexLayout, symbols: Int?, capacity: Int) throws {
        var lists = FileWindow(file, layout.labelIndices, capacity: capacity)
        guard !layout.labelOffsetTable.isEmpty else { return try lists.padding(to: lists.end) }
        var table = try OffsetTable(
            file, layout.labelOffsetTable, title: "label offset table", keys: 1, capacity: capacity)
        for number in 0..<table.count {
            let start = try table.startOfList(in: &lists, number: number)
            let length = Int(try lists.be32())
            lists.beginSum()
            let names = Int(try lists.be32())
            let count = Int(try lists.be32())
            guard names == 1, length == 8 + 4 * count else {
                throw lists.defect("label index at \(start): \(length) bytes for \(count) values of \(names) names")
            }
            for _ in 0..<count {
                let symbol = Int(try lists.be32())
                if let symbols, symbol >= symbols {
                    throw lists.defect("label index at \(start): symbol \(symbol) is not in the table")
                }
            }
            try lists.checkSum(of: "label index", at: start)
        }
        try table.finish()
        try lists.padding(to: lists.end)
    }
}

extension OffsetTable {
    /// Reads the next entry, and skips the padding before its list, which starts at a multiple of 4.
    /// - Parameter number: of the entry, from 0.
    /// - Returns: the position of the list.
    /// - Throws: ``BlockDefect``, also if the entry points at another place.
    fileprivate mutating func startOfList(in lists: inout FileWindow, number: Int) throws -> Int {
        let offset = try next()
        let start = (lists.position + 3) & ~3
        try lists.padding(to: min(start, lists.end))
        guard offset == start else {
            throw defect("entry \(number + 1) points at \(offset), but the next list is at \(start)")
        }
        return start
    }
}
