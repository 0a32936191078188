/// Work that showed no sign of life for too long, and was given up.
package struct Stall: Error, Equatable {
    package var limit: Duration
}

/// Runs `body`, and cancels it when its sign of life has not changed for `limit`.
///
/// What does not notice a cancellation, such as a read from a dead network share, is left behind after `grace`: it may
/// go on in its own thread, and nobody waits for it. When the calling task is cancelled, this waits for `body` to end.
/// - Parameter sign: changes while the work gets on; looked at from time to time.
/// - Throws: ``Stall``, else what `body` throws.
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
    // Ends by itself only when the calling task is cancelled.
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
