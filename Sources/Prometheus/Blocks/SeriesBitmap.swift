/// The multiples of 16 within the series section at which a series starts: one bit per 16 bytes of the section.
struct SeriesBitmap {
    private let first: Int
    private let alignment: Int
    private var words: [UInt64]
    private(set) var count = 0

    init(_ section: Range<Int>, alignment: Int) {
        self.alignment = alignment
        first = section.lowerBound / alignment
        words = Array(repeating: 0, count: (section.upperBound / alignment - first) / 64 + 1)
    }

    mutating func insert(_ offset: Int) {
        let bit = offset / alignment - first
        words[bit / 64] |= 1 << UInt64(bit % 64)
        count += 1
    }

    /// Returns true if series `id`, an offset divided by 16, exists.
    func contains(_ id: Int) -> Bool {
        let bit = id - first
        guard bit >= 0, bit / 64 < words.count else { return false }
        return words[bit / 64] >> UInt64(bit % 64) & 1 == 1
    }
}
