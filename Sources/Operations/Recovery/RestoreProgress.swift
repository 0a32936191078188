import BackupRepository
import Synchronization

/// How far the restores are that run now, by component.
final class RestoreProgress: Sendable {
    private let running = Mutex<[(component: String, progress: WorkProgress)]>([])

    func begin(_ component: String, _ progress: WorkProgress) { running.withLock { $0.append((component, progress)) } }
    func end(_ component: String) { running.withLock { $0.removeAll { $0.component == component } } }

    var now: [(component: String, state: WorkProgress.State)] {
        running.withLock { $0.map { ($0.component, $0.progress.state) } }
    }
}
