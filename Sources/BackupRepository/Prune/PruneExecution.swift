internal import Cryptography
internal import ObjectStorage
internal import Platform

/// The second phase: deletes what intents announced long enough ago, and what was found to be unneeded still.
///
/// Sets go first, then manifests, indexes and packs: a crash leaves things that nothing refers to, and an intent that
/// knows of them.
struct PruneExecution: Sendable {
    let prune: Prune
    let survey: PruneSurvey

    private var store: any ObjectStore { prune.repository.store }
    private var ledger: PruneLedger { survey.ledger }
    private var due: [PruneSurvey.PendingIntent] { survey.pending.filter(\.isDue) }

    /// Keys in one request: S3 takes a thousand.
    private static let batch = 300

    func carryOut(_ report: inout PruneReport) async throws {
        prune.progress.update { $0.phase = "removing" }
        let outcome = try await prune.pool.run { [report] in
            var report = report
            var left: Set<ObjectKey> = []
            return (try removeStored(&left, &report), left, report)
        }
        let (runs, left) = (outcome.0, outcome.1)
        report = outcome.2
        guard !due.isEmpty, !prune.isDryRun else { return }
        var unfinished = Set(due.filter { $0.intent.names(left) }.map(\.key))
        for pending in due {
            for set in pending.intent.sets where try !ledger.hasSet(set.name.seconds) {
                for manifest in set.manifests {
                    do { try await prune.forget(manifest) } catch is CancellationError {
                        throw CancellationError()
                    } catch {
                        unfinished.insert(pending.key)
                        report.warnings.append(
                            "\(manifest.component): what the backup of \(manifest.name) left behind in its own keeping "
                                + "was not removed, the next prune tries again: \(error)")
                    }
                }
            }
        }
        report = try await prune.pool.run { [report, unfinished] in
            var report = report
            try finish(unfinished, runs, &report)
            return report
        }
    }

    // MARK: Deleting

    /// - Parameter left: gets the objects that the store did not let go.
    /// - Returns: the runs of the sets that were removed.
    private func removeStored(_ left: inout Set<ObjectKey>, _ report: inout PruneReport) throws -> [String] {
        if !survey.deadSets.isEmpty {
            let names = survey.deadSets.map(\.description).joined(separator: ", ")
            report.warnings.append("removed what was written as a set after its run had been given up: \(names)")
            left.formUnion(try delete(survey.deadSets.map { Layout.set($0) }, &report))
        }
        let runs = try removeSets(&left, &report)
        var sealed = survey.sealed
        try keepLocked(&sealed, report)
        try removeManifests(except: sealed, &left, &report)
        try removePacks(except: sealed, &left, &report)
        report.sealed = sealed
        return runs
    }

    private func removeSets(_ left: inout Set<ObjectKey>, _ report: inout PruneReport) throws -> [String] {
        let names = Set(due.flatMap { $0.intent.sets.map(\.name) }).filter { !survey.kept.contains($0) }
        let present = try names.sorted().filter { try ledger.hasSet($0.seconds) }
        let refused = try delete(present.map { Layout.set($0) }, &report)
        left.formUnion(refused)
        var runs: [String] = []
        var fates: [Timestamp: PruneReport.Fate] = [:]
        for name in present {
            guard !refused.contains(Layout.set(name)) else {
                fates[name] = .locked
                continue
            }
            fates[name] = .removed
            report.removed.sets += 1
            report.removed.bytes = report.removed.bytes.addingClamped(survey.setBytes[name] ?? 0)
            if let run = try ledger.run(ofSet: name.seconds) { runs.append(run) }
            try ledger.removeSet(name.seconds)
        }
        for number in report.sets.indices {
            guard let fate = fates[report.sets[number].name] else { continue }
            report.sets[number].fate = fate
            report.sets[number].due = nil
        }
        return runs
    }

    /// A set that cannot be removed stays whole.
    private func keepLocked(_ sealed: inout [String: String], _ report: PruneReport) throws {
        for line in report.sets where line.fate == .locked {
            for use in try ledger.uses(ofSet: line.name.seconds) {
                try ledger.need(.kept, manifest: use.manifest, of: use.component)
                do {
                    let manifest = try prune.repository.manifest(
                        use.component, Timestamp(seconds: use.manifest), sha256: .init(bytes: use.digest))
                    try ledger.need(.kept, packs: manifest.packs.map(\.pack), of: use.component)
                } catch let error as RepositoryError where error.reason == .damaged {
                    sealed[use.component] = "\(error)"
                }
            }
        }
    }

    private func removeManifests(
        except sealed: [String: String], _ left: inout Set<ObjectKey>, _ report: inout PruneReport
    ) throws {
        let dead = Set(
            survey.orphans.filter { $0.manifest.run.map(survey.settled.contains) ?? true }
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
        for (key, entry) in doomed.sorted(by: { $0.key < $1.key }) where sealed[entry.component] == nil {
            guard let listed = try ledger.manifest(entry.component, entry.name.seconds), listed.need != .kept,
                try !ledger.isNamed(entry.component, manifest: entry.name.seconds)
            else { continue }
            keys.append(key)
            sizes[key] = listed.bytes
        }
        let refused = try delete(keys, &report)
        left.formUnion(refused)
        for (key, size) in sizes where !refused.contains(key) {
            report.removed.manifests += 1
            report.removed.bytes = report.removed.bytes.addingClamped(size)
        }
    }

    private struct DoomedPack {
        var component: String
        var id: String
        var bytes: Int

        var index: ObjectKey { Layout.index(component, id) }
        /// Whether a pack is encrypted is not asked: a key without an object is no error.
        var contents: [ObjectKey] { [false, true].map { Layout.pack(component, id, isEncrypted: $0) } }
    }

    private func removePacks(
        except sealed: [String: String], _ left: inout Set<ObjectKey>, _ report: inout PruneReport
    ) throws {
        var page: [DoomedPack] = []
        for pending in due {
            for (component, packs) in pending.intent.packs.sorted(by: { $0.key < $1.key })
            where sealed[component] == nil {
                for id in packs {
                    try Task.checkCancellation()
                    guard let listed = try ledger.pack(component, id), listed.need == .none else { continue }
                    // In two intents at once, where two prunes announced it.
                    try ledger.need(.held, packs: [id], of: component)
                    page.append(DoomedPack(component: component, id: id, bytes: listed.bytes))
                    if page.count == Self.batch {
                        left.formUnion(try remove(page, &report))
                        page.removeAll()
                    }
                }
            }
        }
        left.formUnion(try remove(page, &report))
    }

    /// A pack and its index go together or not at all, as far as locks tell before.
    private func remove(_ page: [DoomedPack], _ report: inout PruneReport) throws -> Set<ObjectKey> {
        let locked = try locked(page.flatMap { [$0.index] + $0.contents }, &report)
        let free = page.filter { locked.isDisjoint(with: [$0.index] + $0.contents) }
        let refused = try deleteUnasked(free.map(\.index), &report)
            .union(try deleteUnasked(free.flatMap(\.contents), &report))
        for pack in free where refused.isDisjoint(with: pack.contents) {
            report.removed.packs += 1
            report.removed.bytes = report.removed.bytes.addingClamped(pack.bytes)
        }
        return locked.union(refused)
    }

    // MARK: Asking first

    /// - Returns: the keys that are locked, or that the store did not let go.
    private func delete(_ keys: [ObjectKey], _ report: inout PruneReport) throws -> Set<ObjectKey> {
        let locked = try locked(keys, &report)
        return locked.union(try deleteUnasked(keys.filter { !locked.contains($0) }, &report))
    }

    /// The objects that a lock keeps. The store would hide them and keep them, and nobody would know.
    private func locked(_ keys: [ObjectKey], _ report: inout PruneReport) throws -> Set<ObjectKey> {
        guard prune.repository.lock != nil, let store = store as? any RetainingStore else { return [] }
        var locked: Set<ObjectKey> = []
        for key in keys {
            try Task.checkCancellation()
            do {
                guard let lock = try store.retention(of: key), lock.until > survey.storeNow else { continue }
                locked.insert(key)
                report.locked.add(key.text, until: Timestamp(seconds: lock.until))
            } catch let error as ObjectStoreError where error.reason == .notFound || error.reason == .unsupported {
                continue
            } catch let error as ObjectStoreError where error.reason == .denied {
                // Not to be told is no reason to hide what may be locked.
                locked.insert(key)
                note(error, key, &report)
            }
        }
        return locked
    }

    private func deleteUnasked(_ keys: [ObjectKey], _ report: inout PruneReport) throws -> Set<ObjectKey> {
        guard !prune.isDryRun else { return [] }
        var refused: Set<ObjectKey> = []
        for start in stride(from: 0, to: keys.count, by: Self.batch) {
            try Task.checkCancellation()
            for error in try store.delete(Array(keys[start..<min(start + Self.batch, keys.count)])) {
                guard let key = error.key else { throw error }
                refused.insert(key)
                note(error, key, &report)
            }
        }
        return refused
    }

    private func note(_ error: ObjectStoreError, _ key: ObjectKey, _ report: inout PruneReport) {
        guard error.reason != .locked else { return report.locked.add(key.text, until: nil) }
        report.refused += 1
        report.refusal = report.refusal ?? "\(error)"
    }

    // MARK: Closing the books

    /// Notes what was removed, then removes the intents that are carried out: in this order, since a backup that finds
    /// an intent no longer looks for the note.
    private func finish(_ unfinished: Set<ObjectKey>, _ runs: [String], _ report: inout PruneReport) throws {
        let marks = Marks(store)
        var gone = Set(try due.flatMap { $0.intent.sets.map(\.name) }.filter { try !ledger.hasSet($0.seconds) })
        var old: [ObjectKey] = []
        try marks.forEach(PrunedMark.self, unreadable: { report.warnings.append("passed over a mark: \($0)") }) {
            info, mark in
            gone.formUnion(mark.sets)
            old.append(info.key)
        }
        // A run on its way may name as the one before a set that was removed meanwhile: recent names stay in any case.
        let names = gone.sorted()
        let recent = Set(names.suffix(Self.recentNames))
        let needed = try names.filter { try recent.contains($0) || ledger.isPrevious($0.seconds) }
        try SpaceReserve(store: store).spending {
            try marks.put(PrunedMark(at: survey.now, tool: prune.tool, sets: needed))
        }
        let finished = due.map(\.key).filter { !unfinished.contains($0) }
        let outcomes = runs.map { Marks.key(OutcomeMark.kind, ofRun: $0) }
        _ = try deleteUnasked(finished + old + outcomes, &report)
    }

    private static let recentNames = 1000
}

extension PruneIntent {
    /// Whether some of the objects that it is about are among these.
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
                ids.contains { id in
                    keys.contains(Layout.index(component, id))
                        || [false, true].contains { keys.contains(Layout.pack(component, id, isEncrypted: $0)) }
                }
            }
    }
}
