internal import BackupRepository
internal import Platform

/// A bundle and its record, held until they are archived.
struct GitCapture: Capture {
    let tree: DocumentTree
    let record: RepositoryRecord
    let warnings: [String]
    let pool: BlockingPool

    var root: String { tree.path }
    /// None: a branch that has not moved for a month loses nothing by being a month old. What the backup holds is the
    /// branch as it was at the capture, whose time is recorded anyway; the newest commit's is a fact.
    var watermark: Int? { nil }
    /// Nobody but a run that holds it writes to the tree.
    var isFrozen: Bool { true }

    var facts: [String: String] {
        var facts = [
            "url": record.url, "branch": record.branch, "commit": record.commit, "commits": "\(record.commits)",
            "commitTime": record.commitTime, "subject": record.subject, "tags": "\(record.refs.count - 1)",
        ]
        facts["replaced"] = record.replaced
        return facts
    }

    /// The bundle was proved when it was made, before it took its place in the tree.
    func examine(_ changed: [String]) async throws -> [Damage] { [] }

    func release() async throws { try await pool.run { try tree.release() } }
}
