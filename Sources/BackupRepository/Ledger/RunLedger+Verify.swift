package import Platform

extension RunLedger {
    /// The result of a verification of the whole ledger.
    package struct Report: Codable, Equatable, Sendable {
        package var entries: Int
        /// The entries with a valid signature of a trusted signer.
        package var signed: Int
        /// True if the configuration requires signatures.
        package var requiresSignatures: Bool
        package var newest: LedgerHead?
        /// The number of sets that name an entry, and agree with the ledger or not.
        package var sets: Int
        /// The newest entry that this host knew.
        package var known: LedgerHead?
        package var findings: [LedgerChain.Finding]
    }

    /// Reads the whole ledger: follows the chain, checks each signature, and compares it with the sets and with the memory
    /// of this host.
    /// - Parameter visit: is called with each entry, in the order of the numbers.
    package func verify(
        known: LedgerHead?, pool: BlockingPool, visit: (Stored) throws -> Void = { _ in }
    ) async throws -> Report {
        let repository = repository
        let names = try await pool.run { try repository.setNames() }
        // Before the entries: a set that is written meanwhile may name an entry that this listing lacks.
        let (sets, _) = try await repository.sets(names, pool: pool)
        let listing = try await pool.run { try self.listing() }
        var chain = LedgerChain()
        var named = 0
        for set in sets {
            guard let head = set.ledger else { continue }
            named += 1
            chain.expect(head, of: "set \(set.name)")
        }
        if let known { chain.expect(known, of: "this host") }
        for key in listing.foreign { chain.note(.init(.foreign, of: nil, "'\(key.printable)' is not an entry")) }
        try await forEach(listing.numbers, pool: pool) { _, stored in
            if let stored {
                chain.follow(stored)
                try visit(stored)
            }
            return .proceed
        }
        chain.finish()
        return Report(
            entries: chain.entries, signed: chain.signed, requiresSignatures: repository.signing.isRequired,
            newest: chain.newest, sets: named, known: known, findings: chain.findings)
    }
}
