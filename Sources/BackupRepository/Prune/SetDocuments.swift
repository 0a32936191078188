internal import Cryptography
internal import ObjectStorage
internal import Platform
internal import Retention
internal import Synchronization

/// The documents of sets, read for a prune.
struct SetDocuments: Sendable {
    let facts: [SetFacts]
    /// Documents that cannot be read, with the reason, except of sets that an operator dropped.
    let unreadable: [Timestamp: RepositoryError]
    /// Objects that dr did not write, under keys of sets. No set of dr needs what they name.
    let foreign: [Timestamp]

    private struct Found {
        var facts: [SetFacts] = []
        var unreadable: [Timestamp: RepositoryError] = [:]
        var foreign: [Timestamp] = []
    }

    /// Reads them, and records in the ledger the manifests that they name.
    init(of names: [Timestamp], in listing: PruneListing) async throws {
        guard !names.isEmpty else {
            (facts, unreadable, foreign) = ([], [:], [])
            return
        }
        let (prune, ledger, marks, now) = (listing.prune, listing.ledger, listing.marks, listing.clock.now)
        let (repository, pool) = (prune.repository, prune.pool)
        prune.progress.update { $0.phase = "reading sets" }
        let void = try await pool.run { try VoidRuns(listing: repository) }
        let found = Mutex(Found())
        try await names.concurrentForEach(limit: prune.lanes) { name in
            try await pool.run {
                do {
                    let set = try repository.set(name, void: nil)
                    let isAbandoned = try void.contains(set.run)
                    try ledger.addSet(
                        name.seconds, run: set.run, previous: set.previous?.seconds,
                        uses: set.components.map { component, part in
                            .init(
                                component: component, manifest: part.manifest.seconds, digest: part.sha256.bytes,
                                source: part.source)
                        })
                    var facts = marks.retentionFacts(of: set, at: now, in: repository.scope)
                    facts.isAbandoned = isAbandoned
                    found.withLock { $0.facts.append(facts) }
                } catch let error as RepositoryError
                    where error.isUnreadable || error.reason == .newerVersion && marks[name].dropReason(at: now) != nil
                {
                    if let dropped = marks[name].dropReason(at: now) {
                        // No set needs its objects any more, and a prune removes them as such.
                        try ledger.addSet(name.seconds, run: "", previous: nil, uses: [])
                        found.withLock { $0.facts.append(.unreadable(name, dropReason: dropped)) }
                    } else if try repository.isForeign(name, at: now) {
                        found.withLock { $0.foreign.append(name) }
                    } else {
                        found.withLock {
                            $0.facts.append(.unreadable(name))
                            $0.unreadable[name] = error
                        }
                    }
                } catch let error as RepositoryError where error.reason == .noSuchSet {
                    return  // another prune removed it first
                }
            }
        }
        (facts, unreadable, foreign) = found.withLock { ($0.facts, $0.unreadable, $0.foreign.sorted()) }
    }
}

extension SetFacts {
    fileprivate static func unreadable(_ name: Timestamp, dropReason: String? = nil) -> SetFacts {
        var facts = SetFacts(time: name.seconds, isComplete: false, isDamaged: true)
        facts.dropReason = dropReason
        return facts
    }
}
