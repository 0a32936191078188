internal import Repository

/// The documents of one export.
struct GrafanaCapture: Capture {
    let tree: DocumentTree
    let facts: [String: String]
    let warnings: [String]
    let withheld: [Withheld]
    let damage: [Damage]

    var root: String { tree.path }
    /// What an API tells is how things are when it is asked: there is no newest datum.
    var watermark: Int? { nil }
    var isFrozen: Bool { true }

    func examine(_ changed: [String]) async throws -> [Damage] { [] }
    func release() async throws { try tree.release() }
}
