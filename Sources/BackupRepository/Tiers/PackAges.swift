internal import ObjectStorage
internal import Platform
internal import Retention

/// For each pack, the newest backup that needs it: the age by which it may move to a colder class.
///
/// The sets are those that a prune would keep, read and judged by the steps of a prune. So the same things stop both: a
/// set that cannot be read, marks of an intruder, a clock that jumped. The signatures of sets are checked where signers
/// are configured, so whoever can write to the store can keep packs warm, but cannot send any into an archive.
///
/// Memory: about a hundred bytes for each pack that a kept set needs.
package struct PackAges: Sendable {
    /// The time at which a pack was last needed.
    package enum Need: Equatable, Sendable, Comparable {
        /// By a set of this name; seconds since 1970.
        case last(Int)
        /// By a set that the next restore or the next backup uses.
        case now

        package static func < (left: Self, right: Self) -> Bool {
            switch (left, right) {
            case (.last(let left), .last(let right)): left < right
            case (.last, .now): true
            case (.now, _): false
            }
        }
    }

    /// For each component, the needed packs by their ids.
    package private(set) var needs: [String: [String: Need]] = [:]
    /// Components with a kept manifest that cannot be read: more of their packs may be needed.
    package private(set) var sealed: [String: String] = [:]
    /// Reasons for which a prune would not remove anything, and no pack may be moved.
    package private(set) var frozen: [PruneReport.Refusal] = []
    package private(set) var warnings: [String] = []
    /// The time of the judgement, in seconds since 1970: the earlier of this machine's clock and the store's.
    package private(set) var now: Int

    /// - Parameter prune: with the policy of the store; nothing is removed.
    /// - Throws: as ``Prune/run()``.
    package init(for prune: Prune) async throws {
        var prune = prune
        prune.isDryRun = true
        prune.progress.begin("listing objects")
        let listing = try await prune.pool.run { [prune] in try PruneListing(for: prune) }
        let judgement = try await PruneJudgement(PruneFacts(listing))
        now = listing.clock.storeNow
        if let time = try prune.repository.store.storeTime() { now = min(now, time) }
        (sealed, frozen, warnings) = (judgement.sealed, judgement.frozen, judgement.warnings)
        guard frozen.isEmpty else { return }
        prune.progress.update { $0.phase = "reading manifests" }
        let kept = try await prune.pool.run { [prune] in try Self.needs(of: judgement, prune) }
        let raised = try await prune.pool.run { [prune] in try Self.raise(kept, bySetsToDrop: judgement, prune) }
        needs = raised.needs
        sealed.merge(raised.sealed) { first, _ in first }
    }

    private static func needs(
        of judgement: PruneJudgement, _ prune: Prune
    ) throws -> [String: [String: Need]] {
        var needs: [String: [String: Need]] = [:]
        var newest = NewestUses()
        let damaged = Set(judgement.facts.sets.filter(\.isDamaged).map(\.time))
        let now = Timestamp(seconds: judgement.facts.listing.clock.storeNow)
        // The newest first: the first need of a pack is the one that counts.
        for name in judgement.kept.sorted(by: >) where judgement.facts.unreadable[name] == nil {
            try Task.checkCancellation()
            let set = try prune.repository.set(name, void: nil)
            // A restore passes over such a set, so an older one serves it.
            let isPassedOver = damaged.contains(name.seconds) || prune.repository.scope.isFuture(set, at: now)
            for (component, part) in set.components where judgement.sealed[component] == nil {
                let isUsed = isPassedOver || newest.isFirst(part, of: component, in: set)
                let need: Need = isUsed ? .now : .last(name.seconds)
                let manifest = try prune.repository.manifest(component, of: set)
                for use in manifest.packs {
                    needs[component, default: [:]][use.pack] = max(needs[component]?[use.pack] ?? need, need)
                }
            }
        }
        return needs
    }

    /// A set that the policy drops can be restored until a prune removes it, and may be younger than the kept sets that
    /// need the same packs. It makes no pack needed that no kept set needs.
    private static func raise(
        _ kept: [String: [String: Need]], bySetsToDrop judgement: PruneJudgement, _ prune: Prune
    ) throws -> (needs: [String: [String: Need]], sealed: [String: String]) {
        var (needs, sealed) = (kept, [String: String]())
        for facts in judgement.facts.sets where !facts.isAbandoned {
            let name = Timestamp(seconds: facts.time)
            guard !judgement.kept.contains(name) else { continue }
            try Task.checkCancellation()
            let set: BackupSet
            do { set = try prune.repository.set(name, void: nil) } catch let error as RepositoryError
                where error.isUnreadable || error.reason == .noSuchSet
            {
                continue  // an operator dropped it because of that, or another prune has removed it
            }
            for component in set.components.keys.sorted() where judgement.sealed[component] == nil {
                do {
                    for use in try prune.repository.manifest(component, of: set).packs {
                        guard let known = needs[component]?[use.pack] else { continue }
                        needs[component]?[use.pack] = max(known, .last(name.seconds))
                    }
                } catch let error as RepositoryError where error.isUnreadable {
                    sealed[component] = "\(error)"
                }
            }
        }
        return (needs, sealed)
    }

    /// For tests.
    init(needs: [String: [String: Need]], now: Int) { (self.needs, self.now) = (needs, now) }
}

/// Finds the backups that stay warm at any age: for each stack and component the newest, upon which the next backup
/// builds, and the newest whole one, which a restore of the latest data takes.
private struct NewestUses {
    private struct Kind: Hashable {
        var stack: String?
        var component: String
        var isWhole: Bool
        /// Another tool's backup does not take the place of one by dr.
        var isImported: Bool
    }

    private var seen: Set<Kind> = []

    /// - Returns: true if no newer set was such a one. Call it with the newest set first.
    mutating func isFirst(_ part: BackupSet.Component, of component: String, in set: BackupSet) -> Bool {
        var kind = Kind(
            stack: set.stack, component: component, isWhole: false, isImported: set.imported != nil)
        let isNewest = seen.insert(kind).inserted
        guard part.isWhole else { return isNewest }
        kind.isWhole = true
        return seen.insert(kind).inserted || isNewest
    }
}
