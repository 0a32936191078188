import Dispatch
import FoundationEssentials
import Synchronization

/// Runs `make` in a separate thread, ahead of `use` by at most some thousands of elements. Both may block.
///
/// For a walk over a tree that `use` compares with a table, so that two cores share the work of one.
/// - Parameters:
///   - make: passes each element to its argument, which throws `CancellationError` after `use` has ended.
///   - use: asks its argument for the next element, nil after the last. The argument throws the error of `make` after
///     the last element, and `CancellationError` if the calling task was cancelled.
/// - Returns: the result of `use`, after `make` has ended.
package func readingAhead<Element: Sendable, Value>(
    of type: Element.Type = Element.self, make: @escaping @Sendable ((Element) throws -> Void) throws -> Void,
    use: (() throws -> Element?) throws -> Value
) throws -> Value {
    let belt = Belt<Element>()
    DetachedThread.start {
        do {
            var batch: [Element] = []
            batch.reserveCapacity(Belt<Element>.batch)
            try make { element in
                batch.append(element)
                guard batch.count == Belt<Element>.batch else { return }
                try belt.put(batch)
                batch.removeAll(keepingCapacity: true)
            }
            try belt.put(batch)
            belt.end(nil)
        } catch { belt.end(error) }
    }
    defer { belt.close() }
    var batch: ArraySlice<Element> = []
    return try use {
        while batch.isEmpty {
            try Task.checkCancellation()
            guard let next = try belt.take() else { return nil }
            batch = next[...]
        }
        return batch.removeFirst()
    }
}

/// Batches between two threads.
private final class Belt<Element: Sendable>: Sendable {
    static var batch: Int { 256 }
    private static var room: Int { 16 }

    private struct State {
        var batches: [[Element]] = []
        var hasEnded = false
        var failure: (any Error)?
        /// True if the consumer takes no more batches.
        var isClosed = false
    }

    private let state = Mutex(State())
    // Start from zero: Dispatch traps if a semaphore is released with a lower value than it began with.
    private let free = DispatchSemaphore(value: 0)
    private let full = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init() {
        for _ in 0..<Self.room { free.signal() }
    }

    func put(_ batch: [Element]) throws {
        free.wait()
        try state.withLock { state in
            if state.isClosed { throw CancellationError() }
            state.batches.append(batch)
        }
        full.signal()
    }

    func end(_ failure: (any Error)?) {
        state.withLock { state in
            state.hasEnded = true
            state.failure = failure
        }
        full.signal()
        ended.signal()
    }

    /// - Returns: nil after the last.
    func take() throws -> [Element]? {
        full.wait()
        let batch: [Element]? = try state.withLock { state in
            if !state.batches.isEmpty { return state.batches.removeFirst() }
            if let failure = state.failure { throw failure }
            return nil
        }
        // Keep the end for later calls.
        if batch == nil { full.signal() } else { free.signal() }
        return batch
    }

    /// Stops the maker if it still runs, and waits until it has ended.
    func close() {
        state.withLock { $0.isClosed = true }
        free.signal()
        ended.wait()
    }
}
