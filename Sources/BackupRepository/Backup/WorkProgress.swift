internal import Synchronization

/// The progress of a long operation: the operation writes it, and a display reads it at its own pace.
package final class WorkProgress: Sendable {
    package struct State: Codable, Equatable, Sendable {
        /// The present phase, for people: "scanning", "storing".
        package var phase = ""
        package var files = 0, totalFiles = 0
        package var bytes = 0, totalBytes = 0
        /// Bytes sent to or received from the store.
        package var transferred = 0
    }

    private let mutex = Mutex(State())

    package init() {}

    package var state: State { mutex.withLock { $0 } }
    /// Resets the progress for another phase.
    package func begin(_ phase: String) { mutex.withLock { $0 = State(phase: phase) } }
    package func update(_ change: (inout sending State) -> Void) { mutex.withLock { change(&$0) } }
}

extension WorkProgress.State {
    /// The beginning of a phase.
    package init(of phase: String) { self.init(phase: phase) }
}
