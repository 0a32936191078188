internal import Cryptography
internal import ObjectStorage
package import Platform
internal import Synchronization

extension RunLedger {
    /// The keys below `marks/ledger/`.
    package struct Listing: Sendable {
        /// The numbers of the entries, ascending.
        package var numbers: [Int] = []
        /// Keys that dr did not write: at most a hundred.
        package var foreign: [String] = []
    }

    /// Lists the entries. Blocks.
    package func listing() throws -> Listing {
        var listing = Listing()
        try repository.store.listDocuments(prefix: Marks.prefix(LedgerEntry.kind)) { object in
            if let number = Self.number(in: object.key) {
                listing.numbers.append(number)
            } else if listing.foreign.count < 100 {
                listing.foreign.append(object.key.text)
            }
        }
        return listing
    }

    /// Reads entries, 16 at the same time, and calls `body` with each in the order of `numbers`. Memory is bounded: it holds
    /// 256 entries at once.
    /// - Parameter body: gets nil for an entry that is gone.
    package func forEach(
        _ numbers: some Collection<Int> & Sendable, pool: BlockingPool,
        _ body: (Int, Stored?) throws -> LedgerReadingAction
    ) async throws {
        var rest = Array(numbers)[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(256))
            rest = rest.dropFirst(batch.count)
            let found = Mutex<[Int: Stored]>([:])
            try await batch.concurrentForEach(limit: 16) { number in
                let stored = try await pool.run { try read(number) }
                if let stored { found.withLock { $0[number] = stored } }
            }
            let entries = found.withLock { $0 }
            for number in batch where try body(number, entries[number]) == .stop { return }
        }
    }
}

/// The answer of a reader of entries.
package enum LedgerReadingAction: Sendable { case proceed, stop }
