internal import Dispatch
internal import ObjectStorage
internal import Synchronization

/// Reads one object as several ranges at once and delivers them in order: for networks where one connection does not
/// use the full bandwidth.
///
/// Memory: the ranges in flight, taken from the store's budget. When the budget is used up, the calling thread
/// continues to read alone, without a buffer.
struct ParallelReading {
    private let store: S3Store
    private let key: ObjectKey

    init(_ store: S3Store, _ key: ObjectKey) {
        self.store = store
        self.key = key
    }

    /// A range being fetched by a transfer thread.
    private final class Fetch: Sendable {
        let buffer: PartBuffer
        private let outcome = Mutex<Result<Void, any Error>?>(nil)
        private let isDone = DispatchSemaphore(value: 0)

        init(_ buffer: PartBuffer) { self.buffer = buffer }

        func end(_ result: Result<Void, any Error>) {
            outcome.withLock { $0 = result }
            isDone.signal()
        }

        func wait() throws {
            while isDone.wait(timeout: .now() + .milliseconds(50)) == .timedOut { try Task.checkCancellation() }
            try outcome.withLock { try $0?.get() }
        }

        /// Waits for the end of a cancelled fetch: the buffer may be released only when no thread writes into it.
        func drain() { isDone.wait() }
    }

    func run(_ range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        let step = store.configuration.partSize
        guard let found = try store.look(key) else {
            throw store.failure(.notFound, reading: key, "the object does not exist")
        }
        let size = found.info.size, range = range ?? 0..<size
        guard range.upperBound <= size else { throw store.outOfRange(range, of: key, size: size) }
        let version = S3Reading.Version(tag: found.info.tag, lastModified: found.lastModified, size: size)
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
                let buffer = store.budget.takeNow(step)
            {
                let piece = next..<min(next + step, range.upperBound)
                waiting.append(fetch(piece, version, into: buffer))
                next = piece.upperBound
            }
            guard let (first, _) = waiting.first else {
                let piece = next..<min(next + step, range.upperBound)
                var reading = S3Reading(key, range: piece, version: version, in: store)
                try reading.run(sink)
                next = piece.upperBound
                continue
            }
            try first.wait()
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

    private func fetch(
        _ range: Range<Int>, _ version: S3Reading.Version, into buffer: PartBuffer
    ) -> (fetch: Fetch, task: Task<Void, Never>) {
        let fetch = Fetch(buffer)
        let task = TransferThreads.start { [store, key] in
            fetch.end(
                Result {
                    var reading = S3Reading(key, range: range, version: version, in: store)
                    try reading.run { piece in piece.withUnsafeBytes { _ = buffer.append($0) } }
                })
        }
        return (fetch, task)
    }
}
