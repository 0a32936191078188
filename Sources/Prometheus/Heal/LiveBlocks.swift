internal import BackupRepository
internal import Synchronization

/// A block of the live data directory.
struct LiveBlock: Sendable {
    var name: String
    /// Nil if its `meta.json` does not parse.
    var meta: BlockMeta?
    var damage: [Damage]
}

/// The live blocks that several threads have read.
final class LiveBlocks: Sendable {
    private let found = Mutex([LiveBlock]())

    var list: [LiveBlock] { found.withLock { $0.sorted { $0.name < $1.name } } }

    func add(_ block: LiveBlock) { found.withLock { $0.append(block) } }
}
