internal import ObjectStorage
internal import Platform

extension Repository {
    /// Reads packs side by side, in memory that all work of the process shares. The first error ends the others.
    /// - Parameters:
    ///   - lanes: the number of packs that are read at the same time, if there is memory for them.
    ///   - target: a store that the packs are also written to; nil for none.
    ///   - body: reads one pack. It may block.
    func forEachPack<Pack: Sendable>(
        of packs: some Sequence<Pack>, lanes: Int, on pool: BlockingPool, to target: (any ObjectStore)? = nil,
        memory: SharedBudget = .memory, _ body: @escaping @Sendable (Pack) throws -> Void
    ) async throws {
        let bytes = PackReader.memory + store.memoryOfTransfer + (target?.memoryOfTransfer ?? 0)
        try await packs.concurrentForEach(limit: lanes) { pack in
            try await memory.with(bytes) { try await pool.run { try body(pack) } }
        }
    }
}
