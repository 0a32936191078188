internal import ObjectStorage
internal import Platform

/// The first phase: says what is to be deleted once the grace is over.
struct PruneAnnouncement {
    let prune: Prune
    let survey: PruneSurvey

    /// - Returns: true if the store was too full for all of it: what is left is announced by a later prune.
    func make(_ report: inout PruneReport) throws -> Bool {
        var intent = PruneIntent(at: survey.now, tool: prune.tool, sets: survey.dropped, orphans: [:], packs: [:])
        let announced = Set(
            survey.pending.flatMap { pending in
                pending.intent.orphans.flatMap { component, manifests in
                    manifests.map { Layout.manifest(component, $0.name) }
                }
            })
        for (component, manifest) in survey.orphans where survey.sealed[component] == nil {
            guard !announced.contains(Layout.manifest(component, manifest.name)) else { continue }
            intent.orphans[component, default: []].append(manifest)
        }
        var sizes: [String: Int] = [:]
        try addPacks(to: &intent, &sizes)
        guard !intent.isEmpty else { return false }
        let isCut = prune.isDryRun ? false : try put(&intent)
        try count(intent, sizes, &report)
        return isCut
    }

    /// Writes the intent, where the store is full only as much of it as has room.
    /// - Returns: true if that was not all.
    private func put(_ intent: inout PruneIntent) throws -> Bool {
        var isCut = false
        while true {
            do {
                try SpaceReserve(store: prune.repository.store).spending { try Marks(prune.repository).put(intent) }
                return isCut
            } catch let error as ObjectStoreError where error.reason == .noSpace {
                guard let half = intent.half else { throw error }
                intent = half
                isCut = true
            }
        }
    }

    private func count(_ intent: PruneIntent, _ sizes: [String: Int], _ report: inout PruneReport) throws {
        for set in intent.sets {
            report.announced.sets += 1
            report.announced.bytes = report.announced.bytes.addingClamped(survey.setBytes[set.name] ?? 0)
            for manifest in set.manifests { try count(manifest.component, manifest.name, &report) }
        }
        for (component, manifests) in intent.orphans {
            for manifest in manifests { try count(component, manifest.name, &report) }
        }
        for packs in intent.packs.values {
            report.announced.packs += packs.count
            let bytes = packs.lazy.map { sizes[$0] ?? 0 }.clampedSum()
            report.announced.bytes = report.announced.bytes.addingClamped(bytes)
        }
    }

    private func count(_ component: String, _ manifest: Timestamp, _ report: inout PruneReport) throws {
        guard let listed = try survey.ledger.manifest(component, manifest.seconds) else { return }
        report.announced.manifests += 1
        report.announced.bytes = report.announced.bytes.addingClamped(listed.bytes)
    }

    /// - Parameter sizes: gets the bytes of each pack.
    private func addPacks(to intent: inout PruneIntent, _ sizes: inout [String: Int]) throws {
        var last: PruneLedger.Unneeded?
        while true {
            let page = try survey.ledger.unneededPacks(after: last, limit: 1000)
            guard !page.isEmpty else { return }
            last = page.last
            for pack in page where survey.sealed[pack.component] == nil {
                try Task.checkCancellation()
                // What no manifest names at all may be a running backup's, unless it is old.
                let isOld =
                    pack.modified != .max && survey.storeNow - pack.modified >= prune.grace
                    && pack.modified < survey.protectedSince
                guard pack.need == .held || isOld, try !survey.ledger.isAnnounced(pack.component, pack.id) else {
                    continue
                }
                intent.packs[pack.component, default: []].append(pack.id)
                sizes[pack.id] = pack.bytes
            }
        }
    }
}

extension PruneIntent {
    /// The first half of what it names, which is an intent too; nil where it names one thing only.
    ///
    /// A pack of a set that is announced later is needed until then, and is announced again after that.
    fileprivate var half: PruneIntent? {
        func count(_ names: [String: [some Any]]) -> Int { names.values.reduce(0) { $0 + $1.count } }
        let all = sets.count + count(orphans) + count(packs)
        guard all > 1 else { return nil }
        var room = all / 2
        func first<Name>(_ names: [Name]) -> [Name] {
            let kept = Array(names.prefix(room))
            room -= kept.count
            return kept
        }
        func first<Name>(_ names: [String: [Name]]) -> [String: [Name]] {
            var kept: [String: [Name]] = [:]
            for (component, list) in names.sorted(by: { $0.key < $1.key }) { kept[component] = first(list) }
            return kept
        }
        var half = self
        half.sets = first(sets)
        half.orphans = first(orphans)
        half.packs = first(packs)
        return half
    }
}
