import Dispatch
import Synchronization

/// The body of a response between the thread that makes it and the thread of the connection.
///
/// At most 256 KiB wait in it: a slow client slows the maker down.
package final class ResponseStream: Sendable {
    private static let piece = 64 * 1024
    private static let room = 4

    private struct State {
        var pieces: [[UInt8]] = []
        /// The piece that is being sent, and the position in it.
        var current: ArraySlice<UInt8> = []
        var hasBegun = false
        var hasEnded = false
        var hasFailed = false
        /// True if the client is gone, or the server stops.
        var isClosed = false
    }

    private let state = Mutex(State())
    // Start from zero: Dispatch traps if a semaphore is released with a lower value than it began with.
    private let free = DispatchSemaphore(value: 0)
    private let full = DispatchSemaphore(value: 0)
    private let make: @Sendable (ResponseStream) throws -> Void
    private let failed: @Sendable (any Error) -> Void

    /// - Parameter failed: receives the error of `make`, unless the client is gone.
    package init(
        _ make: @escaping @Sendable (ResponseStream) throws -> Void, failed: @escaping @Sendable (any Error) -> Void
    ) {
        self.make = make
        self.failed = failed
        for _ in 0..<Self.room { free.signal() }
    }

    /// True once the client is gone or the server stops.
    package var isClosed: Bool { state.withLock(\.isClosed) }

    /// Sends text, at once.
    package func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// Sends bytes. Waits while the client is slower.
    /// - Throws: `CancellationError` if the client is gone.
    package func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        repeat {
            let piece = Array(rest.prefix(Self.piece))
            rest = rest.dropFirst(piece.count)
            guard !piece.isEmpty else { return }
            free.wait()
            try state.withLock { state in
                if state.isClosed { throw CancellationError() }
                state.pieces.append(piece)
            }
            full.signal()
        } while !rest.isEmpty
    }

    /// Sends bytes that are valid for the call only.
    package func write(_ bytes: borrowing RawSpan) throws {
        try write(bytes.withUnsafeBytes { [UInt8]($0) })
    }

    /// Ends the maker at its next write.
    func close() {
        state.withLock { $0.isClosed = true }
        free.signal()
        full.signal()
    }

    /// Fills `room` with the next bytes; blocks until there are some.
    /// - Returns: 0 after the last byte; nil if the body is broken.
    func read(into room: UnsafeMutableRawBufferPointer) -> Int? {
        begin()
        while true {
            let count: Int?? = state.withLock { state in
                if state.isClosed { return .some(nil) }
                if state.current.isEmpty, !state.pieces.isEmpty {
                    state.current = state.pieces.removeFirst()[...]
                    free.signal()
                }
                guard state.current.isEmpty else {
                    let count = min(room.count, state.current.count)
                    room.copyBytes(from: state.current.prefix(count))
                    state.current = state.current.dropFirst(count)
                    return count
                }
                guard state.hasEnded else { return nil }
                return state.hasFailed ? .some(nil) : 0
            }
            if let count { return count }
            full.wait()
        }
    }

    /// Starts the maker with the first read: a HEAD request never reads.
    private func begin() {
        let isFirst = state.withLock { state in
            defer { state.hasBegun = true }
            return !state.hasBegun
        }
        guard isFirst else { return }
        DispatchQueue(label: "response").async { [self] in
            var failure: (any Error)?
            do { try make(self) } catch { failure = error }
            let isClosed = state.withLock { state in
                (state.hasEnded, state.hasFailed) = (true, failure != nil)
                return state.isClosed
            }
            full.signal()
            if let failure, !isClosed { failed(failure) }
        }
    }
}
