internal import BackupRepository
internal import Platform

/// A snapshot that this run made and has to remove.
struct HeldSnapshot: Sendable {
    let name: String
    let directory: DataDirectory
    let note: SnapshotNote
    let pool: BlockingPool

    var root: String { "\(directory.snapshotsPath)/\(name)" }

    /// Removes the directory and then the note; until then its hard links keep the space of deleted blocks.
    func release() async throws {
        try await pool.run {
            do {
                try directory.removeSnapshot(name)
            } catch {
                throw ComponentError(
                    .other, operation: "remove snapshot '\(root)'", "\(error)",
                    hint: "run as the server's user or as root; the next run tries again")
            }
            note.remove()
        }
    }
}
