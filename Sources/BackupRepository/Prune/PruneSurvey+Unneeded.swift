internal import Cryptography
internal import ObjectStorage
internal import Platform
internal import Retention
internal import Synchronization

/// What no kept set needs.
extension PruneSurvey {
    /// Of sets that are dropped but not due, everything stays for now.
    mutating func holdDropped() async throws {
        let due = Set(pending.filter(\.isDue).flatMap { $0.intent.sets.map(\.name) })
        let announced = Set(pending.flatMap { $0.intent.sets.map(\.name) })
        let waiting = plan.decisions.filter {
            let name = Timestamp(seconds: $0.set.time)
            return !kept.contains(name) && !due.contains(name)
        }
        let (repository, ledger, pool) = (repository, ledger, prune.pool)
        let found = Mutex([Timestamp: [PruneIntent.DroppedManifest]]())
        try await waiting.map { Timestamp(seconds: $0.set.time) }.concurrentForEach(limit: prune.lanes) { name in
            try await pool.run {
                try Task.checkCancellation()
                var manifests: [PruneIntent.DroppedManifest] = []
                for use in try ledger.uses(ofSet: name.seconds) {
                    var entry = PruneIntent.DroppedManifest(
                        component: use.component, name: Timestamp(seconds: use.manifest), source: use.source, facts: [:]
                    )
                    try ledger.need(.held, manifest: use.manifest, of: use.component)
                    do {
                        let manifest = try repository.manifest(
                            use.component, entry.name, sha256: Digest(bytes: use.digest))
                        entry.facts = manifest.facts
                        try ledger.need(.held, packs: manifest.packs.map(\.pack), of: use.component)
                    } catch let error as RepositoryError where error.reason == .damaged {}
                    manifests.append(entry)
                }
                found.withLock { $0[name] = manifests }
            }
        }
        let manifests = found.withLock { $0 }
        dropped = waiting.compactMap { decision in
            let name = Timestamp(seconds: decision.set.time)
            guard !announced.contains(name) else { return nil }
            return .init(name: name, reasons: decision.reasons.map(\.text), manifests: manifests[name] ?? [])
        }
    }

    /// Manifests that no set names: of a run on its way, of one that was killed, of a set that a killed prune removed.
    mutating func sortOrphans() throws {
        let removedBefore = Set(
            pending.flatMap { $0.intent.sets.flatMap(\.manifests) }.map { Layout.manifest($0.component, $0.name) })
        for entry in try ledger.unneededManifests() where entry.need == .none {
            try Task.checkCancellation()
            let name = Timestamp(seconds: entry.name)
            guard try !ledger.isNamed(entry.component, manifest: entry.name) else { continue }
            if removedBefore.contains(Layout.manifest(entry.component, name)) { continue }
            try sortOrphan(entry, name)
        }
    }

    private mutating func sortOrphan(_ entry: PruneLedger.Unneeded, _ name: Timestamp) throws {
        let age = entry.modified == .max ? 0 : storeNow - entry.modified
        let seemsDead = age >= prune.grace && entry.modified < protectedSince
        guard let manifest = try readOrphan(entry.component, name) else {
            // What it needs is not known. Only time tells that nobody will.
            if seemsDead, age >= RunMark.life {
                orphans.append((entry.component, .init(name: name, run: nil)))
            } else {
                sealed[entry.component] = "'\(Layout.manifest(entry.component, name))' cannot be read"
            }
            return
        }
        let packs = manifest.packs.map(\.pack)
        guard let run = manifest.run else {
            if seemsDead, age >= RunMark.life {
                orphans.append((entry.component, .init(name: name, run: nil)))
                return
            }
            return try keep(entry, packs)
        }
        if settled.contains(run) {
            orphans.append((entry.component, .init(name: name, run: run)))
        } else if seemsDead {
            orphans.append((entry.component, .init(name: name, run: run)))
            try ledger.need(.held, manifest: entry.name, of: entry.component)
            try ledger.need(.held, packs: packs, of: entry.component)
        } else {
            try keep(entry, packs)
        }
    }

    private func keep(_ entry: PruneLedger.Unneeded, _ packs: [String]) throws {
        try ledger.need(.kept, manifest: entry.name, of: entry.component)
        try ledger.need(.kept, packs: packs, of: entry.component)
    }

    private func readOrphan(_ component: String, _ name: Timestamp) throws -> Manifest? {
        do {
            return try repository.manifest(component, name)
        } catch let error as RepositoryError where error.reason == .damaged {
            return nil
        }
    }
}
