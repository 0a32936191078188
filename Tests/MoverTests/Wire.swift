import Foundation
import Mover
import Synchronization

/// Two ends of a link in one process, over connections that break as a test wants.
final class Wire: Sendable {
    /// A fault in one connection.
    enum Fault: Sendable {
        case none
        /// The connection breaks after this many bytes in one direction.
        case cut(after: Int)
        /// One bit of the byte at this position is wrong.
        case flip(at: Int)
        /// Two pieces of 8 bytes change places.
        case swap(at: Int)
    }

    let first: Link
    let second: Link
    private let faults: @Sendable (_ connection: Int) -> Fault
    private let stopped = Mutex(false)
    private let count = Mutex(0)

    init(
        limits: Link.Limits = Link.Limits(), otherSession: Bool = false,
        faults: @escaping @Sendable (Int) -> Fault = { _ in .none }
    ) {
        let session = Link.newSession()
        first = Link(session: session, limits: limits)
        second = Link(session: otherSession ? Link.newSession() : session, limits: limits)
        self.faults = faults
        Thread { [self] in
            while !stopped.withLock({ $0 }), first.failure == nil, second.failure == nil { connect() }
        }.start()
    }

    /// The number of connections so far.
    var connections: Int { count.withLock { $0 } }

    func stop() {
        stopped.withLock { $0 = true }
        first.end(LinkError(.closed, "the test ends"))
        second.end(LinkError(.closed, "the test ends"))
    }

    private func connect() {
        let number = count.withLock { count in
            defer { count += 1 }
            return count
        }
        let (one, other) = (first.connect(), second.connect())
        let back = Thread { [self] in pump(other, to: one, .none) }
        back.start()
        pump(one, to: other, faults(number))
        while !back.isFinished { usleep(500) }
    }

    private func pump(_ source: LinkConnection, to target: LinkConnection, _ fault: Fault) {
        var sent = 0
        while let pieces = source.output() {
            var bytes: [UInt8] = []
            for piece in pieces { bytes += piece }
            let count = bytes.count
            var isLast = false
            switch fault {
            case .none: break
            case .cut(let limit) where sent + bytes.count > limit:
                bytes = Array(bytes.prefix(max(0, limit - sent)))
                isLast = true
            case .cut: break
            case .flip(let position):
                if (sent..<sent + bytes.count).contains(position) { bytes[position - sent] ^= 1 }
            case .swap(let position):
                let start = position - sent
                if start >= 0, start + 16 <= bytes.count {
                    bytes.replaceSubrange(
                        start..<start + 16, with: bytes[start + 8..<start + 16] + bytes[start..<start + 8])
                }
            }
            sent += count
            guard (try? bytes.withUnsafeBytes({ try target.take($0) })) != nil, !isLast else { break }
        }
        source.end()
        target.end()
    }
}
