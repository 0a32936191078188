internal import Synchronization

/// Limits the bytes per second that several threads send together.
package final class RateLimit: Sendable {
    private let bytesPerSecond: Int
    /// The time at which all bytes that were granted have been sent, at this rate.
    private let free: Mutex<ContinuousClock.Instant>
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
        free = Mutex(now())
    }

    /// Returns the time to wait before these bytes are sent, and counts them.
    /// - Parameter bytes: a small piece, so that threads take turns.
    func pause(before bytes: Int, at now: ContinuousClock.Instant = .now) -> Duration {
        free.withLock { free in
            let start = max(free, now)
            free = start + .seconds(Double(bytes) / Double(bytesPerSecond))
            return start - now
        }
    }

    /// Blocks until these bytes may be sent.
    /// - Throws: `CancellationError`.
    package func wait(for bytes: Int) throws { try sleep(pause(before: bytes, at: now())) }
}
