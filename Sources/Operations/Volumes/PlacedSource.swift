import BackupRepository

/// A component in a volume of a cluster: its capture also has the facts about the volume, with which a restore can
/// create the volume's claim.
struct PlacedSource: ComponentSource {
    let source: any ComponentSource
    let facts: [String: String]

    static var kind: String { "placed" }

    func capture(_ context: CaptureContext) async throws -> any Capture {
        PlacedCapture(capture: try await source.capture(context), placement: facts)
    }

    func diagnose() async -> [Diagnosis] { await source.diagnose() }
    func misplacement() async -> String? { await source.misplacement() }

    func forget(_ facts: [String: String], keeping: @Sendable () async throws -> [[String: String]]) async throws {
        try await source.forget(facts, keeping: keeping)
    }
}

/// A capture that changes some answers of another one.
protocol CaptureWrapper: Capture {
    var capture: any Capture { get }
}

extension CaptureWrapper {
    var root: String { capture.root }
    var objects: (any ObjectTree)? { capture.objects }
    var watermark: Int? { capture.watermark }
    var newestDatum: NewestDatum { capture.newestDatum }
    var oldestDatum: Int? { capture.oldestDatum }
    var facts: [String: String] { capture.facts }
    var warnings: [String] { capture.warnings }
    var isFrozen: Bool { capture.isFrozen }
    var directoryOfData: String? { capture.directoryOfData }
    var layers: [CaptureLayer] { capture.layers }
    var damage: [Damage] { capture.damage }
    var withheld: [Withheld] { capture.withheld }

    func isExcluded(_ path: [UInt8]) -> Bool { capture.isExcluded(path) }
    func inspector(of path: String) -> (any ContentInspector)? { capture.inspector(of: path) }
    func examine(_ changed: [String]) async throws -> [Damage] { try await capture.examine(changed) }
    func release() async throws { try await capture.release() }
}

/// A capture with the facts about its volume.
struct PlacedCapture: CaptureWrapper {
    let capture: any Capture
    let placement: [String: String]
    /// Remarks on the volume.
    var remarks: [String] = []

    var warnings: [String] { capture.warnings + remarks }
    var facts: [String: String] { capture.facts.merging(placement) { $1 } }
}
