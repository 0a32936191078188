internal import BackupRepository
internal import Platform

/// The documents of one capture.
struct NamespaceObjectsCapture: Capture {
    let tree: DocumentTree
    let facts: [String: String]
    let withheld: [Withheld]
    let damage: [Damage]
    let warnings: [String]
    let pool: BlockingPool

    var root: String { tree.path }
    /// An API gives the present state only, without a newest datum.
    var watermark: Int? { nil }
    var isFrozen: Bool { true }

    func inspector(of path: String) -> (any ContentInspector)? { nil }
    func examine(_ changed: [String]) async throws -> [Damage] { [] }
    func release() async throws { try await pool.run { try tree.release() } }
}
