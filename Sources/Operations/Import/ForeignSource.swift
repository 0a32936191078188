import BackupRepository
import Components
import Platform

/// The unpacked files of another tool's backup, as the source of a component.
struct ForeignSource: ComponentSource {
    static let kind = "imported"

    let form: ForeignBackup
    let files: ForeignFiles
    let facts: [String: String]
    let pool: BlockingPool

    func capture(_ context: CaptureContext) async throws -> any Capture {
        let capture = try await pool.run { [form, files] in try form.open(files) }
        return ForeignCapture(capture: capture, origin: facts)
    }
}

/// A capture with the facts about its origin.
private struct ForeignCapture: CaptureWrapper {
    let capture: any Capture
    let origin: [String: String]

    var facts: [String: String] { capture.facts.merging(origin) { $1 } }
}
