package import BackupRepository
import ObjectStorage
import Platform
package import StackConfiguration
import Synchronization

/// `dr tier`: moves the packs that only old backups need to the storage classes of `store: tiers:`.
package struct TierJob {
    private let session: Session
    package var isDryRun = false
    package let progress = WorkProgress()
    /// The number of packs that are moved at the same time.
    private static let lanes = 4

    package init(_ session: Session) { self.session = session }

    /// - Throws: `UsageError` without tiers or classes; errors of the repository; `CancellationError`. Packs that cannot
    ///   be moved are in the report.
    package func run() async throws -> TierReport {
        let rules = session.configuration.store.tiers?.rules ?? []
        guard !rules.isEmpty else {
            let tiers = "tiers: {cold: {after: 90d, class: GLACIER}}"
            if let copy = session.copyName {
                throw UsageError(
                    "copy '\(copy)' has no tiers in dr.yaml", hint: "add `\(tiers)` to it; see docs/tiers.md")
            }
            throw UsageError("dr.yaml has no tiers", hint: "add `store: \(tiers)`; see docs/tiers.md")
        }
        let repository = try await session.repository()
        guard let store = repository.store.tiering else {
            throw UsageError("\(repository.store.location) has no storage classes")
        }
        var prune = try session.prune(of: repository)
        prune.progress = progress
        let ages = try await PackAges(for: prune)
        var report = TierReport(isDryRun: isDryRun, location: repository.store.location)
        report.warnings = ages.warnings
        report.frozen = ages.frozen + (try await missing(from: ages, in: repository))
        guard report.frozen.isEmpty else { return report }
        let choice = TierChoice(ages, rules: rules, largest: store.largestMove)
        let chosen = try await session.pool.run { [report] in
            try Self.choose(choice, of: ages, in: repository.store, report)
        }
        var moves = chosen.moves
        report = chosen.report
        report.sealed = ages.sealed
        guard !isDryRun, !moves.isEmpty else {
            report.moved = TierReport.sums(of: moves)
            return report
        }
        progress.begin("asking the store for its classes")
        for target in Set(moves.map(\.target)).sorted() {
            guard let reason = try await session.pool.run({ try store.refusal(of: target) }) else { continue }
            report.refused.append(.init(class: target.name, reason: reason))
            moves.removeAll { $0.target == target }
        }
        return try await carryOut(moves, in: repository, by: store, report)
    }

    /// Whoever removes the newest sets makes packs look old. So nothing moves before an operator has looked.
    ///
    /// A copy may lack sets that this machine committed to the first store: the notes about those say nothing of it.
    private func missing(
        from ages: PackAges, in repository: Repository
    ) async throws -> [PruneReport.Refusal] {
        let found = try await session.missingSets(
            of: Set(ages.needs.keys), in: repository, usingNotes: !session.isOnCopy)
        let verify = StoreCommand.text("verify", inCopy: session.copyName)
        return found.lines.map {
            .init(reason: $0, remedy: "`\(verify)` tells more; no pack moves while a newer set may be gone")
        }
    }

    /// A pack that is to be moved.
    struct Move: Sendable {
        var object: ObjectInfo
        var target: StorageClass
    }

    private static func choose(
        _ choice: TierChoice, of ages: PackAges, in store: any ObjectStore, _ begun: TierReport
    ) throws -> (moves: [Move], report: TierReport) {
        var moves: [Move] = []
        var report = begun
        for component in Set(ages.needs.keys).union(ages.sealed.keys).sorted() {
            try store.enumerate(prefix: Layout.packPrefix(component), skipping: nil) { object in
                try Task.checkCancellation()
                guard let pack = Layout.packID(of: object.key) else { return }
                switch choice.decision(on: object, pack: pack, of: component) {
                case .move(let target): moves.append(Move(object: object, target: target))
                case .keep(let reason): report.keep(object.size, because: reason)
                }
            }
        }
        return (moves, report)
    }

    private func carryOut(
        _ moves: [Move], in repository: Repository, by store: any TieringStore, _ report: TierReport
    ) async throws -> TierReport {
        progress.begin("moving packs")
        progress.update { state in
            state.totalFiles = moves.count
            state.totalBytes = moves.map(\.object.size).clampedSum()
        }
        let tally = Mutex((report: report, moved: [Move]()))
        let locks = ObjectLocks(of: repository, clock: session.clock)
        try await moves.concurrentForEach(limit: Self.lanes) { [progress, session] move in
            try await session.pool.run {
                try Task.checkCancellation()
                do {
                    let lock = try locks.lock(of: move.object.key)
                    let keepsVersion = try store.move(move.object, to: move.target, lock: lock)
                    tally.withLock { tally in
                        tally.moved.append(move)
                        tally.report.versions += keepsVersion ? 1 : 0
                    }
                } catch let error as ObjectStoreError where error.reason == .alreadyExists {
                    // A repeated request finds the result of the first one, whose answer was lost.
                    let found = try? store.placement(of: move.object.key)
                    guard found?.object.storageClass == move.target else { return }
                    tally.withLock { $0.moved.append(move) }
                } catch let error as ObjectStoreError where [.notFound, .archived].contains(error.reason) {
                    return  // a prune removed it, or another run or a rule of the bucket archived it
                } catch let error as ObjectStoreError {
                    tally.withLock { tally in
                        tally.report.failed += 1
                        tally.report.failure = tally.report.failure ?? "\(error)"
                    }
                }
            }
            progress.update { state in
                state.files += 1
                state.bytes += move.object.size
            }
        }
        let done = tally.withLock { $0 }
        var result = done.report
        result.moved = TierReport.sums(of: done.moved)
        if result.versions > 0 {
            result.warnings.append(
                "the bucket keeps versions: \(Units.count(result.versions, "former version")) in the former class, "
                    + "which cost as before\n"
                    + "hint: a lifecycle rule for noncurrent versions removes them; a lock keeps them until it ends")
            if locks.areHidden {
                result.warnings.append(
                    "this machine may not read locks: if the moved packs had any, only their former versions have them\n"
                        + "hint: allow s3:GetObjectRetention and s3:PutObjectRetention; if the packs are to stay locked, "
                        + "set `lock` of the store in dr.yaml: the next prune locks them")
            }
        }
        return result
    }
}

/// The locks of objects, which a copy does not inherit.
final class ObjectLocks: Sendable {
    private enum Access {
        case open
        /// The storage was created without locks.
        case unsupported
        /// This machine may not read them, and dr.yaml has none.
        case hidden
    }

    private let store: (any RetainingStore)?
    private let isConfigured: Bool
    private let clock: WallClock
    private let access = Mutex(Access.open)
    /// Seconds: a lock that ends sooner may have ended when the store reads the request, which it then refuses.
    private static let least = 60

    /// - Parameter clock: of this machine.
    init(of repository: Repository, clock: WallClock) {
        store = repository.store.with((any RetainingStore).self)
        isConfigured = repository.lock != nil
        self.clock = clock
    }

    /// True if objects may have had locks that this machine may not read.
    var areHidden: Bool { access.withLock { $0 == .hidden } }

    /// Returns the lock that the moved object must have; nil for none. Also without `store: lock:`: the locks may be of
    /// an earlier configuration.
    ///
    /// A run of many moves takes hours, and a clock that is ahead must not cost a lock: the earlier of the clocks of this
    /// machine and of the store counts, at the time of the call.
    func lock(of key: ObjectKey) throws -> PutOptions.Lock? {
        guard let store, access.withLock({ $0 == .open }) else { return nil }
        do {
            guard let lock = try store.retention(of: key) else { return nil }
            let storeTime = try store.storeTime()
            let now = min(clock.seconds, storeTime ?? .max)
            return lock.until > now.addingClamped(Self.least) ? lock : nil
        } catch let error as ObjectStoreError
            where error.reason == .unsupported || error.reason == .denied && !isConfigured
        {
            access.withLock { $0 = error.reason == .denied ? .hidden : .unsupported }
            return nil
        }
    }
}

extension TiersConfiguration {
    /// The tiers as rules for packs.
    package var rules: [TierRule] {
        all.compactMap { tier in
            StorageClass(tier: tier.storageClass.rawValue).map { TierRule($0, after: tier.seconds) }
        }
    }
}
