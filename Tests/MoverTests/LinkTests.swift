import Foundation
import Mover
import Testing

@Suite struct LinkTests {
    private static let messages: [[UInt8]] = (0..<300).map { number in
        (0..<(number * 37) % 2000).map { UInt8(truncatingIfNeeded: $0 &* number) } + Array("\(number)".utf8)
    }

    /// Sends all messages in both directions, and returns those that arrived.
    private func exchange(over wire: Wire) async throws -> (there: [[UInt8]], back: [[UInt8]]) {
        defer { wire.stop() }
        @Sendable func send(from link: Link) throws {
            for message in Self.messages { try link.send(message) }
        }
        @Sendable func receive(at link: Link) throws -> [[UInt8]] {
            try Self.messages.map { _ in try link.receive() }
        }
        async let sent: Void = onThread { try send(from: wire.first) }
        async let answered: Void = onThread { try send(from: wire.second) }
        async let there = onThread { try receive(at: wire.second) }
        async let back = onThread { try receive(at: wire.first) }
        _ = try await (sent, answered)
        return try await (there, back)
    }

    @Test(arguments: [30, 45, 46, 47, 62, 63, 64, 100, 1000, 4097, 20_000])
    func `messages arrive once and in order over connections that break`(after bytes: Int) async throws {
        // The limit grows, because a connection that breaks before its first message brings nothing.
        let wire = Wire { .cut(after: bytes + 97 * $0) }
        let arrived = try await exchange(over: wire)
        #expect(arrived.there == Self.messages)
        #expect(arrived.back == Self.messages)
        #expect(wire.connections > 1)
    }

    @Test(arguments: [0, 3, 4, 5, 12, 13, 16, 17, 30, 44, 45, 48, 60, 62, 500, 5000])
    func `a damaged byte breaks the connection, and no message is damaged`(at position: Int) async throws {
        let wire = Wire { $0 == 0 ? .flip(at: position) : .none }
        let arrived = try await exchange(over: wire)
        #expect(arrived.there == Self.messages)
        #expect(arrived.back == Self.messages)
    }

    @Test(arguments: [0, 17, 45, 50, 300, 4000])
    func `bytes in another order break the connection, and no message is damaged`(at position: Int) async throws {
        let wire = Wire { $0 == 0 ? .swap(at: position) : .none }
        let arrived = try await exchange(over: wire)
        #expect(arrived.there == Self.messages)
        #expect(arrived.back == Self.messages)
    }

    @Test func `a receiver that takes nothing stops the sender`() async throws {
        var limits = Link.Limits()
        limits.bytes = 100_000
        let wire = Wire(limits: limits)
        defer { wire.stop() }
        let link = wire.first
        let sender = Task {
            try await onThread {
                for number in 0..<1000 {
                    try link.send([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 10_000))
                }
            }
        }
        try await Task.sleep(for: .milliseconds(300))
        // Nothing was taken: the sender waits, with at most the limit on the way.
        #expect(try !link.flush(within: .milliseconds(1)))
        let second = wire.second
        let received = try await onThread { try (0..<1000).map { _ in try second.receive().first } }
        #expect(received == (0..<1000).map { UInt8(truncatingIfNeeded: $0) })
        try await sender.value
    }

    @Test func `an idle link stays connected, because both sides give signs of life`() async throws {
        var limits = Link.Limits()
        limits.heartbeat = .milliseconds(50)
        limits.silence = .milliseconds(500)
        let wire = Wire(limits: limits)
        defer { wire.stop() }
        try wire.first.send([1])
        let second = wire.second
        #expect(try await onThread { try second.receive() } == [1])
        let connections = wire.connections
        try await Task.sleep(for: .seconds(1.5))
        #expect(wire.connections == connections)
    }

    @Test func `a silent connection counts as broken`() async throws {
        var limits = Link.Limits()
        limits.silence = .milliseconds(200)
        let link = Link(session: Link.newSession(), limits: limits)
        let connection = link.connect()
        let end = try await onThread {
            while connection.output() != nil {}
            return ContinuousClock.now
        }
        #expect(connection.hasEnded)
        #expect(link.disconnected < ContinuousClock.now - end + .seconds(1))
        #expect(link.failure == nil, "the link waits for the next connection")
    }

    @Test func `the mover of another run is refused`() async throws {
        let wire = Wire(otherSession: true)
        defer { wire.stop() }
        // The side that hears the other's greeting first ends its link, and the connection with it.
        var failures: [LinkError] = []
        let deadline = ContinuousClock.now + .seconds(60)
        while failures.isEmpty, ContinuousClock.now < deadline {
            failures = [wire.first, wire.second].compactMap(\.failure)
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(failures.contains { $0.reason == .refused })
    }

    @Test(arguments: 0..<200)
    func `bytes that are not a link never trap`(seed: Int) throws {
        var random = Numbers(seed: UInt64(seed))
        let session = Link.newSession()
        let link = Link(session: session)
        let connection = link.connect()
        var bytes: [UInt8] = []
        if seed.isMultiple(of: 2) {
            // A real greeting, then noise in the form of frames.
            let other = Link(session: session).connect()
            bytes = Array(try #require(other.output()).joined())
            for _ in 0..<20 {
                let payload = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                bytes += [0, 0, 0, UInt8(payload.count), UInt8.random(in: 0...6, using: &random)]
                bytes += (0..<12).map { _ in UInt8.random(in: 0...255, using: &random) } + payload
            }
        } else {
            bytes = (0..<500).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        #expect(throws: LinkError.self) { try bytes.withUnsafeBytes { try connection.take($0) } }
        #expect(connection.hasEnded)
    }

    @Test func `a frame beyond the limit is refused before it is read`() {
        let connection = Link(session: Link.newSession()).connect()
        let header: [UInt8] = [0x7F, 0xFF, 0xFF, 0xFF, 2] + [UInt8](repeating: 0, count: 12)
        #expect(throws: LinkError.self) { try header.withUnsafeBytes { try connection.take($0) } }
    }
}

/// Numbers that a test can repeat.
struct Numbers: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

/// Runs a call that blocks on a thread of its own.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result { try body() }) }.start()
    }
}
