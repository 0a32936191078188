import Synchronization
import Testing

@testable import Platform

@Suite struct ReadAheadTests {
    private struct Failure: Error, Equatable {}

    private final class Counter: Sendable {
        private let mutex = Mutex(0)
        var value: Int { mutex.withLock { $0 } }
        func add() { mutex.withLock { $0 += 1 } }
    }

    private let pool = BlockingPool(threads: 1)

    @Test(arguments: [0, 1, 255, 256, 257, 20_000])
    func `every element comes in order`(count: Int) async throws {
        let seen = try await pool.run {
            try readingAhead(of: Int.self) { emit in
                for number in 0..<count { try emit(number) }
            } use: { next in
                var seen: [Int] = []
                while let number = try next() { seen.append(number) }
                let more = try next()
                #expect(more == nil, "the end stays the end")
                return seen
            }
        }
        #expect(seen == Array(0..<count))
    }

    @Test func `the consumer gets the complete batches before the producer's error`() async {
        let seen = Counter()
        await #expect(throws: Failure()) {
            try await pool.run {
                try readingAhead(of: Int.self) { emit in
                    for number in 0..<1000 { try emit(number) }
                    throw Failure()
                } use: { next in
                    while try next() != nil { seen.add() }
                }
            }
        }
        #expect(seen.value >= 768, "all complete batches arrived")
    }

    @Test func `the producer ends when the consumer stops reading`() async throws {
        let (made, refused) = (Counter(), Counter())
        try await pool.run {
            try readingAhead(of: Int.self) { emit in
                do {
                    while true {
                        try emit(0)
                        made.add()
                    }
                } catch let error as CancellationError {
                    refused.add()
                    throw error
                }
            } use: { next in
                _ = try next()
            }
        }
        #expect(refused.value == 1, "it had ended when the call returned")
        #expect(made.value < 10_000)
    }

    @Test func `the users error is thrown and the maker ends`() async {
        let refused = Counter()
        await #expect(throws: Failure()) {
            try await pool.run {
                try readingAhead(of: Int.self) { emit in
                    do { while true { try emit(0) } } catch {
                        refused.add()
                        throw error
                    }
                } use: { next in
                    for _ in 0..<5000 { _ = try next() }
                    throw Failure()
                }
            }
        }
        #expect(refused.value == 1)
    }

    @Test func `a cancelled task takes no more`() async {
        let task = Task { [pool] in
            try await pool.run {
                try readingAhead(of: Int.self) { emit in
                    while true { try emit(0) }
                } use: { next in
                    while try next() != nil {}
                }
            }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
