internal import ObjectStorage

/// Manifests that no set names: of a run in progress, of a killed run, or of a set that a killed prune removed.
struct OrphanSearch: Sendable {
    /// Orphans whose runs seem to be dead.
    let orphans: [PruneDoomed.Orphan]
    /// Components whose needs are not fully known because of an unreadable manifest, with the reason.
    let sealed: [String: String]

    /// The action for a manifest without a set.
    private enum Fate {
        /// No set needs it or any object that it names.
        case orphan(run: String?)
        /// It may be announced, but its run has no outcome yet.
        case heldOrphan(run: String)
        /// A run in progress may still include it in a set.
        case kept
        /// Its packs are not known, so no object of its component may be removed.
        case unreadable
    }

    init(beside judgement: PruneJudgement) throws {
        let ledger = judgement.listing.ledger
        let removedBefore = Set(
            judgement.listing.intents.flatMap { $0.intent.sets.flatMap(\.manifests) }
                .map { Layout.manifest($0.component, $0.name) })
        var orphans: [PruneDoomed.Orphan] = []
        var sealed: [String: String] = [:]
        for entry in try ledger.unneededManifests() where entry.need == .none {
            try Task.checkCancellation()
            let key = Layout.manifest(entry.component, Timestamp(seconds: entry.name))
            guard try !ledger.isNamed(entry.component, manifest: entry.name), !removedBefore.contains(key) else {
                continue
            }
            func found(ofRun run: String?) {
                let manifest = PruneIntent.OrphanManifest(name: Timestamp(seconds: entry.name), run: run)
                orphans.append(.init(component: entry.component, manifest: manifest))
            }
            let manifest = try Self.manifest(of: entry, in: judgement.listing.prune.repository)
            switch Self.fate(of: entry, manifest, given: judgement.facts) {
            case .orphan(let run): found(ofRun: run)
            case .heldOrphan(let run):
                found(ofRun: run)
                try Self.need(.held, entry, naming: manifest, in: ledger)
            case .kept: try Self.need(.kept, entry, naming: manifest, in: ledger)
            case .unreadable: sealed[entry.component] = "'\(key)' cannot be read"
            }
        }
        (self.orphans, self.sealed) = (orphans, sealed)
    }
    private static func fate(of entry: PruneLedger.Unneeded, _ manifest: Manifest?, given facts: PruneFacts) -> Fate {
        let listing = facts.listing
        let seemsDead = listing.seemsAbandoned(entry.modified)
        // There is no other evidence that such a manifest will never be part of a set.
        let isOutlived = seemsDead && listing.clock.age(of: entry.modified) >= RunMark.life
        guard let manifest else { return isOutlived ? .orphan(run: nil) : .unreadable }
        guard let run = manifest.run else { return isOutlived ? .orphan(run: nil) : .kept }
        if facts.settledRuns.contains(run) { return .orphan(run: run) }
        return seemsDead ? .heldOrphan(run: run) : .kept
    }

    private static func need(
        _ need: PruneLedger.Need, _ entry: PruneLedger.Unneeded, naming manifest: Manifest?, in ledger: PruneLedger
    ) throws {
        try ledger.need(need, manifest: entry.name, of: entry.component)
        try ledger.need(need, packs: manifest?.packs.map(\.pack) ?? [], of: entry.component)
    }

    private static func manifest(of entry: PruneLedger.Unneeded, in repository: Repository) throws -> Manifest? {
        do {
            return try repository.manifest(entry.component, Timestamp(seconds: entry.name))
        } catch let error as RepositoryError where error.isUnreadable {
            return nil
        }
    }
}
