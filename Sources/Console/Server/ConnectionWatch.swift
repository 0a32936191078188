import Dispatch
import Glibc
import Synchronization

/// Ends connections whose client is too slow: one that sends its request a byte a minute, or does not read the response.
///
/// The library's own time-out starts again with each byte.
final class ConnectionWatch: Sendable {
    enum Phase { case reading, working, sending }

    private struct Entry {
        var socket: CInt
        var phase = Phase.reading
        var since = ContinuousClock.now
    }

    private let entries = Mutex<[UInt: Entry]>([:])
    private let stopped = DispatchSemaphore(value: 0)
    private let patience: Duration

    /// - Parameter patience: the longest time for a client to send a request, and to take the next part of a response.
    init(patience: Duration) { self.patience = patience }

    /// Starts to look at the connections, until ``stop()``.
    func start() {
        DispatchQueue(label: "connection watch").async { [self] in
            while stopped.wait(timeout: .now() + .milliseconds(500)) == .timedOut { endSlowOnes() }
        }
    }

    func stop() { stopped.signal() }

    func opened(_ connection: UInt, socket: CInt) { entries.withLock { $0[connection] = Entry(socket: socket) } }

    /// The library closes the socket after this returns.
    func closed(_ connection: UInt) { entries.withLock { _ = $0.removeValue(forKey: connection) } }

    func enter(_ phase: Phase, _ connection: UInt) {
        entries.withLock {
            $0[connection]?.phase = phase
            $0[connection]?.since = .now
        }
    }

    private func endSlowOnes() {
        entries.withLock { entries in
            for entry in entries.values where entry.phase != .working && .now - entry.since > patience {
                shutdown(entry.socket, CInt(SHUT_RDWR))
            }
        }
    }
}
