internal import ObjectStorage
internal import Platform
internal import Synchronization

/// Locks what the kept sets need for as long as it is sure to be kept, and at least for the margin from now.
///
/// Done by prunes, for they know what is kept, each quarter of the margin; also by one that is frozen, for what stands
/// still must not lose its locks. Goes through one listing, a page at a time.
struct LockExtension: Sendable {
    let prune: Prune
    let survey: PruneSurvey
    let lock: ObjectLock
    let store: any RetainingStore

    private struct Outcome {
        var extended = 0
        var until = 0
        var failures = 0
        var failure: String?
    }

    /// - Returns: nil where nothing is locked in this repository.
    init?(_ prune: Prune, _ survey: PruneSurvey, _ report: inout PruneReport) {
        guard let lock = prune.repository.lock else { return nil }
        guard let store = prune.repository.store as? any RetainingStore else {
            report.warnings.append("\(prune.repository.store.location) cannot lock objects: nothing is locked")
            return nil
        }
        (self.prune, self.survey, self.lock, self.store) = (prune, survey, lock, store)
    }

    /// Objects in one page of the listing, which is what is held in memory.
    private static let page = 1000

    func extend(_ report: inout PruneReport) async throws {
        if let last = prune.state?.lastLocks()?.seconds, (0..<lock.interval).contains(survey.storeNow - last) { return }
        prune.progress.update { $0.phase = "extending locks" }
        let outcome = Mutex(Outcome())
        var last: ObjectKey?
        repeat {
            let after = last
            let page = try await prune.pool.run { try needed(after: after) }
            last = page.last
            try await page.locks.concurrentForEach(limit: prune.lanes) { key, until in
                try await prune.pool.run { try extend(key, until, outcome) }
            }
        } while last != nil
        let found = outcome.withLock { $0 }
        report.locks = .init(
            extended: found.extended, until: found.extended > 0 ? Timestamp(seconds: found.until) : nil)
        if found.failures > 0 {
            report.warnings.append("\(found.failures) objects could not be locked: \(found.failure ?? "")")
        } else if !prune.isDryRun {
            try? prune.state?.recordLocks(Timestamp(seconds: survey.storeNow))
        }
    }

    private func extend(_ key: ObjectKey, _ until: Int, _ outcome: borrowing Mutex<Outcome>) throws {
        try Task.checkCancellation()
        do {
            let present = try store.retention(of: key)
            guard present.map({ $0.until < until }) ?? true else { return }
            // A lock in compliance mode stays in it, whatever dr.yaml says now.
            let mode = present?.mode == .compliance ? .compliance : lock.mode
            if !prune.isDryRun { try store.retain(key, .init(mode: mode, until: until)) }
            outcome.withLock { outcome in
                outcome.extended += 1
                outcome.until = max(outcome.until, until)
            }
        } catch let error as ObjectStoreError where error.reason == .notFound {
            return  // another prune removed it
        } catch let error as ObjectStoreError {
            outcome.withLock { outcome in
                outcome.failures += 1
                outcome.failure = outcome.failure ?? "\(error)"
            }
        }
    }

    /// One page of the listing.
    /// - Returns: what of it is needed and until when it is to be locked; `last` is nil when this was the last page.
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

    /// Until when an object is to be locked; nil for what no kept set needs, and for what must stay removable: marks,
    /// among them leases and intents.
    private func end(of key: ObjectKey) throws -> Int? {
        if key == Layout.description { return lock.ahead(of: survey.storeNow).until }
        let parts = key.text.split(separator: "/")
        if parts.count == 2, parts[0] == "sets" {
            return Timestamp(String(parts[1].prefix(16))).flatMap { survey.lockEnds[$0] }
        }
        guard parts.count == 3 else { return nil }
        let component = String(parts[0])
        switch parts[1] {
        case "backups":
            guard let name = Layout.name(of: key, suffix: ".json").flatMap({ Timestamp($0) }) else { return nil }
            return try survey.ledger.lockEnd(component, manifest: name.seconds)
        case "packs":
            guard let pack = Layout.packID(of: key) ?? Layout.indexID(of: key) else {
                return nil
            }
            return try survey.ledger.lockEnd(component, pack: pack)
        default: return nil
        }
    }
}
