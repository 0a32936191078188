import Dispatch
import Foundation
import Synchronization

/// Runs `make` in a thread of its own, ahead of `use`, by some thousands of elements and no more. Both may block.
///
/// For a walk over a tree that somebody compares with a table: two cores then do what one did.
/// - Parameters:
///   - make: hands each element to its argument, which throws `CancellationError` once nobody wants any more.
///   - use: asks its argument for the next element, nil after the last. That throws what `make` threw, after all that
///     was made before, and `CancellationError` when the calling task was cancelled.
/// - Returns: what `use` returns, once `make` has ended.
package func readingAhead<Element: Sendable, Value>(
    of type: Element.Type = Element.self, make: @escaping @Sendable ((Element) throws -> Void) throws -> Void,
    use: (() throws -> Element?) throws -> Value
) throws -> Value {
    let belt = Belt<Element>()
    Thread {
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
    }.start()
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
        /// Nobody takes any more.
        var isClosed = false
    }

    private let state = Mutex(State())
    // From zero: Dispatch traps when one goes away with less than it began with.
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
        // What was left for the end is there for whoever asks again.
        if batch == nil { full.signal() } else { free.signal() }
        return batch
    }

    /// Ends the maker, if it has not, and waits until it has.
    func close() {
        state.withLock { $0.isClosed = true }
        free.signal()
        ended.wait()
    }
}
