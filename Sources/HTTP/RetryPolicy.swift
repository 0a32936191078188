internal import Platform

/// The number of tries and the waits between them: exponential backoff with full jitter, so that many clients that
/// failed together do not retry together.
package struct RetryPolicy: Hashable, Sendable {
    /// The total number of tries, the first one included.
    package var attempts: Int
    /// The upper bound of the first wait; it doubles with each wait.
    package var base: Duration
    /// The upper bound of every wait.
    package var cap: Duration
    /// The longest wait that a server may ask for.
    package var longestRetryAfter = Duration.seconds(60)

    package init(attempts: Int = 8, base: Duration = .milliseconds(250), cap: Duration = .seconds(20)) {
        self.attempts = max(1, attempts)
        self.base = base
        self.cap = cap
    }

    /// - Parameters:
    ///   - attempt: the number of the try that failed, from 1.
    ///   - retryAfter: the wait that the server asked for; the result is never shorter, up to ``longestRetryAfter``.
    ///   - jitter: a random number from 0 to 1.
    package func delay(after attempt: Int, retryAfter: Duration? = nil, jitter: Double) -> Duration {
        let doublings = min(attempt - 1, 30)
        let ceiling = min(cap, base * (1 << doublings))
        return max(ceiling * jitter, min(retryAfter ?? .zero, longestRetryAfter))
    }

    /// The result of one try.
    package enum Outcome<Value> {
        case done(Value)
        /// Another try may help; the error is the result if no try is left.
        case again(any Error, retryAfter: Duration? = nil)
    }

    /// Calls `body` until it is done or the tries are used up.
    /// - Throws: an error of `body`, at once; the last try's error; `CancellationError`.
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
    /// - Returns: false at once if the tries are used up.
    /// - Throws: `CancellationError`.
    package func wait(after attempt: Int, retryAfter: Duration? = nil) throws -> Bool {
        guard attempt < attempts else { return false }
        try sleepUnlessCancelled(delay(after: attempt, retryAfter: retryAfter, jitter: .random(in: 0...1)))
        return true
    }
}
