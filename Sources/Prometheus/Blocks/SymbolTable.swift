/// Checks the symbols of an index: BE32 length, BE32 count, that many strings, CRC.
enum SymbolTable {
    /// Order is compared on this many bytes of each symbol.
    private static let comparedPrefix = 64 << 10

    /// - Returns: the number of symbols; series refer to them by position.
    /// - Throws: ``BlockDefect``.
    static func verify(_ file: BlockFile, _ section: Range<Int>, capacity: Int) throws -> Int {
        var window = FileWindow(file, section, capacity: capacity)
        let length = Int(try window.be32())
        let end = window.position + length
        guard length >= 4, end <= section.upperBound else {
            throw file.defect("symbols: length \(length) is impossible")
        }
        window.beginSum()
        let count = Int(try window.be32())
        var previous: [UInt8] = []
        var symbol: [UInt8] = []
        for number in 0..<count {
            try window.copy(window.count(), limit: comparedPrefix, to: &symbol)
            guard number == 0 || !symbol.lexicographicallyPrecedes(previous) else {
                throw file.defect("symbols: number \(number) is out of order")
            }
            swap(&symbol, &previous)
            guard window.position <= end else { throw file.defect("symbols: run past their end, \(end)") }
        }
        guard window.position == end else {
            throw file.defect("symbols: end at \(window.position), should end at \(end)")
        }
        try window.checkSum(of: "symbols", at: section.lowerBound)
        try window.padding(to: section.upperBound)
        return count
    }
}
