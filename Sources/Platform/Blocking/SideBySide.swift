internal import Dispatch
internal import Synchronization

/// Blocking calls that do not depend on each other, made at the same time: from a distant store their answers then take as
/// long as one.
package enum SideBySide {
    /// The threads that help those who call. A caller never waits for a free one.
    private static let pool = BlockingPool(threads: 8)

    /// Runs `body` for every element, at most `limit` at once. Blocks.
    ///
    /// The calling thread takes elements as well, so a `body` may use this again: if all threads are busy, it goes on
    /// alone.
    /// - Returns: the results in the order of the elements.
    /// - Throws: the error of the first element, in their order, that failed. No element is begun after an error, and all
    ///   that were begun have ended.
    package static func map<Element: Sendable, Value: Sendable>(
        _ elements: [Element], limit: Int = 8, _ body: @escaping @Sendable (Element) throws -> Value
    ) throws -> [Value] {
        guard elements.count > 1, limit > 1 else { return try elements.map(body) }
        let work = Work(elements, body)
        let tasks = (1..<min(limit, elements.count)).map { _ in
            Task.detached(executorPreference: pool) { work.takePart() }
        }
        work.takePart()
        work.waitForOthers { for task in tasks { task.cancel() } }
        return try work.results()
    }

    /// The elements of one call, which several threads take.
    private final class Work<Element: Sendable, Value: Sendable>: Sendable {
        private struct State {
            var next = 0
            var running = 0
            var values: [Int: Value] = [:]
            var failure: (index: Int, error: any Error)?
        }

        private let elements: [Element]
        private let body: @Sendable (Element) throws -> Value
        private let state = Mutex(State())
        private let ended = DispatchSemaphore(value: 0)

        init(_ elements: [Element], _ body: @escaping @Sendable (Element) throws -> Value) {
            (self.elements, self.body) = (elements, body)
        }

        /// Takes elements until none is left.
        func takePart() {
            while let index = take() {
                let result = Result { try body(elements[index]) }
                state.withLock { state in
                    state.running -= 1
                    switch result {
                    case .success(let value): state.values[index] = value
                    case .failure(let error):
                        if state.failure.map({ index < $0.index }) ?? true { state.failure = (index, error) }
                    }
                }
                ended.signal()
            }
        }

        private func take() -> Int? {
            state.withLock { state in
                guard state.failure == nil, state.next < elements.count else { return nil }
                defer { state.next += 1 }
                state.running += 1
                return state.next
            }
        }

        /// Blocks until the other threads have ended what they began.
        /// - Parameter cancel: called once an element has failed, or the current task is cancelled.
        func waitForOthers(cancel: () -> Void) {
            while true {
                let (running, hasFailed) = state.withLock { ($0.running, $0.failure != nil) }
                if running == 0 { return }
                if hasFailed || Task.isCancelled { cancel() }
                _ = ended.wait(timeout: .now() + .milliseconds(50))
            }
        }

        func results() throws -> [Value] {
            try state.withLock { state in
                if let failure = state.failure { throw failure.error }
                return elements.indices.compactMap { state.values[$0] }
            }
        }
    }
}
