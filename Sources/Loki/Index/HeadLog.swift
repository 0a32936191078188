internal import Cryptography
internal import Platform

/// The log of references that are in no index file yet: `wal/<store>/<second>/<segment>` of the active index.
///
/// Loki's ingester writes a record for each new stream, and one for each chunk that it stored. It builds an index file
/// of them every 15 minutes.
struct HeadLog {
    private static let pageSize = 32 << 10
    private static let header = 7
    /// Loki begins a new segment after 128 KiB.
    private static let largestSegment = 64 << 20

    private struct Stream: Hashable {
        var tenant: [UInt8]
        var reference: UInt64
    }

    private var fingerprints: [Stream: UInt64] = [:]
    private var record: [UInt8] = []

    /// Reads a segment; the segments of one log come in their order. The end of the last one may be incomplete: Loki
    /// reads the part before it too.
    /// - Returns: false if the segment cannot be read.
    mutating func read(
        _ segment: ReadableFile, _ body: (_ tenant: String, _ fingerprint: UInt64, IndexedChunk) throws -> Void
    ) throws -> Bool {
        guard segment.size <= Self.largestSegment, let bytes = segment.read(at: 0, segment.size) else { return false }
        var start = 0
        record.removeAll()
        while start < bytes.count {
            let page = Array(bytes[start..<min(start + Self.pageSize, bytes.count)])
            guard try readPage(page, body) else { return true }
            start += Self.pageSize
        }
        return true
    }

    /// - Returns: false at the end of the records.
    private mutating func readPage(
        _ page: [UInt8], _ body: (_ tenant: String, _ fingerprint: UInt64, IndexedChunk) throws -> Void
    ) throws -> Bool {
        var place = 0
        while place + Self.header <= page.count, page[place] != 0 {
            let length = Int(page[place + 1]) << 8 | Int(page[place + 2])
            let content = place + Self.header..<place + Self.header + length
            guard content.upperBound <= page.count else { return false }
            let written = page[place + 3..<place + Self.header].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            guard CRC32C.checksum(page.span.bytes.extracting(content)) == written else { return false }
            let kind = page[place] & 7
            if kind == 1 || kind == 2 { record.removeAll() }
            record += page[content]
            if kind == 1 || kind == 4 { try decode(body) }
            place = content.upperBound
        }
        return true
    }

    private mutating func decode(
        _ body: (_ tenant: String, _ fingerprint: UInt64, IndexedChunk) throws -> Void
    ) throws {
        var cursor = IndexCursor(record)
        switch try cursor.big(1) {
        case 1:
            let tenant = try cursor.text()
            let stream = Stream(tenant: tenant, reference: try cursor.big(8))
            _ = try cursor.unsigned()
            while cursor.left >= 28 {
                guard let from = Int(exactly: try cursor.big(8)), let through = Int(exactly: try cursor.big(8)) else {
                    throw IndexDefect("a record has a time before 1970")
                }
                let chunk = IndexedChunk(
                    from: from, through: through, checksum: UInt32(truncatingIfNeeded: try cursor.big(4)),
                    kilobytes: UInt32(truncatingIfNeeded: try cursor.big(4)),
                    entries: UInt32(truncatingIfNeeded: try cursor.big(4)))
                guard let fingerprint = fingerprints[stream] else { continue }
                try body(String(decoding: tenant, as: UTF8.self), fingerprint, chunk)
            }
        case 2:
            let tenant = try cursor.text()
            let fingerprint = try cursor.big(8)
            guard try cursor.big(1) == 1 else { return }  // a record of series
            fingerprints[Stream(tenant: tenant, reference: try cursor.big(8))] = fingerprint
        default: return
        }
    }
}
