internal import Archiving
internal import BackupRepository
internal import Cryptography

/// Checks a stored index file: gzip around a TSDB, a bolt database, or another format. gzip's checksum is about the whole
/// content; the table of contents at the end of a TSDB has its own. The name of a compacted file repeats it and the times.
final class IndexInspector: ContentInspector {
    enum Content {
        case tsdb(IndexName.Compacted?)
        case bolt
        /// Verified by gzip's own checksum alone.
        case other
    }

    private let path: String
    private let content: Content
    private let gzip = GzipReader()
    private let spool = Spool()
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    private var size = 0

    init(_ path: String, _ content: Content) {
        self.path = path
        self.content = content
    }

    func write(_ bytes: RawSpan) { gzip.write(bytes) { note($0) } }

    private func note(_ plain: RawSpan) {
        size += plain.byteCount
        switch content {
        case .bolt: spool.write(plain)
        case .tsdb: noteEnds(plain)
        case .other: break
        }
    }

    private func noteEnds(_ plain: RawSpan) {
        let kept = TSDBCheck.contents + 4
        plain.withUnsafeBytes { plain in
            if head.count < 5 { head.append(contentsOf: plain.prefix(5 - head.count)) }
            tail.append(contentsOf: plain.suffix(kept))
        }
        if tail.count > kept { tail.removeFirst(tail.count - kept) }
    }

    func finish() -> [Damage] { defect().map { [Damage(path: path, reason: "index: \($0)")] } ?? [] }

    private func defect() -> String? {
        do throws(GzipError) { try gzip.finish() } catch { return "it is not a complete gzip file" }
        guard size > 0 else { return "it is empty" }
        switch content {
        case .tsdb(let compacted): return defectOfEnds(compacted)
        case .bolt:
            if let failure = spool.failure { return failure }
            guard let content = spool.finish() else { return "it is empty" }
            return BoltCheck.defect(in: content)
        case .other: return nil
        }
    }

    private func defectOfEnds(_ compacted: IndexName.Compacted?) -> String? {
        guard head.starts(with: TSDBCheck.magic), head.count == 5 else { return "it does not begin as a TSDB index" }
        guard TSDBFormat.versions.contains(head[4]) else { return nil }
        let tail = tail
        let numbers: (written: UInt64, from: UInt64, through: UInt64)? = tail.withUnsafeBytes { tail in
            let end = BigEndian(tail)
            let contents = TSDBCheck.contents
            guard end.count == contents + 4, let written = end.integer(at: contents, bytes: 4),
                let from = end.integer(at: contents - 16, bytes: 8),
                let through = end.integer(at: contents - 8, bytes: 8)
            else { return nil }
            return (written, from, through)
        }
        guard let (written, from, through) = numbers else { return "it ends early" }
        let checksum = CRC32C.checksum(tail.span.bytes.extracting(first: TSDBCheck.contents))
        guard UInt64(checksum) == written else { return "its table of contents does not match its checksum" }
        guard let compacted else { return nil }
        guard compacted.checksum == checksum else {
            return "CRC is \(String(checksum, radix: 16)), its name gives \(String(compacted.checksum, radix: 16))"
        }
        guard UInt64(exactly: compacted.from) == from, UInt64(exactly: compacted.through) == through else {
            return "its times are not those of its name"
        }
        return nil
    }
}

/// Checks a TSDB of the active index, which is not compressed and stays there until it is stored.
final class ActiveIndexInspector: ContentInspector {
    private let path: String
    private let spool = Spool()

    init(_ path: String) { self.path = path }

    func write(_ bytes: RawSpan) { spool.write(bytes) }

    func finish() -> [Damage] {
        defect().map { [Damage(path: path, reason: "index: \($0)")] } ?? []
    }

    private func defect() -> String? {
        if let failure = spool.failure { return failure }
        guard let content = spool.finish() else { return "it is empty" }
        return TSDBCheck.defect(in: content)
    }
}
