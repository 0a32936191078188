internal import Synchronization

/// Limits the bytes per second that several threads send together.
package final class RateLimit: Sendable {
    private let bytesPerSecond: Int
    /// The time at which all bytes that were granted have been sent, at this rate.
    private let free: Mutex<ContinuousClock.Instant>

    /// - Parameter bytesPerSecond: at least 1.
    package init(bytesPerSecond: Int) {
        self.bytesPerSecond = max(bytesPerSecond, 1)
        free = Mutex(.now)
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
    package func wait(for bytes: Int) throws { try sleepUnlessCancelled(pause(before: bytes)) }
}
