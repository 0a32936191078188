import Lab
import Platform
import Synchronization
import Testing

/// The memory that all work of the process shares.
@Suite struct SharedBudgetTests {
    /// The bytes in use, and the most that they were.
    private final class Gauge: Sendable {
        private let state = Mutex((now: 0, most: 0))
        var most: Int { state.withLock { $0.most } }

        func add(_ bytes: Int) {
            state.withLock { state in
                state.now += bytes
                state.most = max(state.most, state.now)
            }
        }
    }

    /// The pieces of work that are done, in their order.
    private final class Done: Sendable {
        private let state = Mutex<[Int]>([])
        var all: [Int] { state.withLock { $0 } }
        func add(_ piece: Int) { state.withLock { $0.append(piece) } }
    }

    @Test(arguments: [1, 7, 10, 64, 1000], [1, 3, 10])
    func `the bound holds, and all work ends`(limit: Int, bytes: Int) async throws {
        let budget = SharedBudget(limit)
        let gauge = Gauge()
        let done = Done()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<60 {
                group.addTask {
                    try await budget.with(bytes) {
                        gauge.add(bytes)
                        // A part more, if there is room.
                        let isTaken = budget.takeNow(bytes)
                        if isTaken { gauge.add(bytes) }
                        await Task.yield()
                        if isTaken {
                            gauge.add(-bytes)
                            budget.release(bytes)
                        }
                        gauge.add(-bytes)
                    }
                    done.add(bytes)
                }
            }
            try await group.waitForAll()
        }
        #expect(done.all.count == 60)
        // One piece of work that needs more than there is runs alone.
        #expect(gauge.most <= max(limit, bytes))
        #expect(budget.used == 0)
    }

    @Test func `large and small requests are served in their order`() async throws {
        let budget = SharedBudget(10)
        let order = Done()
        #expect(budget.takeNow(8))
        var tasks: [Task<Void, any Error>] = []
        for (count, bytes) in [9, 1, 10].enumerated() {
            tasks.append(Task { try await budget.with(bytes) { order.add(bytes) } })
            try await Patience.wait(until: "it waits") { budget.waiting == count + 1 }
        }
        budget.release(8)
        for task in tasks { try await task.value }
        #expect(order.all == [9, 1, 10])
        #expect(budget.used == 0)
    }

    @Test func `a cancelled request leaves the queue`() async throws {
        let budget = SharedBudget(10)
        #expect(budget.takeNow(10))
        let first = Task { try await budget.with(10) { 1 } }
        try await Patience.wait(until: "it waits") { budget.waiting == 1 }
        let second = Task { try await budget.with(5) { 2 } }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        budget.release(10)
        #expect(try await second.value == 2)
        #expect(budget.used == 0)
    }

    @Test func `a raised limit serves those who wait`() async throws {
        let budget = SharedBudget(1)
        #expect(budget.takeNow(1))
        let task = Task { try await budget.with(5) { 3 } }
        try await Patience.wait(until: "it waits") { budget.waiting == 1 }
        budget.limit = 6
        #expect(try await task.value == 3)
        budget.release(1)
    }
}
