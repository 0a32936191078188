import BackupRepository

/// A component that consists of a directory and reports any values that a test sets.
struct StubSource: ComponentSource, Capture {
    static let kind = "files"
    var root: String
    var layers: [CaptureLayer] = []
    var objects: (any ObjectTree)?
    var withheld: [Withheld] = []
    var isFrozen = false
    var watermark: Int?
    var facts: [String: String] = [:]
    var warnings: [String] = []
    /// Runs before the capture is complete.
    var capturing: @Sendable () async throws -> Void = {}
    /// Runs after the scan and before the reading.
    var meddle: @Sendable () throws -> Void = {}
    var excluding: @Sendable ([UInt8]) -> Bool = { _ in false }
    var releasing: @Sendable () -> Void = {}
    var inspectorOf: @Sendable (String) -> (any ContentInspector)? = { _ in nil }

    init(root: String) { self.root = root }

    func capture(_ context: CaptureContext) async throws -> any Capture {
        try await capturing()
        return self
    }
    func isExcluded(_ path: [UInt8]) -> Bool { excluding(path) }
    func inspector(of path: String) -> (any ContentInspector)? { inspectorOf(path) }
    func examine(_ changed: [String]) async throws -> [Damage] {
        try meddle()
        return []
    }
    func release() async throws { releasing() }
}
