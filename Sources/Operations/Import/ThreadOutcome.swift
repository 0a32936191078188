import Dispatch
import FoundationEssentials
import Synchronization

/// The end of a thread, and the error that ended it.
final class ThreadOutcome: Sendable {
    let isOver = DispatchSemaphore(value: 0)
    private let error = Mutex<(any Error)?>(nil)

    var failure: (any Error)? { error.withLock { $0 } }
    func set(_ failure: any Error) { error.withLock { $0 = failure } }
}
