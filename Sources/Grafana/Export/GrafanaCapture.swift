internal import BackupRepository
internal import Platform

/// The documents of one export.
struct GrafanaCapture: Capture {
    let tree: DocumentTree
    let facts: [String: String]
    let warnings: [String]
    let withheld: [Withheld]
    let damage: [Damage]
    /// Nil if the backup has no secrets.
    let secrets: SecretsLayer?
    let pool: BlockingPool

    var root: String { tree.path }
    /// An API returns the present state: there is no newest datum.
    var watermark: Int? { nil }
    var isFrozen: Bool { true }

    var layers: [CaptureLayer] { secrets.map { [$0.layer] } ?? [] }

    func examine(_ changed: [String]) async throws -> [Damage] { [] }

    func release() async throws {
        try await pool.run {
            secrets?.remove()
            try tree.release()
        }
    }
}
