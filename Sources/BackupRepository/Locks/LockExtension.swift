internal import ObjectStorage
internal import Platform
internal import Synchronization

/// Locks the objects of kept sets for as long as these are certain to be kept, and at least for the margin from now.
///
/// Prunes do this each quarter of the margin, because they know the kept sets. A frozen prune does it too, because its
/// sets must not lose their locks. It reads one listing, a page at a time.
struct LockExtension: Sendable {
    private let judgement: PruneJudgement
    private let lock: ObjectLock
    private let store: any RetainingStore

    struct Outcome: Sendable {
        /// Nil if it was not due yet.
        var locks: PruneReport.Locks?
        var warnings: [String] = []
    }

    private struct Tally {
        var extended = 0
        var until = 0
        var failures = 0
        var failure: String?
    }

    /// The number of objects in one page of the listing, which is kept in memory.
    private static let page = 1000

    private var prune: Prune { judgement.listing.prune }
    private var storeNow: Int { judgement.listing.clock.storeNow }

    static func extend(for judgement: PruneJudgement) async throws -> Outcome {
        let repository = judgement.listing.prune.repository
        guard let lock = repository.lock else { return Outcome() }
        guard let store = repository.store.with((any RetainingStore).self) else {
            return Outcome(warnings: ["\(repository.store.location) cannot lock objects: no object is locked"])
        }
        return try await LockExtension(judgement: judgement, lock: lock, store: store).extend()
    }

    private func extend() async throws -> Outcome {
        if let last = prune.state?.lastLocks()?.seconds, (0..<lock.interval).contains(storeNow - last) {
            return Outcome()
        }
        prune.progress.update { $0.phase = "extending locks" }
        let tally = Mutex(Tally())
        var last: ObjectKey?
        repeat {
            let after = last
            let page = try await prune.pool.run { try needed(after: after) }
            last = page.last
            try await page.locks.concurrentForEach(limit: prune.lanes) { key, until in
                try await prune.pool.run { try extend(key, until: until, tally) }
            }
        } while last != nil
        let found = tally.withLock { $0 }
        let until = found.extended > 0 ? Timestamp(seconds: found.until) : nil
        var outcome = Outcome(locks: .init(extended: found.extended, until: until))
        if found.failures > 0 {
            outcome.warnings.append(
                "\(Units.count(found.failures, "object")) could not be locked: \(found.failure ?? "")")
        } else if !prune.isDryRun {
            try? prune.state?.recordLocks(Timestamp(seconds: storeNow))
        }
        return outcome
    }

    private func extend(_ key: ObjectKey, until: Int, _ tally: borrowing Mutex<Tally>) throws {
        try Task.checkCancellation()
        do {
            let present = try store.retention(of: key)
            guard present.map({ $0.until < until }) ?? true else { return }
            // A lock in compliance mode cannot be changed to another mode, regardless of dr.yaml.
            let mode = present?.mode == .compliance ? .compliance : lock.mode
            if !prune.isDryRun { try store.retain(key, .init(mode: mode, until: until)) }
            tally.withLock { tally in
                tally.extended += 1
                tally.until = max(tally.until, until)
            }
        } catch let error as ObjectStoreError where error.reason == .notFound {
            return  // another prune removed it
        } catch let error as ObjectStoreError {
            tally.withLock { tally in
                tally.failures += 1
                tally.failure = tally.failure ?? "\(error)"
            }
        }
    }

    /// One page of the listing.
    /// - Returns: the needed objects of the page with the ends of their locks; `last` is nil for the last page.
    private func needed(after: ObjectKey?) throws -> (locks: [(ObjectKey, Int)], last: ObjectKey?) {
        var locks: [(ObjectKey, Int)] = []
        var last: ObjectKey?
        var count = 0
        try store.list(prefix: "", after: after) { object in
            if let until = try end(of: object.key) { locks.append((object.key, until)) }
            count += 1
            guard count == Self.page else { return .proceed }
            last = object.key
            return .stop
        }
        return (locks, last)
    }

    /// Returns the time until which an object is to be locked; nil for objects that no kept set needs, and for those
    /// that must stay removable: marks, including leases and intents.
    private func end(of key: ObjectKey) throws -> Int? {
        if key == Layout.description { return lock.ahead(of: storeNow).until }
        let parts = key.text.split(separator: "/")
        if parts.count == 2, parts[0] == "sets" {
            return Timestamp(String(parts[1].prefix(16))).flatMap { judgement.lockEnds[$0] }
        }
        guard parts.count == 3 else { return nil }
        let component = String(parts[0])
        switch parts[1] {
        case "backups":
            guard let name = Layout.name(of: key, suffix: ".json").flatMap({ Timestamp($0) }) else { return nil }
            return try judgement.listing.ledger.lockEnd(component, manifest: name.seconds)
        case "packs":
            guard let pack = Layout.packID(of: key) ?? Layout.indexID(of: key) else {
                return nil
            }
            return try judgement.listing.ledger.lockEnd(component, pack: pack)
        default: return nil
        }
    }
}
