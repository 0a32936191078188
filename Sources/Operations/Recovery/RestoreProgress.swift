import BackupRepository
import Platform
import Synchronization

/// The progress of the running restores, by component.
final class RestoreProgress: Sendable {
    private let running = Mutex<[(component: String, progress: WorkProgress)]>([])

    func begin(_ component: String, _ progress: WorkProgress) { running.withLock { $0.append((component, progress)) } }
    func end(_ component: String) { running.withLock { $0.removeAll { $0.component == component } } }

    /// One line of text for each restore.
    var lines: [String] { running.withLock { $0.map { Self.line($0.component, $0.progress.state) } } }

    private static func line(_ component: String, _ state: WorkProgress.State) -> String {
        var line = "\(component): \(state.phase.isEmpty ? "restoring" : state.phase)"
        if state.totalBytes > 0 {
            line += " \(Units.bytes(state.bytes)) of \(Units.bytes(state.totalBytes))"
            line += " (\(Units.percent(min(state.bytes, state.totalBytes), of: state.totalBytes)))"
        } else if state.totalFiles > 0 {
            line += " \(state.files) of \(state.totalFiles)"
        }
        return line
    }
}
