internal import BackupRepository
internal import Platform

/// A finished snapshot and its description: only the description is archived.
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

    /// The description changes with every snapshot, so this is always called.
    func examine(_ changed: [String]) async throws -> [Damage] { missing }

    /// The snapshot stays in the cluster's repository; only the note by which the next run would remove it is deleted.
    func release() async throws {
        try await pool.run {
            note.remove()
            try tree.release()
        }
    }
}
