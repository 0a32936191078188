internal import BackupRepository
internal import Cryptography

/// Checks a segment of a write-ahead log, of Loki's ingester or of its TSDB index: records in pages of 32 KiB, each
/// with its CRC-32C. The end of a segment may be incomplete; Loki reads the part before it.
final class WriteAheadLogInspector: ContentInspector {
    private static let pageSize = 32 << 10
    private static let header = 7

    private let path: String
    private var page: [UInt8] = []
    /// The offset of `page`.
    private var base = 0
    private var isInRecord = false
    private var defect: String?
    /// Bytes up to the end of the last complete record.
    private(set) var sound = 0

    init(_ path: String) { self.path = path }

    func write(_ bytes: RawSpan) {
        guard defect == nil else { return }
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Self.pageSize - page.count)
                page += piece
                rest = rest.dropFirst(piece.count)
                if page.count == Self.pageSize { endPage() }
            }
        }
    }

    func finish() -> [Damage] {
        if defect == nil { endPage() }
        return defect.map { [Damage(path: path, reason: "write-ahead log: \($0)")] } ?? []
    }

    private func endPage() {
        if defect == nil { defect = check() }
        base += page.count
        page.removeAll(keepingCapacity: true)
    }

    private func check() -> String? {
        var place = 0
        while place < page.count {
            let kind = page[place] & 7
            // Zeros fill a page after its last record.
            if page[place] == 0 {
                return page[place...].allSatisfy { $0 == 0 }
                    ? nil : "unexpected bytes after the last record at \(base + place)"
            }
            guard place + Self.header <= page.count else { return endsInside(place, Self.header) }
            let length = Int(page[place + 1]) << 8 | Int(page[place + 2])
            let end = place + Self.header + length
            guard end <= page.count else { return endsInside(place, Self.header + length) }
            let content = place + Self.header..<end
            let written = page[place + 3..<place + Self.header].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let found = CRC32C.checksum(page.span.bytes.extracting(content))
            guard found == written else {
                let (found, written) = (String(found, radix: 16), String(written, radix: 16))
                return "record at \(base + place): CRC is \(found), should be \(written)"
            }
            // A complete record, or its first, middle and last part; compressed or not.
            guard page[place] < 0x20, (1...4).contains(kind), (kind > 2) == isInRecord else {
                return "record at \(base + place): its kind \(page[place]) does not belong there"
            }
            isInRecord = kind == 2 || kind == 3
            place = end
            if !isInRecord { sound = base + place }
        }
        return nil
    }

    /// - Returns: nil if the segment itself ends there: its end is incomplete.
    private func endsInside(_ place: Int, _ length: Int) -> String? {
        let fitsPage = place + length <= Self.pageSize
        return fitsPage && page.count < Self.pageSize ? nil : "record at \(base + place) does not fit its page"
    }
}
