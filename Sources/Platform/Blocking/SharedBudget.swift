internal import Synchronization

/// An amount of a resource that pieces of work share: the bytes of memory of packs and of the parts of their transfers, or
/// the number of packs at the same time.
///
/// Work takes all that it needs to get to its end at once, before it holds anything, so that no two wait for each other.
/// What would only make it faster it takes with ``takeNow(_:)``, which never waits.
package final class SharedBudget: Sendable {
    /// The bytes of memory for contents in this process: with the rest of the process, 256 MiB.
    package static let memory = SharedBudget(180 << 20)

    private struct State {
        var limit: Int
        var used = 0
        var next = 0
        /// Those who wait, in their order: the first is served first, so that large requests are not passed over for ever.
        var waiting: [(id: Int, amount: Int, continuation: CheckedContinuation<Void, any Error>)] = []
        /// Those who were cancelled before they waited.
        var cancelled: Set<Int> = []
    }

    private let state: Mutex<State>

    /// - Parameter limit: at least 1.
    package init(_ limit: Int) { state = Mutex(State(limit: max(limit, 1))) }

    /// The most that is in use at the same time, unless one piece of work alone needs more.
    package var limit: Int {
        get { state.withLock { $0.limit } }
        set {
            let ready = state.withLock { state in
                state.limit = max(newValue, 1)
                return Self.serve(&state)
            }
            for continuation in ready { continuation.resume() }
        }
    }

    /// The number of pieces of work that wait.
    package var waiting: Int { state.withLock { $0.waiting.count } }
    package var used: Int { state.withLock { $0.used } }

    /// Runs `body` with so much of the resource, and waits for it. Work that needs more than there is runs alone.
    ///
    /// Not inside of another call for the same budget: that would wait while it holds something.
    /// - Throws: `CancellationError`; the error of `body`.
    package func with<Value: Sendable>(
        _ amount: Int, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await take(amount)
        defer { release(amount) }
        return try await body()
    }

    private func take(_ amount: Int) async throws {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
                    if state.waiting.isEmpty, Self.fits(amount, state) {
                        state.used += amount
                        return .success(())
                    }
                    state.waiting.append((id, amount, continuation))
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let (found, ready) = state.withLock { state in
                guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return (CheckedContinuation<Void, any Error>?.none, [CheckedContinuation<Void, any Error>]())
                }
                return (state.waiting.remove(at: index).continuation, Self.serve(&state))
            }
            found?.resume(throwing: CancellationError())
            for continuation in ready { continuation.resume() }
        }
        _ = state.withLock { $0.cancelled.remove(id) }
    }

    private static func fits(_ amount: Int, _ state: State) -> Bool {
        state.used == 0 || amount <= state.limit - state.used
    }

    /// Takes the waiting ones for whom there is room out of the queue.
    private static func serve(_ state: inout State) -> [CheckedContinuation<Void, any Error>] {
        var ready: [CheckedContinuation<Void, any Error>] = []
        while let first = state.waiting.first, fits(first.amount, state) {
            state.used += first.amount
            ready.append(first.continuation)
            state.waiting.removeFirst()
        }
        return ready
    }

    /// Takes an amount that the caller can do without.
    /// - Returns: false if there is no room; also while others wait, whose work cannot begin without it.
    package func takeNow(_ amount: Int) -> Bool {
        state.withLock { state in
            guard state.waiting.isEmpty, amount <= state.limit - state.used else { return false }
            state.used += amount
            return true
        }
    }

    package func release(_ amount: Int) {
        let ready = state.withLock { state in
            state.used -= amount
            return Self.serve(&state)
        }
        for continuation in ready { continuation.resume() }
    }
}
