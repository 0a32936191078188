import Dispatch
import Glibc
import Platform
import Synchronization

/// Ends connections whose client is too slow: one that sends its request a byte a minute, or does not read the
/// response. If there are too many, a new connection replaces the oldest one that waits for a request, so that silent
/// clients cannot keep others out.
///
/// The library's own time-out starts again with each byte.
final class ConnectionWatch: Sendable {
    enum Phase {
        /// Waits for the head of a request.
        case reading
        /// Receives the body of a request.
        case receiving
        case working, sending
    }

    private struct Entry {
        var socket: CInt
        var network: [UInt8]
        var phase = Phase.reading
        var since = ContinuousClock.now
        /// True after the first whole request.
        var hasAsked = false
        /// True after its end was ordered.
        var isEnding = false
    }

    /// Connections above the limit that exist while others end for them.
    static let spare = 16

    private let entries = Mutex<[UInt: Entry]>([:])
    private let stopped = DispatchSemaphore(value: 0)
    private let settings: WebServer.Settings

    init(_ settings: WebServer.Settings) { self.settings = settings }

    /// Starts to look at the connections, until ``stop()``.
    func start() {
        DispatchQueue(label: "connection watch").async { [self] in
            while stopped.wait(timeout: .now() + .milliseconds(500)) == .timedOut { endSlowOnes() }
        }
    }

    func stop() { stopped.signal() }

    func opened(_ connection: UInt, socket: CInt, network: [UInt8]) {
        entries.withLock { entries in
            if !Self.isLoopback(network) {
                Self.makeRoom(in: &entries, below: settings.connectionsOfNetwork) { $0.network == network }
            }
            Self.makeRoom(in: &entries, below: settings.connections) { _ in true }
            entries[connection] = Entry(socket: socket, network: network)
            // All others of the network are at work, and it must not have all connections.
            if !Self.isLoopback(network),
                entries.values.count(where: { !$0.isEnding && $0.network == network }) > settings.connectionsOfNetwork
            {
                Self.end(connection, in: &entries)
            }
        }
    }

    /// The library closes the socket after this returns.
    func closed(_ connection: UInt) { entries.withLock { _ = $0.removeValue(forKey: connection) } }

    func enter(_ phase: Phase, _ connection: UInt) {
        entries.withLock {
            $0[connection]?.phase = phase
            $0[connection]?.since = .now
            if phase != .reading { $0[connection]?.hasAsked = true }
        }
    }

    /// Ends connections that wait for a request until fewer than `limit` of those concerned remain: first those that
    /// never sent one, oldest first.
    private static func makeRoom(
        in entries: inout [UInt: Entry], below limit: Int, concerning isConcerned: (Entry) -> Bool
    ) {
        let concerned = entries.filter { !$0.value.isEnding && isConcerned($0.value) }
        let surplus = concerned.count - limit + 1
        guard surplus > 0 else { return }
        let idle = concerned.filter { $0.value.phase == .reading }.sorted { left, right in
            left.value.hasAsked == right.value.hasAsked
                ? left.value.since < right.value.since : !left.value.hasAsked
        }
        for (connection, _) in idle.prefix(surplus) { end(connection, in: &entries) }
    }

    private static func end(_ connection: UInt, in entries: inout [UInt: Entry]) {
        guard let entry = entries[connection] else { return }
        shutdown(entry.socket, CInt(SHUT_RDWR))
        entries[connection]?.isEnding = true
    }

    private static func isLoopback(_ network: [UInt8]) -> Bool {
        network.count == 4 ? network[0] == 127 : network.allSatisfy { $0 == 0 }
    }

    private func endSlowOnes() {
        entries.withLock { entries in
            for entry in entries.values where entry.phase != .working && .now - entry.since > patience(with: entry) {
                shutdown(entry.socket, CInt(SHUT_RDWR))
            }
        }
    }

    private func patience(with entry: Entry) -> Duration {
        entry.hasAsked ? settings.patience : min(settings.headPatience, settings.patience)
    }
}
