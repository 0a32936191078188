internal import Glibc
internal import Synchronization

/// A child process that is stopped when the task that waits for it is cancelled.
final class ChildProcess: Sendable {
    private let state = Mutex((id: pid_t?.none, isCancelled: false))

    /// Runs `body`, which starts the child, calls ``started(_:)``, and waits for the child.
    static func endingOnCancellation<Value: Sendable>(
        _ body: (ChildProcess) async throws -> Value
    ) async throws -> Value {
        let child = ChildProcess()
        return try await withTaskCancellationHandler {
            defer { child.ended() }
            let value = try await body(child)
            try Task.checkCancellation()
            return value
        } onCancel: {
            child.cancel()
        }
    }

    func started(_ id: pid_t) {
        state.withLock { state in
            state.id = id
            if state.isCancelled { kill(id, SIGTERM) }
        }
    }

    /// Records that the child exited: its process id may now belong to another process.
    func ended() { state.withLock { $0.id = nil } }

    private func cancel() {
        state.withLock { state in
            state.isCancelled = true
            if let id = state.id { kill(id, SIGTERM) }
        }
    }
}
