/// Work that showed no progress for too long and was abandoned.
package struct Stall: Error, Equatable {
    package var limit: Duration
}

/// Runs `body`, and cancels it if its sign of life has not changed for `limit`.
///
/// Work that does not notice the cancellation, such as a read from a dead network share, is abandoned after `grace`: it
/// may continue in its own thread, and no caller waits for it. If the calling task is cancelled, this waits for `body`
/// to end.
/// - Parameter sign: a value that changes while the work makes progress; read from time to time.
/// - Throws: ``Stall``, else the error of `body`.
package func givingUpOnStall<Value: Sendable, Sign: Equatable & Sendable>(
    after limit: Duration, grace: Duration = .seconds(30), sign: @escaping @Sendable () -> Sign,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let (events, sink) = AsyncStream<StallEvent>.makeStream()
    let work = Task {
        defer { sink.yield(.ended) }
        return try await body()
    }
    let watch = Task {
        var (seen, since) = (sign(), ContinuousClock.now)
        while .now - since < limit {
            try await Task.sleep(for: min(limit / 10, .seconds(5)))
            let now = sign()
            if now != seen { (seen, since) = (now, .now) }
        }
        sink.yield(.stalled)
        try await Task.sleep(for: grace)
        sink.yield(.leftBehind)
    }
    defer { watch.cancel() }
    var isStalled = false
    // The events end only if the calling task is cancelled.
    loop: for await event in events {
        switch event {
        case .ended: break loop
        case .stalled:
            isStalled = true
            work.cancel()
        case .leftBehind: throw Stall(limit: limit)
        }
    }
    if Task.isCancelled { work.cancel() }
    do { return try await work.value } catch { throw isStalled ? Stall(limit: limit) : error }
}

private enum StallEvent { case ended, stalled, leftBehind }
