internal import ObjectStorage
internal import Platform

/// The first phase: says what is to be deleted once the grace is over.
struct PruneAnnouncement: Sendable {
    /// Without the announcements of earlier prunes.
    let counts: PruneReport.Counts
    /// True if the store was too full for all of it: a later prune announces the rest.
    let isCut: Bool

    /// Writes the intent, or in a dry run only counts what would be in it. Blocks.
    static func make(_ permit: PrunePermit) throws -> PruneAnnouncement {
        let (whole, sizes) = try intent(permit)
        guard !whole.isEmpty else { return .init(counts: .init(), isCut: false) }
        let written = permit.prune.isDryRun ? whole : try put(whole, in: permit.prune.repository)
        return .init(counts: try counts(of: written, sizes, in: permit), isCut: written.size < whole.size)
    }

    /// - Returns: an intent for everything that is doomed and not announced yet, and the bytes of its packs.
    private static func intent(_ permit: PrunePermit) throws -> (intent: PruneIntent, packSizes: [String: Int]) {
        let doomed = permit.doomed
        var intent = PruneIntent(
            at: permit.clock.now, tool: permit.prune.tool, sets: doomed.dropped, orphans: [:], packs: [:])
        let announced = Set(
            permit.listing.intents.flatMap { pending in
                pending.intent.orphans.flatMap { component, manifests in
                    manifests.map { Layout.manifest(component, $0.name) }
                }
            })
        for orphan in doomed.orphans where doomed.sealed[orphan.component] == nil {
            guard !announced.contains(Layout.manifest(orphan.component, orphan.manifest.name)) else { continue }
            intent.orphans[orphan.component, default: []].append(orphan.manifest)
        }
        var sizes: [String: Int] = [:]
        var last: PruneLedger.Unneeded?
        while case let page = try permit.ledger.unneededPacks(after: last, limit: 1000), !page.isEmpty {
            last = page.last
            for pack in page where doomed.sealed[pack.component] == nil {
                try Task.checkCancellation()
                // What no manifest names at all may be a running backup's, unless it is old.
                guard pack.need == .held || permit.listing.seemsAbandoned(pack.modified),
                    try !permit.ledger.isAnnounced(pack.component, pack.id)
                else { continue }
                intent.packs[pack.component, default: []].append(pack.id)
                sizes[pack.id] = pack.bytes
            }
        }
        return (intent, sizes)
    }

    /// Writes the intent, where the store is full only as much of it as has room.
    /// - Returns: what was written.
    private static func put(_ whole: PruneIntent, in repository: Repository) throws -> PruneIntent {
        var intent = whole
        while true {
            do {
                try SpaceReserve(store: repository.store).spending { try Marks(repository).put(intent) }
                return intent
            } catch let error as ObjectStoreError where error.reason == .noSpace {
                guard let half = intent.half else { throw error }
                intent = half
            }
        }
    }

    private static func counts(
        of intent: PruneIntent, _ packSizes: [String: Int], in permit: PrunePermit
    ) throws -> PruneReport.Counts {
        var counts = PruneReport.Counts()
        counts.sets = intent.sets.count
        counts.packs = intent.packs.values.lazy.map(\.count).reduce(0, +)
        for set in intent.sets { counts.add(bytes: permit.listing.sets[set.name] ?? 0) }
        for packs in intent.packs.values { counts.add(bytes: packs.lazy.map { packSizes[$0] ?? 0 }.clampedSum()) }
        let manifests =
            intent.sets.flatMap { $0.manifests.map { ($0.component, $0.name) } }
            + intent.orphans.flatMap { component, manifests in manifests.map { (component, $0.name) } }
        for (component, name) in manifests {
            guard let listed = try permit.ledger.manifest(component, name.seconds) else { continue }
            counts.manifests += 1
            counts.add(bytes: listed.bytes)
        }
        return counts
    }
}

extension PruneIntent {
    /// The number of things that it names.
    fileprivate var size: Int {
        func count(_ names: [String: [some Any]]) -> Int { names.values.reduce(0) { $0 + $1.count } }
        return sets.count + count(orphans) + count(packs)
    }

    /// The first half of what it names, which is an intent too; nil where it names one thing only.
    ///
    /// A pack of a set that is announced later is needed until then, and is announced again after that.
    fileprivate var half: PruneIntent? {
        guard size > 1 else { return nil }
        var room = size / 2
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
