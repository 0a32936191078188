internal import Cryptography
internal import ObjectStorage
internal import Platform
internal import Retention
internal import Synchronization

/// The manifests of kept sets, read to record in the ledger the objects that they need.
struct KeptProof: Sendable {
    /// For each set, the components whose manifests cannot be read, with the reason.
    let damaged: [Timestamp: [String: String]]
    /// Sets whose runs were abandoned before they ended.
    let dead: [Timestamp]
    /// For each set that lacks a pack, the first one.
    let lost: [Timestamp: ObjectKey]

    /// The decisions on the sets so far.
    struct Terms: Sendable {
        let plan: RetentionPlan
        /// By set, in seconds since 1970.
        let lockEnds: [Timestamp: Int]
        /// Collects the needs of the sets for each pack.
        let sparse: SparsePacks
    }

    private struct Found {
        var damaged: [Timestamp: [String: String]] = [:]
        var dead: [Timestamp] = []
        var lost: [Timestamp: ObjectKey] = [:]
        /// Packs that the listing lacks: each is asked for once. True if it is lost.
        var sought: [ObjectKey: Bool] = [:]
    }

    init(of names: [Timestamp], as terms: Terms, in listing: PruneListing) async throws {
        let prune = listing.prune
        let newest = terms.plan.kept.last { $0.time <= listing.clock.now.seconds }.map { Timestamp(seconds: $0.time) }
        let found = Mutex(Found())
        // The newest set alone and first: the others are compared with it.
        for names in [names.filter { $0 == newest }, names.filter { $0 != newest }] {
            try await names.concurrentForEach(limit: prune.lanes) { name in
                try await prune.pool.run {
                    let (hasRun, damaged) = try Self.need(name, isNewest: name == newest, as: terms, in: listing) {
                        try Self.look(for: $0, of: $1, in: listing, found)
                    } lost: { key in
                        found.withLock { $0.lost[name] = $0.lost[name] ?? key }
                    }
                    if !damaged.isEmpty { found.withLock { $0.damaged[name] = damaged } }
                    if try hasRun && Self.isGivenUp(name, in: listing) { found.withLock { $0.dead.append(name) } }
                }
            }
        }
        (damaged, dead, lost) = found.withLock { ($0.damaged, $0.dead, $0.lost) }
    }

    /// Asks the store for a pack that the listing lacks: a listing may lag behind.
    /// - Returns: the key of the first object that is missing; nil if the pack is there.
    private static func look(
        for pack: String, of component: String, in listing: PruneListing, _ found: borrowing Mutex<Found>
    ) throws -> ObjectKey? {
        let store = listing.prune.repository.store
        let keys =
            [Layout.index(component, pack)] + [false, true].map { Layout.pack(component, pack, isEncrypted: $0) }
        if let known = found.withLock({ $0.sought[keys[0]] }) { return known ? keys[1] : nil }
        let hasIndex = try store.head(keys[0]) != nil
        let hasContent = try keys.dropFirst().contains { try store.head($0) != nil }
        found.withLock { $0.sought[keys[0]] = !(hasIndex && hasContent) }
        return hasIndex ? hasContent ? nil : keys[1] : keys[0]
    }

    /// Marks the objects of one set as needed.
    /// - Returns: true if one of its manifests names the run that wrote it, and the components that cannot be read.
    private static func need(
        _ name: Timestamp, isNewest: Bool, as terms: Terms, in listing: PruneListing,
        seek: (_ pack: String, _ component: String) throws -> ObjectKey?, lost: (ObjectKey) -> Void
    ) throws -> (hasRun: Bool, damaged: [String: String]) {
        try Task.checkCancellation()
        let (repository, ledger) = (listing.prune.repository, listing.ledger)
        var hasRun = false
        var damaged: [String: String] = [:]
        let lockEnd = terms.lockEnds[name] ?? 0
        for use in try ledger.uses(ofSet: name.seconds) {
            try ledger.need(.kept, manifest: use.manifest, of: use.component, lockEnd: lockEnd)
            do {
                var reading = repository
                // A manifest that the store has lost must not look intact because this machine has it.
                if try ledger.manifest(use.component, use.manifest) == nil { reading.cache = nil }
                let manifest = try reading.manifest(
                    use.component, Timestamp(seconds: use.manifest), sha256: Digest(bytes: use.digest))
                try ledger.need(.kept, packs: manifest.packs.map(\.pack), of: use.component, lockEnd: lockEnd)
                for use in manifest.packs where try !ledger.isWhole(manifest.component, pack: use.pack) {
                    guard let key = try seek(use.pack, manifest.component) else { continue }
                    lost(key)
                    if isNewest { terms.sparse.lose(use.pack, of: manifest.component) }
                }
                if isNewest { terms.sparse.seed(manifest) } else { terms.sparse.add(manifest) }
                hasRun = hasRun || manifest.run != nil
            } catch let error as RepositoryError where error.isUnreadable {
                damaged[use.component] = "\(error)"
            }
        }
        return (hasRun, damaged)
    }

    /// Settles the run of a set if the run was killed right after writing it, before anything depends on the set.
    private static func isGivenUp(_ name: Timestamp, in listing: PruneListing) throws -> Bool {
        let prune = listing.prune
        guard !prune.isDryRun, let run = try listing.ledger.run(ofSet: name.seconds), !listing.outcomes.contains(run)
        else { return false }
        let store = prune.repository.store
        let outcome = try SpaceReserve(store: store).spending {
            try OutcomeMark.settle(run, as: .committed, at: listing.clock.now, in: Marks(prune.repository))
        }
        return outcome == .void
    }
}
