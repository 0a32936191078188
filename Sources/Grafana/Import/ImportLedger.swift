internal import BackupRepository
internal import Synchronization

/// Passes on the result of each object, one at a time.
final class ImportLedger: Sendable {
    private let progress: WorkProgress
    private let report: Mutex<@Sendable (ImportedObject) -> Void>

    init(_ progress: WorkProgress, _ report: @escaping @Sendable (ImportedObject) -> Void) {
        self.progress = progress
        self.report = Mutex(report)
    }

    func add(_ object: ImportedObject) {
        report.withLock { $0(object) }
        progress.update { $0.files += 1 }
    }
}
