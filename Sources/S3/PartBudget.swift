internal import Dispatch
internal import Synchronization

/// Memory for parts on their way, bounded for all uploads together.
///
/// An upload or a reading that holds no part gets one even beyond the limit: else a thread with several uploads could
/// wait for itself. So the bound is the limit plus the number of uploads open at the same time.
package final class PartBudget: Sendable {
    /// Five parts; of 8 MiB each, unless a store is configured otherwise.
    package static let shared = PartBudget(parts: 5)

    private struct State {
        var used = 0
        /// Kept for the next part: fresh memory would have to be faulted in page by page.
        var idle: [PartBuffer] = []
    }

    private let limit: Int
    private let state = Mutex(State())
    private let released = DispatchSemaphore(value: 0)

    package init(parts: Int) { limit = max(1, parts) }

    /// Blocks until there is memory for a part.
    /// - Parameter isFirst: whether the caller holds no other part; asked again while it waits.
    /// - Throws: `CancellationError`.
    func take(_ capacity: Int, isFirst: () -> Bool) throws -> PartBuffer {
        while true {
            if let buffer = takeNow(capacity, isFirst: isFirst()) { return buffer }
            try Task.checkCancellation()
            _ = released.wait(timeout: .now() + .milliseconds(50))
        }
    }

    /// - Returns: nil when the limit is reached.
    func takeNow(_ capacity: Int, isFirst: Bool = false) -> PartBuffer? {
        state.withLock { state in
            guard state.used < limit || isFirst else { return nil }
            state.used += 1
            let index = state.idle.firstIndex { $0.capacity == capacity }
            return index.map { state.idle.remove(at: $0) } ?? PartBuffer(capacity: capacity)
        }
    }

    func release(_ buffer: PartBuffer) {
        buffer.count = 0
        state.withLock { state in
            state.used -= 1
            if state.used + state.idle.count < limit { state.idle.append(buffer) }
        }
        released.signal()
    }
}

/// The bytes of one part. Unchecked: one owner at a time, who fills it, then hands it over to the thread that sends it,
/// which gives it back.
final class PartBuffer: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    var count = 0
    var capacity: Int { memory.count }
    var isFull: Bool { count == capacity }

    init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 4096) }
    deinit { memory.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Copies as much as fits.
    /// - Returns: how many bytes that was.
    func append(_ source: UnsafeRawBufferPointer) -> Int {
        let taken = min(source.count, capacity - count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + taken])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<taken]))
        count += taken
        return taken
    }
}
