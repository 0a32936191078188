internal import Blocking
internal import Catalog
internal import Cryptography
internal import ObjectStorage

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
            return (try removeStored(&report), report)
        }
        let runs = outcome.0
        report = outcome.1
        guard !due.isEmpty, !prune.isDryRun else { return }
        var unfinished: Set<ObjectKey> = report.refused > 0 ? Set(due.map(\.key)) : []
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

    /// - Returns: the runs of the sets that were removed.
    private func removeStored(_ report: inout PruneReport) throws -> [String] {
        if !survey.deadSets.isEmpty {
            let names = survey.deadSets.map(\.description).joined(separator: ", ")
            report.warnings.append("removed what was written as a set after its run had been given up: \(names)")
            _ = try delete(survey.deadSets.map { Layout.set($0) }, &report)
        }
        let runs = try removeSets(&report)
        var sealed = survey.sealed
        try keepLocked(&sealed, report)
        try removeManifests(except: sealed, &report)
        try removePacks(except: sealed, &report)
        report.sealed = sealed
        return runs
    }

    private func removeSets(_ report: inout PruneReport) throws -> [String] {
        let names = Set(due.flatMap { $0.intent.sets.map(\.name) }).filter { !survey.kept.contains($0) }
        let present = try names.sorted().filter { try ledger.hasSet($0.seconds) }
        let refused = Set(try delete(present.map { Layout.set($0) }, &report).map(\.text))
        var runs: [String] = []
        var fates: [Timestamp: PruneReport.Fate] = [:]
        for name in present {
            guard !refused.contains(Layout.set(name).text) else {
                fates[name] = .locked
                continue
            }
            fates[name] = .removed
            report.removed.sets += 1
            report.removed.bytes += survey.setBytes[name] ?? 0
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

    private func removeManifests(except sealed: [String: String], _ report: inout PruneReport) throws {
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
        for (key, entry) in doomed.sorted(by: { $0.key < $1.key }) where sealed[entry.component] == nil {
            guard let listed = try ledger.manifest(entry.component, entry.name.seconds), listed.need != .kept,
                try !ledger.isNamed(entry.component, manifest: entry.name.seconds)
            else { continue }
            keys.append(key)
            report.removed.manifests += 1
            report.removed.bytes += listed.bytes
        }
        report.removed.manifests -= try delete(keys, &report).count
    }

    private func removePacks(except sealed: [String: String], _ report: inout PruneReport) throws {
        var page: [(component: String, id: String)] = []
        func remove(_ page: [(component: String, id: String)]) throws {
            _ = try delete(page.map { Layout.index($0.component, $0.id) }, &report)
            // Whether a pack is encrypted is not asked: a key without an object is no error.
            let refused = try delete(
                page.flatMap {
                    [Layout.pack($0.component, $0.id), Layout.pack($0.component, $0.id, isEncrypted: true)]
                }, &report)
            report.removed.packs -= refused.count
        }
        for pending in due {
            for (component, packs) in pending.intent.packs.sorted(by: { $0.key < $1.key })
            where sealed[component] == nil {
                for id in packs {
                    try Task.checkCancellation()
                    guard let listed = try ledger.pack(component, id), listed.need == .none else { continue }
                    // In two intents at once, where two prunes announced it.
                    try ledger.need(.held, packs: [id], of: component)
                    report.removed.packs += 1
                    report.removed.bytes += listed.bytes
                    page.append((component, id))
                    if page.count == Self.batch {
                        try remove(page)
                        page.removeAll()
                    }
                }
            }
        }
        try remove(page)
    }

    /// - Returns: the keys that the store did not let go.
    private func delete(_ keys: [ObjectKey], _ report: inout PruneReport) throws -> [ObjectKey] {
        guard !prune.isDryRun else { return [] }
        var refused: [ObjectKey] = []
        for start in stride(from: 0, to: keys.count, by: Self.batch) {
            try Task.checkCancellation()
            for error in try store.delete(Array(keys[start..<min(start + Self.batch, keys.count)])) {
                guard let key = error.key else { throw error }
                refused.append(key)
                report.refused += 1
                report.refusal = report.refusal ?? "\(error)"
            }
        }
        return refused
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
        try marks.put(PrunedMark(at: survey.now, tool: prune.tool, sets: needed))
        let finished = due.map(\.key).filter { !unfinished.contains($0) }
        let outcomes = runs.map { Marks.key(OutcomeMark.kind, ofRun: $0) }
        _ = try delete(finished + old + outcomes, &report)
    }

    private static let recentNames = 1000
}
