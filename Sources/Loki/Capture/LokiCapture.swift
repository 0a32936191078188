internal import BackupRepository
internal import Platform
internal import Synchronization

/// The copied parts of a Loki, which the run holds, and its chunks in their original folder.
struct LokiCapture: Capture {
    let tree: DocumentTree
    /// The server's `common.path_prefix`, as mounted on this machine.
    let directoryOfData: String?
    let chunks: String
    /// The entries of the chunks' folder that are in the tree already, or do not belong to a backup.
    let hidden: Set<String>
    /// The files that could not be copied completely.
    let copied: [Damage]
    /// The backup holds every line up to this time that was in Loki, in milliseconds since 1970; nil if no such time is
    /// known.
    let bound: Int?
    /// The start of the copy, in milliseconds since 1970.
    let began: Int
    /// True if the copied write-ahead log has records.
    let hasLoggedLines: Bool
    private let known: [String: String]
    let warnings: [String]
    private let pool: BlockingPool
    private let tally = ChunkTally()

    init(
        tree: DocumentTree, data: String, chunks: String, hidden: Set<String>, copied: [Damage], bound: Int?,
        began: Int, hasLoggedLines: Bool, facts: [String: String], warnings: [String], pool: BlockingPool
    ) {
        self.tree = tree
        directoryOfData = data
        self.chunks = chunks
        self.hidden = hidden
        self.copied = copied
        self.bound = bound
        self.began = began
        self.hasLoggedLines = hasLoggedLines
        known = facts
        self.warnings = warnings
        self.pool = pool
    }

    var root: String { tree.path }
    /// Loki writes, compacts and deletes while the chunks are read.
    var isFrozen: Bool { false }
    var layers: [CaptureLayer] { [CaptureLayer(LokiLayout.chunks, directory: chunks, hidden: hidden)] }

    /// The end of the newest chunk, once the tree was walked, and not later than ``bound``. The tree may hold no
    /// reference to chunks that appeared since the copy began: they do not count, nor do lines with times in the
    /// future. Nil if lines may be missing at any time: the newest datum is then not known.
    var watermark: Int? { bound.flatMap { bound in tally.newest.map { min($0, bound) } } }

    /// A time that is far ahead is reported as such, and does not count as fresh data. Lines that are only in the log
    /// have no known time; a tree without chunks and without such lines is empty.
    var newestDatum: NewestDatum {
        guard let newest = tally.newest else { return hasLoggedLines ? .unknown : .empty }
        guard let bound else { return .unknown }
        return bound < began ? .at(min(newest, bound)) : NewestDatum(newest, copiedFrom: began)
    }

    var facts: [String: String] { known.merging(["chunks": "\(tally.chunks)"]) { $1 } }

    /// Excludes nothing; sees every path of the walk.
    func isExcluded(_ path: [UInt8]) -> Bool {
        tally.note(path)
        return false
    }

    func inspector(of path: String) -> (any ContentInspector)? { LokiInspection.inspector(of: path) }

    func examine(_ changed: [String]) async throws -> [Damage] { copied }

    func release() async throws { try await pool.run { [tree] in try tree.release() } }
}

/// Counts chunks by their names as the walk passes them.
private final class ChunkTally: Sendable {
    private static let prefix = Array("\(LokiLayout.chunks)/".utf8)
    private let state = Mutex((chunks: 0, newest: Int?.none))

    var chunks: Int { state.withLock { $0.chunks } }
    var newest: Int? { state.withLock { $0.newest } }

    func note(_ path: [UInt8]) {
        let slash = UInt8(ascii: "/")
        guard path.starts(with: Self.prefix), let last = path.lastIndex(of: slash),
            let through = ChunkName.through(path[(last + 1)...])
        else { return }
        state.withLock {
            $0.chunks += 1
            $0.newest = max($0.newest ?? through, through)
        }
    }
}
