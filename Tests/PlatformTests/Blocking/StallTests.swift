import Lab
import Synchronization
import Testing

@testable import Platform

@Suite struct StallTests {
    private struct Failure: Error, Equatable {}

    /// A sign of life that the test changes.
    private final class Pulse: Sendable {
        private let beats = Mutex(0)
        var count: Int { beats.withLock { $0 } }
        func beat() { beats.withLock { $0 += 1 } }
    }

    @Test func `a task that ends in time returns its value or error unchanged`() async throws {
        #expect(try await givingUpOnStall(after: Patience.long, sign: { 0 }) { 7 } == 7)
        await #expect(throws: Failure()) {
            try await givingUpOnStall(after: Patience.long, sign: { 0 }) { throw Failure() }
        }
    }

    @Test func `a stalled task is cancelled`() async throws {
        let limit = Duration.milliseconds(50)
        await #expect(throws: Stall(limit: limit)) {
            try await givingUpOnStall(after: limit, sign: { 0 }) { try await Task.sleep(for: .seconds(60)) }
        }
    }

    @Test func `a task that makes progress may exceed the stall limit`() async throws {
        let pulse = Pulse()
        // Each beat may be 25 times late on a busy machine; together they last longer than the limit.
        let beats = try await givingUpOnStall(after: .seconds(5), sign: { pulse.count }) {
            for _ in 0..<30 {
                try await Task.sleep(for: .milliseconds(200))
                pulse.beat()
            }
            return pulse.count
        }
        #expect(beats == 30)
    }

    @Test func `a stalled task that ignores cancellation is abandoned after the grace period`() async throws {
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let limit = Duration.milliseconds(50)
        await #expect(throws: Stall(limit: limit)) {
            try await givingUpOnStall(after: limit, grace: .milliseconds(50), sign: { 0 }) {
                // A separate task does not receive the cancellation.
                await Task { for await _ in gate {} }.value
            }
        }
        opener.finish()
    }

    @Test func `a cancellation from outside is passed on and waited for`() async throws {
        let pulse = Pulse()
        let (started, starting) = AsyncStream<Void>.makeStream()
        let task = Task {
            try await givingUpOnStall(after: Patience.long, sign: { 0 }) {
                defer { pulse.beat() }
                starting.finish()
                try await Task.sleep(for: .seconds(60))
            }
        }
        for await _ in started {}
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(pulse.count == 1, "it returned before the work had ended")
    }
}
