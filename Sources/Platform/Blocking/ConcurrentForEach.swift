extension Sequence where Element: Sendable {
    /// Runs `body` for every element, at most `limit` at once, in order of start.
    ///
    /// What is in flight bounds the memory: `limit` elements and whatever `body` holds for each.
    /// The first error cancels the others and is rethrown once they have ended.
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
