internal import BackupRepository
internal import Platform

/// A finished snapshot, described: only the description is archived.
struct ElasticsearchCapture: Capture {
    let tree: DocumentTree
    let note: SnapshotNote
    let watermark: Int?
    let newestDatum: NewestDatum
    let facts: [String: String]
    let warnings: [String]
    /// Shards that the snapshot lacks.
    let missing: [Damage]
    let pool: BlockingPool

    var root: String { tree.path }
    var isFrozen: Bool { true }

    /// The description changes with every snapshot, so this is always asked.
    func examine(_ changed: [String]) async throws -> [Damage] { missing }

    /// The snapshot stays in the cluster's repository; only what would let the next run remove it goes.
    func release() async throws {
        try await pool.run {
            note.remove()
            try tree.release()
        }
    }
}
