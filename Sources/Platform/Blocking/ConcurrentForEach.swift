extension Sequence where Element: Sendable {
    /// Runs `body` for every element, at most `limit` at once, in order of start.
    ///
    /// The elements in flight bound the memory: `limit` elements and the data of their `body`. The first error cancels
    /// the others and is rethrown after they have ended.
    package func concurrentForEach(
        limit: Int, _ body: @escaping @Sendable (Element) async throws -> Void
    ) async throws {
        precondition(limit > 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for element in self {
                if running == limit { try await group.next() } else { running += 1 }
                group.addTask { try await body(element) }
            }
            try await group.waitForAll()
        }
    }
}
