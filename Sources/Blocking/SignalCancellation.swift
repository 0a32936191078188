internal import Dispatch
internal import Glibc

/// Runs a program's work in a task that SIGINT and SIGTERM cancel: whoever cleans up after an error then also cleans
/// up after an interruption. A write to a closed pipe fails instead of ending the process.
/// - Throws: what `body` throws; `CancellationError`, most often, after a signal.
package func cancellingOnSignals(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let task = Task { try await body() }
    let sources = [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)  // the source sees it; the default action would end the process first
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { task.cancel() }
        source.resume()
        return source
    }
    signal(SIGPIPE, SIG_IGN)
    defer { for source in sources { source.cancel() } }
    try await task.value
}
