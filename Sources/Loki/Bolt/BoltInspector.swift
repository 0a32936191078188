internal import BackupRepository

/// Checks a bolt file while it is streamed: the active index of boltdb-shipper, the compactor's requests for deletion.
///
/// Loki maps such a file into memory and writes each transaction to pages that the one before does not use, then a meta
/// page. A copy is consistent when both meta pages are the same before its first byte and after its last one: no
/// transaction was committed meanwhile, so that all pages of the newest meta page are unchanged.
final class BoltInspector: ContentInspector {
    private let path: String
    private let source: String?
    private let least: UInt64
    private let before: [UInt8]?
    private let spool = Spool()

    /// - Parameters:
    ///   - source: absolute path of the live file that is being copied; nil if the content does not change.
    ///   - least: the transaction that must be in it.
    init(_ path: String, copiedFrom source: String? = nil, since least: UInt64 = 0) {
        self.path = path
        self.source = source
        self.least = least
        before = source.flatMap(Self.metas)
    }

    private static func metas(_ path: String) -> [UInt8]? { ReadableFile(path).map(BoltMeta.bytes) }

    /// The newest transaction of the file at `path`; nil if there is none, or if it is being written.
    static func transaction(of path: String) -> UInt64? {
        ReadableFile(path).flatMap { try? BoltMeta.newest(of: $0).transaction }
    }

    func write(_ bytes: RawSpan) { spool.write(bytes) }

    func finish() -> [Damage] { defect().map { [Damage(path: path, reason: "bolt file: \($0)")] } ?? [] }

    private func defect() -> String? {
        if let failure = spool.failure { return failure }
        guard let content = spool.finish() else { return "it is empty" }
        if let source {
            let copied = BoltMeta.bytes(of: content)
            guard before == copied, Self.metas(source) == copied else { return "it changed while it was copied" }
        }
        if let defect = BoltCheck.defect(in: content) { return defect }
        guard least > 0 else { return nil }
        let newest = try? BoltMeta.newest(of: content).transaction
        return newest.map { $0 >= least } == true ? nil : "it is older than the copy of the write-ahead log"
    }
}
