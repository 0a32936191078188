internal import Dispatch
package import Platform
internal import Synchronization

/// The memory for parts in flight, with one limit for all uploads together.
///
/// An upload or read that holds no part gets one even beyond the limit: otherwise a thread with several uploads could
/// wait for itself. So the bound is the limit plus the number of uploads that are open at the same time.
package final class PartBudget: Sendable {
    /// Five parts of an upload, or ten pieces of a read.
    package static let shared = PartBudget(bytes: 40 << 20, memory: .memory)

    private struct State {
        /// Bytes, of all parts.
        var used = 0
        /// Kept for the next part: the kernel would have to fault fresh memory in page by page.
        var idle: [PartBuffer] = []
    }

    private let limit: Int
    /// The budget for all parts of an upload or read but its first, which belongs to the memory of the work that reads or
    /// writes; nil for none.
    private let memory: SharedBudget?
    private let state = Mutex(State())
    private let released = DispatchSemaphore(value: 0)

    package init(bytes: Int, memory: SharedBudget? = nil) {
        limit = max(1, bytes)
        self.memory = memory
    }

    private static let mostIdle = 2

    /// Blocks until memory for a part is available.
    /// - Parameter isFirst: true if the caller holds no other part; called again while this waits.
    /// - Throws: `CancellationError`.
    func take(_ capacity: Int, isFirst: () -> Bool) throws -> PartBuffer {
        while true {
            if let buffer = takeNow(capacity, isFirst: isFirst()) { return buffer }
            try Task.checkCancellation()
            _ = released.wait(timeout: .now() + .milliseconds(50))
        }
    }

    /// - Returns: nil if the limit is reached.
    func takeNow(_ capacity: Int, isFirst: Bool = false) -> PartBuffer? {
        state.withLock { state in
            guard isFirst || state.used + capacity <= limit && memory?.takeNow(capacity) ?? true else { return nil }
            state.used += capacity
            let index = state.idle.firstIndex { $0.capacity == capacity }
            // Those of another size would keep their place for ever.
            if index == nil, state.idle.count == Self.mostIdle { state.idle.removeFirst() }
            let buffer = index.map { state.idle.remove(at: $0) } ?? PartBuffer(capacity: capacity)
            buffer.isFirst = isFirst
            return buffer
        }
    }

    func release(_ buffer: PartBuffer) {
        buffer.count = 0
        state.withLock { state in
            state.used -= buffer.capacity
            if state.used + buffer.capacity <= limit, state.idle.count < Self.mostIdle { state.idle.append(buffer) }
        }
        if !buffer.isFirst { memory?.release(buffer.capacity) }
        released.signal()
    }
}

/// The bytes of one part. Unchecked: it has one owner at a time. The owner fills it and hands it to the sending thread,
/// which releases it.
final class PartBuffer: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    var count = 0
    /// True for a part that was granted beyond the limit, or would have been.
    fileprivate(set) var isFirst = true
    var capacity: Int { memory.count }
    var isFull: Bool { count == capacity }

    init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 4096) }
    deinit { memory.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Copies as many bytes as fit.
    /// - Returns: the number of copied bytes.
    func append(_ source: UnsafeRawBufferPointer) -> Int {
        let taken = min(source.count, capacity - count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + taken])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<taken]))
        count += taken
        return taken
    }
}
