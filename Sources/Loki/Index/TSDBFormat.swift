internal import Platform

/// Constants of Loki's TSDB index, which is derived from the index of a block of metrics (Loki:
/// pkg/storage/stores/shipper/indexshipper/tsdb/index).
///
/// Big endian throughout. A file is: magic and version; the symbol table (all names and values of labels, in order); the
/// series, each at a multiple of 16; a list of values for each label name; a list of series for each label; two tables of
/// the places of these lists; the fingerprint of every 1024th series; the table of contents.
enum TSDBFormat {
    /// Versions whose sections `dr` reads and writes: 2 for schemas up to v12, 3 for v13, 4 for v14.
    static let versions: ClosedRange<UInt8> = 2...4
    /// From this version on, the chunks of a series are in pages with their sums.
    static let firstWithPages: UInt8 = 3
    /// From this version on, a chunk has the day on which it was ingested.
    static let firstWithIngestion: UInt8 = 4
    static let chunksInPage = 16
    static let seriesAlignment = 16
    static let listAlignment = 4
    static let fingerprintInterval = 1024
    /// The label of the tenant in a file about all tenants.
    static let tenantLabel = Array("__loki_tenant__".utf8)

    /// The version that Loki writes under a schema such as "v13".
    static func version(ofSchema schema: String) -> UInt8 {
        switch Int(schema.dropFirst()) {
        case .some(...12): 2
        case .some(14): 4
        default: 3
        }
    }
}

extension [UInt8] {
    mutating func appendBig(_ value: UInt32) {
        for shift in stride(from: UInt32(24), through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func appendBig(_ value: UInt64) {
        appendBig(UInt32(truncatingIfNeeded: value >> 32))
        appendBig(UInt32(truncatingIfNeeded: value))
    }

    /// Go's unsigned number of variable length.
    mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))  // checked: less than 128
    }

    mutating func appendVarint(_ number: Int) { appendVarint(UInt64(bitPattern: Int64(number))) }

    /// Go's signed number of variable length.
    mutating func appendSignedVarint(_ value: Int) {
        appendVarint(UInt64(bitPattern: Int64(value << 1 ^ value >> 63)))
    }

    mutating func appendText(_ bytes: [UInt8]) {
        appendVarint(bytes.count)
        append(contentsOf: bytes)
    }
}

/// Numbers and texts of a part of an index, one after another, with every access checked.
struct IndexCursor {
    private let bytes: [UInt8]
    private(set) var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { place >= bytes.count }
    var left: Int { bytes.count - place }

    private static let isTooShort = IndexDefect("a part of it is truncated")

    mutating func big(_ width: Int) throws(IndexDefect) -> UInt64 {
        try take(width).reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func unsigned() throws(IndexDefect) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = try take(1).first else { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Self.isTooShort
    }

    mutating func signed() throws(IndexDefect) -> Int {
        let value = try unsigned()
        return Int(bitPattern: UInt(value >> 1)) ^ -Int(value & 1)  // checked: the last bit
    }

    /// A number of elements, of which each has at least one byte.
    mutating func count() throws(IndexDefect) -> Int {
        guard let count = Int(exactly: try unsigned()), count <= left else { throw Self.isTooShort }
        return count
    }

    mutating func text() throws(IndexDefect) -> [UInt8] { Array(try take(try count())) }

    mutating func take(_ count: Int) throws(IndexDefect) -> ArraySlice<UInt8> {
        guard count >= 0, count <= left else { throw Self.isTooShort }
        defer { place += count }
        return bytes[place..<place + count]
    }
}
