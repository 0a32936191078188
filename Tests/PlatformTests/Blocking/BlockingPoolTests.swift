import Dispatch
import Synchronization
import Testing

@testable import Platform

@Suite struct BlockingPoolTests {
    /// Blocks until the announced number of threads has arrived; a pool with fewer threads never passes.
    private final class Gate: Sendable {
        private let arrived = DispatchSemaphore(value: 0)
        private let opened = DispatchSemaphore(value: 0)

        func arriveAndWait() {
            arrived.signal()
            opened.wait()
        }

        /// - Returns: true if `count` callers arrived within a minute; they are released in any case.
        func open(after count: Int) -> Bool {
            defer { for _ in 0..<count { opened.signal() } }
            return (0..<count).allSatisfy { _ in arrived.wait(timeout: .now() + 600) == .success }
        }
    }

    /// Counts the running calls, and the most that ran at once.
    private final class Census: Sendable {
        private let counts = Mutex((now: 0, most: 0))
        var most: Int { counts.withLock(\.most) }

        func enter() { counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
        func leave() { counts.withLock { $0.now -= 1 } }
    }

    private struct Failure: Error, Equatable {}

    @Test func `as many calls block at once as the pool has threads`() async {
        let pool = BlockingPool(threads: 8)
        let gate = Gate()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { await pool.run { gate.arriveAndWait() } } }
            // On a separate thread, because the threads of the cooperative pool must not wait either.
            let doorkeeper = BlockingPool(threads: 1)
            let opened = await doorkeeper.run { gate.open(after: 8) }
            #expect(opened)
        }
    }

    @Test func `no more calls run at once than the pool has threads`() async {
        let pool = BlockingPool(threads: 2)
        let census = Census()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    await pool.run {
                        census.enter()
                        for _ in 0..<1000 { _ = census.most }
                        census.leave()
                    }
                }
            }
        }
        #expect((1...2).contains(census.most))
    }

    @Test func `the pool returns values and throws errors`() async throws {
        let pool = BlockingPool(threads: 1)
        #expect(await pool.run { 6 * 7 } == 42)
        await #expect(throws: Failure()) { try await pool.run { () throws(Failure) in throw Failure() } }
        #expect(await pool.run { "still works" } == "still works")
    }

    @Test func `a body sees the cancellation of its task`() async throws {
        let pool = BlockingPool(threads: 1)
        let gate = Gate()
        let task = Task {
            try await pool.run {
                gate.arriveAndWait()
                try sleepUnlessCancelled(.seconds(3600))
            }
        }
        task.cancel()
        let opened = await BlockingPool(threads: 1).run { gate.open(after: 1) }
        #expect(opened)
        let elapsed = await ContinuousClock().measure {
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        #expect(elapsed < .seconds(600))
    }

    @Test func `an undisturbed sleep lasts as long as it should`() throws {
        let elapsed = try ContinuousClock().measure { try sleepUnlessCancelled(.milliseconds(120)) }
        #expect(elapsed >= .milliseconds(120))
        try sleepUnlessCancelled(.zero)
        try sleepUnlessCancelled(.seconds(-1))
    }
}
