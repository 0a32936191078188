internal import Cryptography
internal import ObjectStorage
internal import Platform

/// The second phase: deletes the objects of intents whose grace period is over, if they are still not needed.
///
/// Sets are deleted first, then manifests, indexes and packs: a crash leaves unreferenced objects, and an intent that
/// names them.
struct PruneExecution: Sendable {
    private let permit: PrunePermit

    init(_ permit: PrunePermit) { self.permit = permit }

    private var prune: Prune { permit.prune }
    private var ledger: PruneLedger { permit.ledger }
    private var due: [PendingIntent] { permit.listing.due }
    private var deletion: ObjectDeletion { ObjectDeletion(permit) }

    func carryOut() async throws -> Removal {
        prune.progress.update { $0.phase = "removing" }
        let proven = try await prune.pool.run { try provenManifests() }
        let removal = try await prune.pool.run { try removeStored() }
        guard !due.isEmpty, !prune.isDryRun else { return removal }
        let forgetting = try await forget(proven)
        let unfinished = forgetting.unfinished.union(due.filter { $0.intent.names(removal.left) }.map(\.key))
        return try await prune.pool.run {
            var closed = removal
            closed.warnings += forgetting.warnings
            try finish(except: unfinished, &closed)
            return closed
        }
    }

    // MARK: Deleting

    private func removeStored() throws -> Removal {
        var removal = Removal(sealed: permit.doomed.sealed)
        try removeSets(&removal)
        try keepLocked(&removal)
        try removeManifests(&removal)
        try removePacks(&removal)
        return removal
    }

    private func removeSets(_ removal: inout Removal) throws {
        let names = Set(due.flatMap { $0.intent.sets.map(\.name) }).subtracting(permit.judgement.kept)
        let present = try names.sorted().filter { try ledger.hasSet($0.seconds) }
        let refused = try deletion.delete(present.map { Layout.set($0) }, &removal)
        for name in present {
            guard !refused.contains(Layout.set(name)) else {
                removal.fates[name] = .locked
                continue
            }
            removal.fates[name] = .removed
            removal.removed.sets += 1
            removal.removed.add(bytes: permit.listing.sets[name] ?? 0)
            if let run = try ledger.run(ofSet: name.seconds) { removal.runs.append(run) }
            try ledger.removeSet(name.seconds)
        }
    }

    /// Keeps a set whole if it cannot be removed.
    private func keepLocked(_ removal: inout Removal) throws {
        for (name, fate) in removal.fates.sorted(by: { $0.key < $1.key }) where fate == .locked {
            for use in try ledger.uses(ofSet: name.seconds) {
                try ledger.need(.kept, manifest: use.manifest, of: use.component)
                do {
                    let manifest = try prune.repository.manifest(
                        use.component, Timestamp(seconds: use.manifest), sha256: .init(bytes: use.digest))
                    try ledger.need(.kept, packs: manifest.packs.map(\.pack), of: use.component)
                } catch let error as RepositoryError where error.isUnreadable {
                    removal.sealed[use.component] = "\(error)"
                }
            }
        }
    }

    private func removeManifests(_ removal: inout Removal) throws {
        let settled = permit.judgement.facts.settledRuns
        let dead = Set(
            permit.doomed.orphans.filter { $0.manifest.run.map(settled.contains) ?? true }
                .map { Layout.manifest($0.component, $0.manifest.name) })
        var doomed: [ObjectKey: (component: String, name: Timestamp)] = [:]
        for pending in due {
            for manifest in pending.intent.sets.flatMap(\.manifests) {
                doomed[Layout.manifest(manifest.component, manifest.name)] = (manifest.component, manifest.name)
            }
            for (component, manifests) in pending.intent.orphans {
                for manifest in manifests {
                    let key = Layout.manifest(component, manifest.name)
                    if dead.contains(key) { doomed[key] = (component, manifest.name) }
                }
            }
        }
        var keys: [ObjectKey] = []
        var sizes: [ObjectKey: Int] = [:]
        for (key, entry) in doomed.sorted(by: { $0.key < $1.key }) where removal.sealed[entry.component] == nil {
            guard let listed = try ledger.manifest(entry.component, entry.name.seconds), listed.need != .kept,
                try !ledger.isNamed(entry.component, manifest: entry.name.seconds)
            else { continue }
            keys.append(key)
            sizes[key] = listed.bytes
        }
        let refused = try deletion.delete(keys, &removal)
        for (key, size) in sizes where !refused.contains(key) {
            removal.removed.manifests += 1
            removal.removed.add(bytes: size)
        }
    }

    private func removePacks(_ removal: inout Removal) throws {
        var page: [DoomedPack] = []
        for pending in due {
            for (component, packs) in pending.intent.packs.sorted(by: { $0.key < $1.key })
            where removal.sealed[component] == nil {
                for id in packs {
                    try Task.checkCancellation()
                    guard let listed = try ledger.pack(component, id), listed.need == .none else { continue }
                    // It is in two intents if two prunes announced it.
                    try ledger.need(.held, packs: [id], of: component)
                    page.append(DoomedPack(component: component, id: id, bytes: listed.bytes))
                    if page.count == ObjectDeletion.batch {
                        try deletion.delete(page, &removal)
                        page.removeAll()
                    }
                }
            }
        }
        try deletion.delete(page, &removal)
    }

    // MARK: Other keeping

    /// A manifest of a set that is about to be removed.
    private struct ManifestName: Hashable, Sendable {
        let set: Timestamp, component: String
    }

    /// Reads the manifests of the sets to remove while their sets still prove them. An intent alone proves nothing unless
    /// it is signed; it is the only source after a prune that was killed between removing a set and this.
    private func provenManifests() throws -> [ManifestName: PruneIntent.DroppedManifest] {
        guard !prune.isDryRun else { return [:] }
        var proven: [ManifestName: PruneIntent.DroppedManifest] = [:]
        for set in Set(due.flatMap { $0.intent.sets.map(\.name) }).subtracting(permit.judgement.kept) {
            for use in try ledger.uses(ofSet: set.seconds) {
                let name = Timestamp(seconds: use.manifest)
                var manifest = PruneIntent.DroppedManifest(
                    component: use.component, name: name, source: use.source, facts: [:])
                do {
                    manifest.facts =
                        try prune.repository.manifest(use.component, name, sha256: Digest(bytes: use.digest)).facts
                } catch let error as RepositoryError where error.isUnreadable {}
                proven[ManifestName(set: set, component: use.component)] = manifest
            }
        }
        return proven
    }

    /// Reads the facts of the manifests that kept sets name.
    private func keptFacts(of component: String) throws -> [[String: String]] {
        try permit.judgement.kept.sorted().flatMap { set in
            try ledger.uses(ofSet: set.seconds).filter { $0.component == component }.map { use in
                try prune.repository.manifest(
                    component, Timestamp(seconds: use.manifest), sha256: Digest(bytes: use.digest)
                ).facts
            }
        }
    }

    /// Removes data that the backups of removed sets stored in their components.
    /// - Returns: the intents for which some data could not be removed.
    private func forget(
        _ proven: [ManifestName: PruneIntent.DroppedManifest]
    ) async throws -> (unfinished: Set<ObjectKey>, warnings: [String]) {
        var unfinished: Set<ObjectKey> = []
        var warnings: [String] = []
        for pending in due {
            for set in pending.intent.sets where try !ledger.hasSet(set.name.seconds) {
                for announced in set.manifests {
                    let manifest = proven[ManifestName(set: set.name, component: announced.component)] ?? announced
                    let keeping: @Sendable () async throws -> [[String: String]] = {
                        try await prune.pool.run { try keptFacts(of: manifest.component) }
                    }
                    do { try await prune.forget(manifest, keeping) } catch is CancellationError {
                        throw CancellationError()
                    } catch {
                        unfinished.insert(pending.key)
                        warnings.append(
                            "\(manifest.component): the data that the backup of \(manifest.name) stored in the "
                                + "component were not removed, the next prune tries again: \(error)")
                    }
                }
            }
        }
        return (unfinished, warnings)
    }

    // MARK: Closing the books

    /// Records the removed sets, then removes the completed intents. In this order, because a backup that no longer
    /// finds an intent does not look for the record.
    private func finish(except unfinished: Set<ObjectKey>, _ removal: inout Removal) throws {
        let store = prune.repository.store
        let marks = Marks(prune.repository)
        var gone = Set(try due.flatMap { $0.intent.sets.map(\.name) }.filter { try !ledger.hasSet($0.seconds) })
        var old: [ObjectKey] = []
        var unusable: [RepositoryError] = []
        try marks.forEach(PrunedMark.self, unreadable: { unusable.append($0) }) { info, mark in
            gone.formUnion(mark.sets)
            old.append(info.key)
        }
        removal.warnings += RepositoryError.warnings(aboutMarks: unusable)
        // A run in progress may have a set as its previous one that was removed meanwhile: recent names always stay.
        let names = gone.sorted()
        let recent = Set(names.suffix(Self.recentNames))
        let needed = try names.filter { try recent.contains($0) || ledger.isPrevious($0.seconds) }
        try SpaceReserve(store: store).spending {
            try marks.put(PrunedMark(at: permit.clock.now, tool: prune.tool, sets: needed))
        }
        let finished = due.map(\.key).filter { !unfinished.contains($0) }
        let outcomes = removal.runs.map { Marks.key(OutcomeMark.kind, ofRun: $0) }
        try deletion.deleteUnasked(finished + old + outcomes, &removal)
    }

    private static let recentNames = 1000
}

extension PruneIntent {
    /// Returns true if some of its objects are in `keys`.
    fileprivate func names(_ keys: Set<ObjectKey>) -> Bool {
        guard !keys.isEmpty else { return false }
        return sets.contains { set in
            keys.contains(Layout.set(set.name))
                || set.manifests.contains { keys.contains(Layout.manifest($0.component, $0.name)) }
        }
            || orphans.contains { component, manifests in
                manifests.contains { keys.contains(Layout.manifest(component, $0.name)) }
            }
            || packs.contains { component, ids in
                ids.contains { !keys.isDisjoint(with: DoomedPack(component: component, id: $0, bytes: 0).objects) }
            }
    }
}
