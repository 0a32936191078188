internal import Dispatch
internal import ObjectStorage
internal import Synchronization

/// Reads a range of one object in pieces, several at once, and delivers them in order: one connection to a distant store
/// moves only its window in a round trip.
///
/// Memory: the pieces in flight. The first ones belong to the memory of the work that reads, the others come from the
/// store's budget while it has some.
struct ParallelReading {
    private let store: S3Store
    private let key: ObjectKey

    init(_ store: S3Store, _ key: ObjectKey) {
        self.store = store
        self.key = key
    }

    /// A piece being fetched by a transfer thread.
    private final class Fetch: Sendable {
        let buffer: PartBuffer
        private let outcome = Mutex<Result<S3Reading.Version?, any Error>?>(nil)
        private let isDone = DispatchSemaphore(value: 0)

        init(_ buffer: PartBuffer) { self.buffer = buffer }

        func end(_ result: Result<S3Reading.Version?, any Error>) {
            outcome.withLock { $0 = result }
            isDone.signal()
        }

        /// - Returns: the version of the object that the piece is from.
        func wait() throws -> S3Reading.Version? {
            while isDone.wait(timeout: .now() + .milliseconds(50)) == .timedOut { try Task.checkCancellation() }
            isDone.signal()  // also for ``drain()``
            return try outcome.withLock { try $0?.get() }
        }

        /// Waits for the end of a cancelled fetch: the buffer may be released only when no thread writes into it.
        func drain() { isDone.wait() }
    }

    func run(_ range: Range<Int>, _ sink: (RawSpan) throws -> Void) throws {
        let step = store.configuration.readSize
        let own = max(1, store.transferMemory / step)
        var version: S3Reading.Version?
        var waiting: [(fetch: Fetch, task: Task<Void, Never>)] = []
        defer {
            for (_, task) in waiting { task.cancel() }
            for (fetch, _) in waiting {
                fetch.drain()
                store.budget.release(fetch.buffer)
            }
        }
        var next = range.lowerBound
        while next < range.upperBound || !waiting.isEmpty {
            while next < range.upperBound, waiting.count < store.configuration.parallelReads,
                let buffer = store.budget.takeNow(step, isFirst: waiting.count < own)
            {
                let piece = next..<min(next + step, range.upperBound)
                waiting.append(fetch(piece, into: buffer))
                next = piece.upperBound
            }
            // A buffer that is not from the budget is always granted, so at least one piece is in flight.
            guard let (first, _) = waiting.first else { return }
            let found = try first.wait()
            // A move to another class replaces an object too. What arrived is not whole, and a second read may be.
            guard version.map({ $0.isSame(as: found) }) ?? true else {
                throw store.failure(.truncated, reading: key, "the object was replaced while it was read")
            }
            version = version ?? found
            waiting.removeFirst()
            defer { store.budget.release(first.buffer) }
            for start in stride(from: 0, to: first.buffer.count, by: 1 << 20) {
                do {
                    try sink(UnsafeRawBufferPointer(rebasing: first.buffer.bytes[start...].prefix(1 << 20)).bytes)
                } catch {
                    throw SinkFailure(underlying: error)
                }
            }
        }
    }

    private func fetch(_ range: Range<Int>, into buffer: PartBuffer) -> (fetch: Fetch, task: Task<Void, Never>) {
        let fetch = Fetch(buffer)
        let task = TransferThreads.start { [store, key] in
            fetch.end(
                Result {
                    var reading = S3Reading(key, range: range, in: store)
                    try reading.run { piece in piece.withUnsafeBytes { _ = buffer.append($0) } }
                    return reading.version
                })
        }
        return (fetch, task)
    }
}
