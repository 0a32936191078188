internal import Platform

/// How often to try again, and how long to wait in between: exponential backoff with full jitter, so that many clients
/// that failed together do not come back together.
package struct RetryPolicy: Hashable, Sendable {
    /// Tries in all, the first one included.
    package var attempts: Int
    /// Upper bound of the first wait; it doubles with each one.
    package var base: Duration
    /// No wait is drawn from a longer interval.
    package var cap: Duration
    /// Longest wait that a server may ask for.
    package var longestRetryAfter = Duration.seconds(60)

    package init(attempts: Int = 8, base: Duration = .milliseconds(250), cap: Duration = .seconds(20)) {
        self.attempts = max(1, attempts)
        self.base = base
        self.cap = cap
    }

    /// - Parameters:
    ///   - attempt: the number of the try that failed, from 1.
    ///   - retryAfter: what the server asked for; the wait is never shorter, within ``longestRetryAfter``.
    ///   - jitter: a number drawn from 0 to 1.
    package func delay(after attempt: Int, retryAfter: Duration? = nil, jitter: Double) -> Duration {
        let doublings = min(attempt - 1, 30)
        let ceiling = min(cap, base * (1 << doublings))
        return max(ceiling * jitter, min(retryAfter ?? .zero, longestRetryAfter))
    }

    /// What one try came to.
    package enum Outcome<Value> {
        case done(Value)
        /// Worth another try; the error is what remains when there is none left.
        case again(any Error, retryAfter: Duration? = nil)
    }

    /// Tries until it is done or the tries are used up.
    /// - Throws: what `body` throws, at once; the last try's error; `CancellationError`.
    package func run<Value>(_ body: () throws -> Outcome<Value>) throws -> Value {
        var attempt = 1
        while true {
            switch try body() {
            case .done(let value): return value
            case .again(let error, let retryAfter):
                guard try wait(after: attempt, retryAfter: retryAfter) else { throw error }
                attempt += 1
            }
        }
    }

    /// Blocks until the next try is due.
    /// - Returns: false at once when the tries are used up.
    /// - Throws: `CancellationError`.
    package func wait(after attempt: Int, retryAfter: Duration? = nil) throws -> Bool {
        guard attempt < attempts else { return false }
        try sleepUnlessCancelled(delay(after: attempt, retryAfter: retryAfter, jitter: .random(in: 0...1)))
        return true
    }
}
