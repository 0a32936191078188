internal import CLinux
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Runs a program's work in a task that SIGINT, SIGTERM and SIGHUP cancel: code that cleans up after an error then also
/// cleans up after an interruption. Under `nohup` SIGHUP stays ignored.
///
/// A write to a closed pipe, or beyond the limit of a file's size, fails instead of killing the process.
/// - Throws: the error of `body`; usually `CancellationError` after a signal.
package func cancellingOnSignals(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let work = InterruptibleWork()
    let interruptions = dr_started_under_nohup() == 0 ? [SIGINT, SIGTERM, SIGHUP] : [SIGINT, SIGTERM]
    let sources = interruptions.map { number in
        signal(number, SIG_IGN)  // the source receives it; the default action would kill the process first
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { work.interrupt() }
        source.resume()
        return source
    }
    // With a handler the call fails with EPIPE or EFBIG. Unlike "ignore", a handler is not inherited by a program that
    // this process starts: that program gets the default action.
    for number in [SIGPIPE, SIGXFSZ] { signal(number) { _ in } }
    defer { for source in sources { source.cancel() } }
    // Start the work last: the handlers must be ready before any signal arrives.
    let task = Task { try await body() }
    work.begin(task)
    try await task.value
}

/// A task that may be interrupted before it exists.
private final class InterruptibleWork: Sendable {
    private let state = Mutex((task: Task<Void, any Error>?.none, isInterrupted: false))

    func begin(_ task: Task<Void, any Error>) {
        state.withLock { state in
            state.task = task
            if state.isInterrupted { task.cancel() }
        }
    }

    func interrupt() {
        state.withLock { state in
            state.isInterrupted = true
            state.task?.cancel()
        }
    }
}
