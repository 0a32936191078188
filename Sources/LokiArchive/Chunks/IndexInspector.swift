internal import Archiving
internal import Cryptography
internal import Repository

/// Proves a stored index file: gzip around a TSDB or a bolt database. A TSDB's table of contents at its end has a
/// checksum, which together with the times is in the name of a compacted file.
final class IndexInspector: ContentInspector {
    /// Six offsets of sections, one of the fingerprints, the first and the last time; then their CRC-32C.
    private static let contents = 9 * 8
    private static let magic: [UInt8] = [0xBA, 0xAA, 0xD7, 0x00]
    /// The version whose table of contents this is; others are proved by gzip alone.
    private static let version: UInt8 = 3

    private let path: String
    private let compacted: IndexName.Compacted?
    private let isTSDB: Bool
    private let gzip = GzipReader()
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    private var size = 0

    init(_ path: String, _ compacted: IndexName.Compacted?) {
        self.path = path
        self.compacted = compacted
        isTSDB = path.hasSuffix(".tsdb.gz")
    }

    func write(_ bytes: RawSpan) { gzip.write(bytes) { note($0) } }

    private func note(_ plain: RawSpan) {
        size += plain.byteCount
        guard isTSDB else { return }
        let kept = Self.contents + 4
        plain.withUnsafeBytes { plain in
            if head.count < 5 { head.append(contentsOf: plain.prefix(5 - head.count)) }
            tail.append(contentsOf: plain.suffix(kept))
        }
        if tail.count > kept { tail.removeFirst(tail.count - kept) }
    }

    func finish() -> [Damage] { defect().map { [Damage(path: path, reason: "index: \($0)")] } ?? [] }

    private func defect() -> String? {
        do throws(GzipError) { try gzip.finish() } catch { return "it is no whole gzip file" }
        guard size > 0 else { return "there is nothing in it" }
        guard isTSDB else { return nil }
        guard head.starts(with: Self.magic), head.count == 5 else { return "it does not begin as a TSDB index" }
        guard head[4] == Self.version else { return nil }
        let numbers: (written: UInt64, from: UInt64, through: UInt64)? = tail.withUnsafeBytes { tail in
            let end = BigEndian(tail)
            guard end.count == Self.contents + 4, let written = end.integer(at: Self.contents, bytes: 4),
                let from = end.integer(at: Self.contents - 16, bytes: 8),
                let through = end.integer(at: Self.contents - 8, bytes: 8)
            else { return nil }
            return (written, from, through)
        }
        guard let (written, from, through) = numbers else { return "it ends too soon" }
        let checksum = CRC32C.checksum(tail.span.bytes.extracting(first: Self.contents))
        guard UInt64(checksum) == written else { return "its table of contents does not match its checksum" }
        guard let compacted else { return nil }
        guard compacted.checksum == checksum else {
            return "CRC is \(String(checksum, radix: 16)), its name says \(String(compacted.checksum, radix: 16))"
        }
        guard UInt64(exactly: compacted.from) == from, UInt64(exactly: compacted.through) == through else {
            return "its times are not those of its name"
        }
        return nil
    }
}
