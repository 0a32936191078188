/// Checks the structure of a bolt file as bbolt's own check does: the meta pages, the freelist, and from the root down
/// each page once, with its bounds and the order of its keys. No page may be used twice, be both used and free, or be
/// neither.
///
/// Bolt has no checksums of its pages: a flipped bit within a value, or within a key that stays in order, is not found.
/// Holds one bit for each page, and the pages on the way down.
struct BoltCheck {
    private static let branch: UInt64 = 0x01
    private static let leaf: UInt64 = 0x02
    private static let list: UInt64 = 0x10
    private static let header = BoltMeta.header
    private static let element = 16
    /// Loki's entries are a few hundred bytes, and a page that spans others holds at least two of them.
    private static let longestNode = 64 << 20
    private static let deepest = 64

    private let file: ReadableFile
    private let meta: BoltMeta
    private var used: PageSet
    private var visit: (ArraySlice<UInt8>) -> Void = { _ in }

    /// - Parameter visit: called with the key of each entry that is not a bucket.
    /// - Returns: nil when the file is intact.
    static func defect(
        in file: ReadableFile, visiting visit: @escaping (ArraySlice<UInt8>) -> Void = { _ in }
    ) -> String? {
        do throws(IndexDefect) {
            var check = try BoltCheck(file)
            check.visit = visit
            try check.run()
            return nil
        } catch { return error.detail }
    }

    private init(_ file: ReadableFile) throws(IndexDefect) {
        meta = try BoltMeta.newest(of: file)
        guard meta.end >= 2, meta.end <= UInt64(file.size / meta.pageSize) else {
            throw IndexDefect("it has \(file.size / meta.pageSize) pages, its meta page gives \(meta.end)")
        }
        self.file = file
        used = PageSet(count: Int(meta.end))
    }

    private mutating func run() throws(IndexDefect) {
        try take(0, spanning: 2)
        if meta.freelist != BoltMeta.noFreelist { try takeFree() }
        _ = try walk(meta.root, from: nil, to: nil, depth: 0)
        guard meta.freelist != BoltMeta.noFreelist, let lost = used.firstMissing else { return }
        throw IndexDefect("page \(lost) is neither in use nor free")
    }

    // MARK: Pages

    private struct Page {
        var number: UInt64
        var kind: UInt64
        var count: Int
        /// The page with its header and the pages that it spans.
        var bytes: [UInt8]
    }

    private mutating func take(_ page: UInt64, spanning count: UInt64) throws(IndexDefect) {
        let (end, isTooFar) = page.addingReportingOverflow(count)
        guard !isTooFar, end <= meta.end else { throw IndexDefect("page \(page) is outside of the file") }
        for number in page..<end where !used.insert(Int(number)) {
            throw IndexDefect("page \(number) is used twice, or is free as well")
        }
    }

    private mutating func page(_ number: UInt64) throws(IndexDefect) -> Page {
        guard number >= 2, number < meta.end, let first = file.read(at: Int(number) * meta.pageSize, meta.pageSize)
        else { throw IndexDefect("page \(number) is outside of the file") }
        guard first.little(0, 8) == number else {
            throw IndexDefect("page \(number) has the number \(first.little(0, 8)) in its header")
        }
        let span = first.little(12, 4) + 1
        try take(number, spanning: span)
        var page = Page(number: number, kind: first.little(8, 2), count: Int(first.little(10, 2)), bytes: first)
        if span > 1 {
            let length = Int(span) * meta.pageSize
            guard length <= Self.longestNode, let all = file.read(at: Int(number) * meta.pageSize, length) else {
                throw IndexDefect("page \(number) spans \(span) pages")
            }
            page.bytes = all
        }
        return page
    }

    private mutating func takeFree() throws(IndexDefect) {
        let list = try page(meta.freelist)
        guard list.kind == Self.list else { throw IndexDefect("page \(list.number) is not the freelist") }
        var (count, start) = (UInt64(list.count), Self.header)
        if list.count == 0xFFFF {  // too many for the header: the count is before the numbers
            count = list.bytes.little(start, 8)
            start += 8
        }
        guard count <= UInt64((list.bytes.count - start) / 8) else {
            throw IndexDefect("the freelist has a count of \(count) pages, for which it has no room")
        }
        for index in 0..<Int(count) { try take(list.bytes.little(start + 8 * index, 8), spanning: 1) }
    }

    // MARK: The tree

    /// - Parameters:
    ///   - least: no key below `page` may be less.
    ///   - limit: all keys below `page` must be less.
    /// - Returns: the greatest key below `page`.
    private mutating func walk(
        _ number: UInt64, from least: ArraySlice<UInt8>?, to limit: ArraySlice<UInt8>?, depth: Int
    ) throws(IndexDefect) -> ArraySlice<UInt8>? {
        guard depth < Self.deepest else { throw IndexDefect("page \(number) is deeper than \(Self.deepest) levels") }
        let page = try page(number)
        switch page.kind {
        case Self.leaf:
            return try readLeaf(page.bytes, count: page.count, page: number, from: least, to: limit, depth: depth)
        case Self.branch: return try readBranch(page, from: least, to: limit, depth: depth)
        default: throw IndexDefect("page \(number) is neither a branch nor a leaf")
        }
    }

    private mutating func readBranch(
        _ page: Page, from least: ArraySlice<UInt8>?, to limit: ArraySlice<UInt8>?, depth: Int
    ) throws(IndexDefect) -> ArraySlice<UInt8>? {
        guard page.count > 0 else { throw IndexDefect("page \(page.number) is a branch without children") }
        var children: [(key: ArraySlice<UInt8>, page: UInt64)] = []
        var next = Self.header + Self.element * page.count
        for index in 0..<page.count {
            let place = Self.header + Self.element * index
            let key = try part(page.bytes, page: page.number, place: place, field: 4, next: &next) {
                $0.little(place, 4)
            }
            children.append((key, page.bytes.little(place + 8, 8)))
        }
        var last = least
        for (index, child) in children.enumerated() {
            try order(child.key, index: index, after: last, before: limit, page: page.number)
            let end = index + 1 < children.count ? children[index + 1].key : limit
            last = try walk(child.page, from: child.key, to: end, depth: depth + 1)
        }
        return last
    }

    /// - Parameter number: the number of the page that holds it.
    private mutating func readLeaf(
        _ bytes: [UInt8], count: Int, page number: UInt64, from least: ArraySlice<UInt8>?, to limit: ArraySlice<UInt8>?,
        depth: Int
    ) throws(IndexDefect) -> ArraySlice<UInt8>? {
        var last = least
        var next = Self.header + Self.element * count
        for index in 0..<count {
            let place = Self.header + Self.element * index
            let key = try part(bytes, page: number, place: place, field: 8, next: &next) { $0.little(place + 4, 4) }
            try order(key, index: index, after: last, before: limit, page: number)
            last = key
            let length = Int(bytes.little(place + 12, 4))
            guard length <= bytes.count - next else { throw IndexDefect("page \(number) is shorter than its values") }
            let value = bytes[next..<next + length]
            next += length
            switch bytes.little(place, 4) {
            case 0: visit(key)
            case 1: try readBucket(Array(value), number, depth: depth)
            default: throw IndexDefect("page \(number) holds an entry of an unknown kind")
            }
        }
        return count > 0 ? last : nil
    }

    /// A key of a node, whose keys and values follow each other without a gap.
    /// - Parameters:
    ///   - place: the position of the element.
    ///   - field: the position of the key's length in it.
    ///   - next: the end of the entry before; moved to the end of the key.
    ///   - position: the start of the key, relative to the element.
    private func part(
        _ bytes: [UInt8], page number: UInt64, place: Int, field: Int, next: inout Int,
        position: ([UInt8]) -> UInt64
    ) throws(IndexDefect) -> ArraySlice<UInt8> {
        guard place + Self.element <= bytes.count else {
            throw IndexDefect("page \(number) is shorter than its table of entries")
        }
        let (start, length) = (place + Int(position(bytes)), Int(bytes.little(place + field, 4)))
        guard start == next, length <= bytes.count - start else {
            throw IndexDefect("page \(number) has an entry outside of its bounds")
        }
        next = start + length
        return bytes[start..<next]
    }

    private func order(
        _ key: ArraySlice<UInt8>, index: Int, after last: ArraySlice<UInt8>?, before limit: ArraySlice<UInt8>?,
        page number: UInt64
    ) throws(IndexDefect) {
        if let last {
            let isBelow = key.lexicographicallyPrecedes(last)
            guard !isBelow, index == 0 || key != last else {
                throw IndexDefect("page \(number): keys are out of order")
            }
        }
        if let limit, !key.lexicographicallyPrecedes(limit) {
            throw IndexDefect("page \(number): a key belongs to the page after it")
        }
    }

    /// A bucket has a tree of pages, or is one leaf in the entry itself.
    private mutating func readBucket(_ value: [UInt8], _ number: UInt64, depth: Int) throws(IndexDefect) {
        guard value.count >= 16 else { throw IndexDefect("page \(number) holds a truncated bucket") }
        let root = value.little(0, 8)
        guard root == 0 else {
            _ = try walk(root, from: nil, to: nil, depth: depth + 1)
            return
        }
        let page = Array(value[16...])
        guard depth + 1 < Self.deepest, page.count >= Self.header, page.little(8, 2) == Self.leaf else {
            throw IndexDefect("page \(number) holds a truncated bucket")
        }
        _ = try readLeaf(page, count: Int(page.little(10, 2)), page: number, from: nil, to: nil, depth: depth + 1)
    }
}

/// A bit for each page.
private struct PageSet {
    private var words: [UInt64]
    private let count: Int

    init(count: Int) {
        self.count = count
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
    }

    /// - Returns: false when it is in the set already.
    mutating func insert(_ page: Int) -> Bool {
        let bit = UInt64(1) << UInt64(page & 63)
        defer { words[page >> 6] |= bit }
        return words[page >> 6] & bit == 0
    }

    var firstMissing: Int? {
        for (index, word) in words.enumerated() where word != .max {
            let page = index * 64 + (~word).trailingZeroBitCount
            return page < count ? page : nil
        }
        return nil
    }
}
