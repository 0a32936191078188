internal import Glibc

/// State that several threads share, with waits for a change of it.
///
/// Unchecked: only the holder of the lock reads or changes the state.
final class Monitor<State>: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    init(_ state: sending State) {
        self.state = state
        lock.initialize(to: pthread_mutex_t())
        changed.initialize(to: pthread_cond_t())
        pthread_mutex_init(lock, nil)
        // The wall clock can be set while a thread waits.
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    /// Changes the state, and wakes the threads that wait for a change.
    func change<Value>(_ body: (inout State) throws -> Value) rethrows -> Value {
        pthread_mutex_lock(lock)
        defer {
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(lock)
        }
        return try body(&state)
    }

    /// Waits until `body` returns a value.
    /// - Parameter deadline: nil to wait for ever.
    /// - Returns: nil after the deadline.
    /// - Throws: `CancellationError` if the current task is cancelled; the errors of `body`.
    func wait<Value>(
        until deadline: ContinuousClock.Instant? = nil, for body: (inout State) throws -> Value?
    ) throws -> Value? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            if let value = try body(&state) {
                pthread_cond_broadcast(changed)
                return value
            }
            try Task.checkCancellation()
            let slice = min(Self.slice, deadline.map { $0 - .now } ?? Self.slice)
            guard slice > .zero else { return nil }
            var end = Self.now(after: slice)
            pthread_cond_timedwait(changed, lock, &end)
        }
    }

    /// The time after which a waiting thread notices that its task was cancelled.
    private static var slice: Duration { .milliseconds(100) }

    /// - Parameter wait: at most ``slice``, so the sum cannot overflow.
    private static func now(after wait: Duration) -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let nanoseconds = time.tv_nsec + Int(wait.components.attoseconds / 1_000_000_000)
        time.tv_sec += Int(wait.components.seconds) + nanoseconds / 1_000_000_000
        time.tv_nsec = nanoseconds % 1_000_000_000
        return time
    }
}
