package import Metrics
internal import Platform
internal import Synchronization

/// The requests that a process has sent to its store: numbers, bytes and durations. Safe to use from many threads.
package final class StoreUse: Sendable {
    package enum Operation: String, CaseIterable, Sendable {
        case get, head, list, put, upload, delete, lock, other
    }

    package struct Reading: Equatable, Sendable {
        package var successes: [Operation: Int] = [:]
        package var errors: [Operation: Int] = [:]
        package var durations: [Operation: MetricHistogram] = [:]
        package var retries = 0
        /// Bytes of objects that the store delivered, and that it got.
        package var received = 0
        package var sent = 0
        /// True if the last request succeeded; nil without a request.
        package var isUp: Bool?

        /// All requests that the store has answered or failed to answer, with those that were repeated.
        package var requests: Int { successes.values.reduce(0, +) + errors.values.reduce(0, +) }
    }

    /// Upper bounds in seconds: from a local disk to a request that the server retries for minutes.
    package static let bounds: [Double] = [0.005, 0.02, 0.1, 0.5, 2, 10, 60]

    private let mutex = Mutex(Reading())

    package init() {}

    package var reading: Reading { mutex.withLock { $0 } }

    /// Counts one request.
    /// - Parameters:
    ///   - succeeded: true also for an answer such as "not found", which the store gave.
    ///   - received: bytes of an object.
    ///   - sent: bytes of an object.
    package func note(
        _ operation: Operation, succeeded: Bool, after duration: Duration, received: Int = 0, sent: Int = 0
    ) {
        let seconds = duration / .seconds(1)
        mutex.withLock { reading in
            if succeeded {
                reading.successes[operation, default: 0] += 1
            } else {
                reading.errors[operation, default: 0] += 1
            }
            reading.durations[operation, default: MetricHistogram(bounds: Self.bounds)].observe(seconds)
            reading.received = reading.received.addingClamped(received)
            reading.sent = reading.sent.addingClamped(sent)
            reading.isUp = succeeded
        }
    }

    package func noteRetry() { mutex.withLock { $0.retries += 1 } }

    /// Notes that the store could not be opened.
    package func noteUnreachable() { mutex.withLock { $0.isUp = false } }

    /// Runs one request and counts it. A cancelled one and an error of a caller's closure do not count.
    func counting<Value>(
        _ operation: Operation, received: () -> Int = { 0 }, sent: Int = 0, _ body: () throws -> Value
    ) throws -> Value {
        let start = ContinuousClock.now
        do {
            let value = try body()
            note(operation, succeeded: true, after: ContinuousClock.now - start, received: received(), sent: sent)
            return value
        } catch let error as ObjectStoreError {
            note(
                operation, succeeded: error.isAnswer, after: ContinuousClock.now - start, received: received())
            throw error
        }
    }
}

extension ObjectStoreError {
    /// True if the store answered as it should, and the object was not as the caller wished.
    package var isAnswer: Bool {
        switch reason {
        case .notFound, .alreadyExists, .locked, .archived, .invalidRange, .tooLarge, .unsupported: true
        case .denied, .credentials, .noSuchStore, .unreachable, .throttled, .noSpace, .truncated, .other: false
        }
    }
}

/// Counts the end of an upload as one request.
final class CountedUpload: ObjectUpload {
    private let upload: any ObjectUpload
    private let use: StoreUse
    private let operation: StoreUse.Operation
    private var sent = 0

    init(_ upload: any ObjectUpload, as operation: StoreUse.Operation, in use: StoreUse) {
        (self.upload, self.operation, self.use) = (upload, operation, use)
    }

    func write(_ bytes: RawSpan) throws {
        try upload.write(bytes)
        sent += bytes.byteCount
    }

    func finish() throws -> ObjectInfo { try use.counting(operation, sent: sent) { try upload.finish() } }
    func cancel() { upload.cancel() }
}
