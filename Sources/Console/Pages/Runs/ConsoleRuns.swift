import BackupRepository
import Operations
import RecoveryPlan
import StackConfiguration
import Synchronization

/// The runs that the pages show, and the viewers of live pages.
final class ConsoleRuns: Sendable {
    let live: LiveRuns
    let history: RunHistory
    let states = RunStates()
    private let viewers = Mutex(0)

    /// The maximum number of live pages at once. Each has two threads and a connection.
    static let mostViewers = 48

    init(_ session: Session) {
        let opened = Mutex<Repository?>(nil)
        live = LiveRuns(state: session.stateRoot, stack: session.configuration.stack) {
            if let repository = opened.withLock({ $0 }) { return Marks(repository) }
            let repository = try await session.repository()
            opened.withLock { $0 = repository }
            return Marks(repository)
        }
        history = RunHistory(state: session.stateRoot, stack: session.configuration.stack)
    }

    /// Counts one more viewer.
    /// - Returns: false if there are too many.
    func admit() -> Bool {
        viewers.withLock { viewers in
            guard viewers < Self.mostViewers else { return false }
            viewers += 1
            return true
        }
    }

    func leave() { viewers.withLock { $0 -= 1 } }
}
