internal import ObjectStorage
internal import Platform

extension Repository {
    /// Reads packs side by side, in memory that all work of the process shares. The first error ends the others.
    /// - Parameters:
    ///   - lanes: the number of packs that are read at the same time, if there is memory for them.
    ///   - writer: the bytes of memory that writing a pack elsewhere needs.
    ///   - body: reads one pack. It may block.
    func forEachPack<Pack: Sendable>(
        of packs: some Sequence<Pack>, lanes: Int, on pool: BlockingPool, writer: Int = 0,
        memory: SharedBudget = .memory, _ body: @escaping @Sendable (Pack) throws -> Void
    ) async throws {
        let bytes = PackReader.memory + store.memoryOfTransfer + writer
        try await packs.concurrentForEach(limit: lanes) { pack in
            try await memory.with(bytes) { try await pool.run { try body(pack) } }
        }
    }
}
