import Synchronization
import Testing

@testable import Platform

@Suite struct ConcurrentForEachTests {
    private struct Failure: Error, Equatable { var element: Int }

    @Test(arguments: [1, 3, 100])
    func `every element is seen once, within the limit`(limit: Int) async throws {
        let state = Mutex((now: 0, most: 0, seen: [Int]()))
        try await (0..<50).concurrentForEach(limit: limit) { element in
            state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1), $0.seen + [element]) }
            await Task.yield()
            state.withLock { $0.now -= 1 }
        }
        #expect(state.withLock { $0.seen.sorted() } == Array(0..<50))
        #expect((1...limit).contains(state.withLock(\.most)))
    }

    @Test func `elements start in order`() async throws {
        let seen = Mutex([Int]())
        try await (0..<20).concurrentForEach(limit: 1) { element in seen.withLock { $0.append(element) } }
        #expect(seen.withLock { $0 } == Array(0..<20))
    }

    @Test func `the first error cancels the others and comes out after they ended`() async throws {
        let running = Mutex(0)
        await #expect(throws: Failure(element: 3)) {
            try await (0..<1000).concurrentForEach(limit: 4) { element in
                running.withLock { $0 += 1 }
                defer { running.withLock { $0 -= 1 } }
                if element == 3 { throw Failure(element: 3) }
                // It ends only because the failure cancels it.
                try? await Task.sleep(for: .seconds(60))
            }
        }
        #expect(running.withLock { $0 } == 0)
    }

    @Test func `nothing is nothing`() async throws {
        try await [Int]().concurrentForEach(limit: 2) { _ in Issue.record("called") }
    }
}
