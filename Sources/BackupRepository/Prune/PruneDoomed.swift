internal import Cryptography
internal import ObjectStorage
internal import Platform
internal import Retention
internal import Synchronization

/// The fourth step of a prune: all objects that no kept set needs. The packs are in the ledger.
struct PruneDoomed: Sendable {
    let judgement: PruneJudgement
    /// Manifests without a set whose runs seem to be dead: announced or not, with an outcome or not.
    let orphans: [Orphan]
    /// Dropped sets that no intent names yet.
    let dropped: [PruneIntent.DroppedSet]
    /// Components of which no object may be removed, with the reason.
    let sealed: [String: String]

    struct Orphan: Sendable {
        let component: String
        let manifest: PruneIntent.OrphanManifest
    }

    var listing: PruneListing { judgement.listing }
    var ledger: PruneLedger { listing.ledger }

    init(_ judgement: PruneJudgement) async throws {
        self.judgement = judgement
        let orphaned = try await judgement.listing.prune.pool.run { try OrphanSearch(beside: judgement) }
        orphans = orphaned.orphans
        sealed = judgement.sealed.merging(orphaned.sealed) { _, new in new }
        dropped = try await Self.holdDropped(judgement)
    }

    /// Returns true if a set names the manifest with this hash.
    func isInUse(_ component: String, manifest digest: String) throws -> Bool {
        guard let digest = Digest(hex: digest) else { return false }
        return try ledger.isNamed(component, digest: digest.bytes)
    }

    /// Holds all objects that a dropped set needs until an intent that names the set is due.
    /// - Returns: the dropped sets that no intent names yet.
    private static func holdDropped(_ judgement: PruneJudgement) async throws -> [PruneIntent.DroppedSet] {
        let listing = judgement.listing
        let prune = listing.prune
        let due = Set(listing.due.flatMap { $0.intent.sets.map(\.name) })
        let announced = Set(listing.intents.flatMap { $0.intent.sets.map(\.name) })
        let waiting = judgement.plan.decisions.filter {
            let name = Timestamp(seconds: $0.set.time)
            return !judgement.kept.contains(name) && !due.contains(name)
        }
        let found = Mutex([Timestamp: [PruneIntent.DroppedManifest]]())
        try await waiting.map { Timestamp(seconds: $0.set.time) }.concurrentForEach(limit: prune.lanes) { name in
            try await prune.pool.run {
                let manifests = try hold(name, in: listing)
                found.withLock { $0[name] = manifests }
            }
        }
        let manifests = found.withLock { $0 }
        return waiting.compactMap { decision in
            let name = Timestamp(seconds: decision.set.time)
            guard !announced.contains(name) else { return nil }
            return .init(name: name, reasons: decision.reasons.map(\.text), manifests: manifests[name] ?? [])
        }
    }

    /// - Returns: the manifests of the set.
    private static func hold(_ set: Timestamp, in listing: PruneListing) throws -> [PruneIntent.DroppedManifest] {
        try Task.checkCancellation()
        let ledger = listing.ledger
        return try ledger.uses(ofSet: set.seconds).map { use in
            var entry = PruneIntent.DroppedManifest(
                component: use.component, name: Timestamp(seconds: use.manifest), source: use.source, facts: [:])
            try ledger.need(.held, manifest: use.manifest, of: use.component)
            do {
                let manifest = try listing.prune.repository.manifest(
                    use.component, entry.name, sha256: Digest(bytes: use.digest))
                entry.facts = manifest.facts
                try ledger.need(.held, packs: manifest.packs.map(\.pack), of: use.component)
            } catch let error as RepositoryError where error.isUnreadable {}
            return entry
        }
    }
}

/// The permission to remove and announce doomed objects. A frozen prune has none.
struct PrunePermit: Sendable {
    let doomed: PruneDoomed

    init?(_ doomed: PruneDoomed) {
        guard doomed.judgement.frozen.isEmpty else { return nil }
        self.doomed = doomed
    }

    var prune: Prune { doomed.listing.prune }
    var judgement: PruneJudgement { doomed.judgement }
    var listing: PruneListing { doomed.listing }
    var clock: PruneClock { doomed.listing.clock }
    var ledger: PruneLedger { doomed.ledger }
}
