internal import Synchronization

/// How far a piece of long work is: written by the work, read by whoever shows it, at its own pace.
package final class WorkProgress: Sendable {
    package struct State: Equatable, Sendable {
        /// What is being done now, for people: "scanning", "storing".
        package var phase = ""
        package var files = 0, totalFiles = 0
        package var bytes = 0, totalBytes = 0
        /// Bytes that went to or came from the store.
        package var transferred = 0
    }

    private let mutex = Mutex(State())

    package init() {}

    package var state: State { mutex.withLock { $0 } }
    /// Starts over with another kind of work.
    package func begin(_ phase: String) { mutex.withLock { $0 = State(phase: phase) } }
    package func update(_ change: (inout sending State) -> Void) { mutex.withLock { change(&$0) } }
}
