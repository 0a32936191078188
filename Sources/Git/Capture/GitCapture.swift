internal import BackupRepository
internal import Platform

/// A bundle and its record, which the run holds until they are archived.
struct GitCapture: Capture {
    let tree: DocumentTree
    let record: RepositoryRecord
    let warnings: [String]
    let pool: BlockingPool

    var root: String { tree.path }
    /// None: a branch without commits for a month is not a month out of date. The backup holds the branch as it was at
    /// the capture, whose time is recorded. The time of the newest commit is a fact.
    var watermark: Int? { nil }
    /// Only the run that holds the tree writes to it.
    var isFrozen: Bool { true }

    var facts: [String: String] {
        var facts = [
            "url": record.url, "branch": record.branch, "commit": record.commit, "commits": "\(record.commits)",
            "commitTime": record.commitTime, "subject": record.subject, "tags": "\(record.refs.count - 1)",
        ]
        facts["replaced"] = record.replaced
        return facts
    }

    /// The bundle was verified when it was made, before it took its place in the tree.
    func examine(_ changed: [String]) async throws -> [Damage] { [] }

    func release() async throws { try await pool.run { try tree.release() } }
}
