import Foundation
import Lab
import Platform
import Synchronization
import Testing

/// Blocking calls that are made at the same time.
@Suite struct SideBySideTests {
    private struct Failed: Error, Equatable { var number: Int }

    /// The number of calls in progress, and the highest that it was.
    private final class Gauge: Sendable {
        private let state = Mutex((now: 0, most: 0))
        var most: Int { state.withLock { $0.most } }

        func during<Value>(_ body: () throws -> Value) rethrows -> Value {
            state.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
            defer { state.withLock { $0.now -= 1 } }
            return try body()
        }
    }

    @Test(arguments: [0, 1, 2, 7, 100], [1, 2, 8]) func `results keep their order, and the limit holds`(
        count: Int, limit: Int
    ) async throws {
        let gauge = Gauge()
        let results = try await BlockingPool(threads: 1).run {
            try SideBySide.map(Array(0..<count), limit: limit) { number in
                gauge.during {
                    usleep(200)
                    return number * 2
                }
            }
        }
        #expect(results == (0..<count).map { $0 * 2 })
        #expect(gauge.most <= limit)
    }

    @Test func `calls really wait together`() async throws {
        let together = Mutex(0)
        try await BlockingPool(threads: 1).run {
            _ = try SideBySide.map([1, 2, 3], limit: 3) { _ in
                together.withLock { $0 += 1 }
                // Each waits for all others.
                while together.withLock({ $0 }) < 3 { try sleepUnlessCancelled(.milliseconds(1)) }
            }
        }
        #expect(together.withLock { $0 } == 3)
    }

    @Test func `calls inside of calls end, however few threads there are`() async throws {
        let numbers = Array(0..<20)
        let sums: [Int] = try await BlockingPool(threads: 4).run {
            try SideBySide.map(numbers) { (outer: Int) -> Int in
                let inner: [Int] = try SideBySide.map(numbers) { (inner: Int) -> Int in
                    let ones: [Int] = try SideBySide.map([1, 1, 1]) { (one: Int) -> Int in one }
                    return ones.count + outer + inner
                }
                return inner.reduce(0, +)
            }
        }
        #expect(sums == numbers.map { 60 + 20 * $0 + 190 })
    }

    @Test func `the first error is thrown after all calls ended`() async throws {
        let gauge = Gauge()
        let begun = Mutex(0)
        await #expect(throws: Failed(number: 3)) {
            try await BlockingPool(threads: 1).run {
                _ = try SideBySide.map(Array(0..<1000), limit: 4) { number in
                    try gauge.during {
                        begun.withLock { $0 += 1 }
                        guard number < 3 else { throw Failed(number: min(number, 3)) }
                        usleep(500)
                    }
                }
            }
        }
        #expect(begun.withLock { $0 } < 20, "nothing is begun after an error")
    }

    @Test func `a cancelled caller cancels the calls`() async throws {
        let begun = Mutex(0)
        let task = Task {
            try await BlockingPool(threads: 1).run {
                _ = try SideBySide.map([1, 2, 3, 4], limit: 4) { _ in
                    begun.withLock { $0 += 1 }
                    try sleepUnlessCancelled(Patience.long)
                }
            }
        }
        try await Patience.wait(until: "a call began") { begun.withLock { $0 > 0 } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
