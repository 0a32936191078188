import Foundation
import Lab
import ObjectStorage
import Platform
import Synchronization
import Testing

/// Limits of bytes per second, by a clock that only sleeping moves.
@Suite struct PacedStoreTests {
    private final class Clock: Sendable {
        private let start = ContinuousClock.now
        private let passed = Mutex(Duration.zero)

        var seconds: Double { passed.withLock { $0 } / .seconds(1) }

        func limit(_ bytesPerSecond: Int) -> RateLimit {
            RateLimit(
                bytesPerSecond: bytesPerSecond, now: { [self] in start + passed.withLock { $0 } },
                sleep: { [self] duration in passed.withLock { $0 += max(duration, .zero) } })
        }
    }

    @Test(arguments: [10_000, 1_000_000]) func `contents move at the limit in each direction`(speed: Int) throws {
        let folder = try TemporaryFolder("paced")
        let base = try DirectoryStore(path: folder.path)
        let (sending, receiving) = (Clock(), Clock())
        let store = PacedStore(base, sending: sending.limit(speed), receiving: receiving.limit(speed))
        let key = ObjectKey("large")
        let upload = try store.upload(key, PutOptions(.ifAbsent))
        let piece = [UInt8](repeating: 7, count: 5000)
        for _ in 0..<100 { try upload.write(piece.span.bytes) }
        _ = try upload.finish()
        _ = try store.put(ObjectKey("small"), piece, options: PutOptions(.ifAbsent))
        let sent = 101 * piece.count
        // The last piece is on its way when the clock stands.
        let rate = Double(sent - piece.count) / sending.seconds
        #expect((0.9...1.1).contains(rate / Double(speed)), "\(rate) bytes per second")
        #expect(receiving.seconds == 0)
        var (received, last) = (0, 0)
        try store.get(key, range: nil) { piece in
            received += piece.byteCount
            last = piece.byteCount
        }
        #expect(received == 100 * piece.count)
        #expect(abs(receiving.seconds - Double(received - last) / Double(speed)) < 0.1 * receiving.seconds + 0.01)
    }

    @Test func `processes that share a limit have equal parts, and those that stay get the rest`() throws {
        let clock = Clock()
        let limit = clock.limit(1000)
        limit.share(among: 4)
        for _ in 0..<11 { try limit.wait(for: 100) }
        // The last piece is on its way when the clock stands.
        #expect(abs(clock.seconds - 4) < 0.01, "\(clock.seconds)")
        limit.share(among: 1)
        for _ in 0..<11 { try limit.wait(for: 100) }
        #expect(abs(clock.seconds - 5.4) < 0.01, "\(clock.seconds)")
    }

    @Test func `a store without limits passes everything on`() throws {
        let folder = try TemporaryFolder("paced")
        let store = PacedStore(try DirectoryStore(path: folder.path), sending: nil, receiving: nil)
        let key = ObjectKey("a/b")
        _ = try store.put(key, [1, 2, 3], options: PutOptions(.ifAbsent))
        #expect(try store.read(key) == [1, 2, 3])
        #expect(try store.head(key)?.size == 3)
        #expect(try store.delete([key]).isEmpty)
        #expect(store.with(DirectoryStore.self) != nil)
    }
}
