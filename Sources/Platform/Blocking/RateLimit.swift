internal import Synchronization

/// Limits the bytes per second that several threads send together.
package final class RateLimit: Sendable {
    private struct State {
        var bytesPerSecond: Int
        /// The time at which all bytes that were granted have been sent.
        var free: ContinuousClock.Instant
    }

    private let bytesPerSecond: Int
    private let state: Mutex<State>
    private let now: @Sendable () -> ContinuousClock.Instant
    private let sleep: @Sendable (Duration) throws -> Void

    /// - Parameters:
    ///   - bytesPerSecond: at least 1.
    ///   - now: the clock.
    ///   - sleep: blocks for a time of that clock.
    package init(
        bytesPerSecond: Int, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        sleep: @escaping @Sendable (Duration) throws -> Void = { try sleepUnlessCancelled($0) }
    ) {
        self.bytesPerSecond = max(bytesPerSecond, 1)
        (self.now, self.sleep) = (now, sleep)
        state = Mutex(State(bytesPerSecond: max(bytesPerSecond, 1), free: now()))
    }

    /// Leaves this process an equal part of the bytes per second, beside others.
    /// - Parameter processes: the number of all, at least 1.
    package func share(among processes: Int) {
        state.withLock { $0.bytesPerSecond = max(bytesPerSecond / max(processes, 1), 1) }
    }

    /// Returns the time to wait before these bytes are sent, and counts them.
    /// - Parameter bytes: a small piece, so that threads take turns.
    func pause(before bytes: Int, at now: ContinuousClock.Instant = .now) -> Duration {
        state.withLock { state in
            let start = max(state.free, now)
            state.free = start + .seconds(Double(bytes) / Double(state.bytesPerSecond))
            return start - now
        }
    }

    /// Blocks until these bytes may be sent.
    /// - Throws: `CancellationError`.
    package func wait(for bytes: Int) throws { try sleep(pause(before: bytes, at: now())) }
}
