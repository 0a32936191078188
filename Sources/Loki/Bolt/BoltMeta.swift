/// A meta page of a bolt file, in bbolt's format 2, little-endian. Bolt writes its two meta pages in turn; the valid
/// one with the higher transaction counts.
struct BoltMeta: Equatable {
    /// The sizes of a page's header and of the meta data after it, in bytes.
    static let header = 16
    static let length = 64
    /// The value for a freelist that is not stored.
    static let noFreelist = UInt64.max

    private static let magic: UInt64 = 0xED0C_DAED
    private static let version: UInt64 = 2
    private static let flag: UInt64 = 0x04
    private static let pageSizes = 512...(1 << 20)

    /// Bytes of a page: a power of two.
    var pageSize: Int
    /// Page numbers.
    var root: UInt64
    var freelist: UInt64
    /// The number of pages in use.
    var end: UInt64
    var transaction: UInt64

    /// - Parameter page: the start of the page, header included.
    init(_ page: [UInt8], number: Int) throws(IndexDefect) {
        let isWhole = page.count >= Self.header + Self.length
        guard isWhole, page.little(16, 4) == Self.magic else {
            throw IndexDefect("meta page \(number) does not begin as a bolt file's")
        }
        guard page.little(0, 8) == UInt64(number), page.little(8, 2) == Self.flag else {
            throw IndexDefect("page \(number) is not marked as a meta page")
        }
        guard page.little(20, 4) == Self.version else {
            throw IndexDefect("meta page \(number) has version \(page.little(20, 4)), not \(Self.version)")
        }
        let content = page[Self.header..<(Self.header + Self.length - 8)]
        guard Self.checksum(content) == page.little(72, 8) else {
            throw IndexDefect("meta page \(number) does not match its checksum")
        }
        guard let size = Int(exactly: page.little(24, 4)), Self.pageSizes.contains(size), size & (size - 1) == 0 else {
            throw IndexDefect("meta page \(number) has a page size of \(page.little(24, 4)) bytes")
        }
        pageSize = size
        root = page.little(32, 8)
        freelist = page.little(48, 8)
        end = page.little(56, 8)
        transaction = page.little(64, 8)
    }

    /// FNV-1a, 64 bits.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// The meta page that counts. Both must be valid: a copy with an invalid one is inconsistent or has a flipped bit.
    static func newest(of file: ReadableFile) throws(IndexDefect) -> BoltMeta {
        let first = try BoltMeta(file.read(at: 0, header + length) ?? [], number: 0)
        let second = try BoltMeta(file.read(at: first.pageSize, header + length) ?? [], number: 1)
        guard second.pageSize == first.pageSize else { throw IndexDefect("its meta pages have two page sizes") }
        return first.transaction > second.transaction ? first : second
    }

    /// Both meta pages as they are, valid or not: equal before and after a copy, they show that no transaction was
    /// committed meanwhile. Empty if the file does not begin as a bolt file.
    static func bytes(of file: ReadableFile) -> [UInt8] {
        guard let first = file.read(at: 0, header + length), first.little(16, 4) == magic,
            let size = Int(exactly: first.little(24, 4)), pageSizes.contains(size),
            let second = file.read(at: size, header + length)
        else { return [] }
        return first + second
    }
}

extension [UInt8] {
    /// - Precondition: the array holds these bytes.
    func little(_ place: Int, _ width: Int) -> UInt64 {
        self[place..<place + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
