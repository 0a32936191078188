internal import BackupRepository
internal import Platform
internal import Synchronization

/// The copied parts of a Loki, held, and its chunks where they lie.
struct LokiCapture: Capture {
    let tree: DocumentTree
    /// The server's `common.path_prefix`, as this machine sees it.
    let directoryOfData: String?
    let chunks: String
    /// What of the chunks' folder is in the tree already, or does not belong to a backup.
    let hidden: Set<String>
    /// What could not be copied whole.
    let copied: [Damage]
    /// The backup holds every line up to this moment that was in Loki, in milliseconds since 1970; nil where that is not
    /// known of any moment.
    let bound: Int?
    /// When the copy began, in milliseconds since 1970.
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

    /// The end of the newest chunk, once the tree was walked, and not later than ``bound``. Chunks that appeared since
    /// the copy began may have no reference in it: they do not count, nor do lines that claim to be from the future.
    /// Nil where lines may be missing at any time: the newest datum is then not known.
    var watermark: Int? { bound.flatMap { bound in tally.newest.map { min($0, bound) } } }

    /// A time that is far ahead is told as such, and not taken for fresh data. Lines that are in the log alone have no
    /// known time; a tree without chunks and without such lines is empty.
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
