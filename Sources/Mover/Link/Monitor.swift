internal import Foundation

/// State that several threads share, with waits for a change of it.
///
/// Unchecked: only the holder of the condition's lock reads or changes the state.
final class Monitor<State>: @unchecked Sendable {
    private let condition = NSCondition()
    private var state: State

    init(_ state: sending State) { self.state = state }

    /// Changes the state, and wakes the threads that wait for a change.
    func change<Value>(_ body: (inout State) throws -> Value) rethrows -> Value {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
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
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let value = try body(&state) {
                condition.broadcast()
                return value
            }
            try Task.checkCancellation()
            let slice = min(Self.slice, deadline.map { $0 - .now } ?? Self.slice)
            guard slice > .zero else { return nil }
            _ = condition.wait(until: Date(timeIntervalSinceNow: slice / .seconds(1)))
        }
    }

    /// The time after which a waiting thread notices that its task was cancelled.
    private static var slice: Duration { .milliseconds(100) }
}
