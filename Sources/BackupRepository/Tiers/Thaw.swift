package import ObjectStorage
package import Platform
internal import Synchronization

/// Makes archived packs readable for some days: asks the store for each, and waits until all can be read.
///
/// It may be killed and run again: the store carries out the requests, and a second run asks only for packs that are
/// neither readable for long enough nor asked for.
package struct Thaw: Sendable {
    package var store: any TieringStore
    /// For how long the packs can be read, from now.
    package var days: Int
    package var speed: ThawSpeed
    package var pool: BlockingPool
    package var progress: WorkProgress
    package var now: @Sendable () -> Timestamp
    package var lanes = 8
    /// Waits between two rounds of questions.
    package var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    package init(
        _ store: any TieringStore, days: Int, speed: ThawSpeed, pool: BlockingPool, progress: WorkProgress,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.days = days
        self.speed = speed
        self.pool = pool
        self.progress = progress
        self.now = now
    }

    package struct Report: Equatable, Sendable {
        /// Packs for which the store accepted a request.
        package var requested = 0
        /// Packs for which an earlier request is still carried out.
        package var inProgress = 0
        /// Packs that could be read for long enough already.
        package var readable = 0
        package var failed = 0
        /// The first failure.
        package var failure: String?

        package init() {}
    }

    /// A thaw may end a little before its day: then it is asked for again.
    private static let tolerance = 3600
    /// The waits grow from the first to the last of these seconds: the thaws take minutes to days.
    private static let waits = 2...300
    /// A pack whose thaw expired or was lost while others were waited for is asked for again this often.
    private static let mostRequests = 3
    /// Rounds in a row in which the store may fail.
    private static let mostFailures = 10
    /// Seconds, for a class that dr does not know: as the slowest one.
    private static let unknownTime = 48 * 3600

    // MARK: Asking

    /// Asks for each pack that is not readable for long enough. A failure for one pack is in the report.
    package func request(_ packs: [ObjectPlacement]) async throws -> Report {
        progress.begin("asking for packs")
        progress.update { $0.totalFiles = packs.count }
        let report = Mutex(Report())
        let until = now().seconds.addingClamped(days.multipliedClamped(by: 86_400))
        try await packs.concurrentForEach(limit: lanes) { pack in
            try await pool.run {
                try Task.checkCancellation()
                do { try request(pack, until: until, report) } catch let error as ObjectStoreError {
                    report.withLock {
                        $0.failed += 1
                        $0.failure = $0.failure ?? "\(error)"
                    }
                }
            }
            progress.update { $0.files += 1 }
        }
        return report.withLock { $0 }
    }

    private func request(
        _ pack: ObjectPlacement, until: Int, _ report: borrowing Mutex<Report>
    ) throws {
        switch pack.reading {
        case .ready: return report.withLock { $0.readable += 1 }
        case .thawed(let end) where (end ?? .max).addingClamped(Self.tolerance) >= until:
            return report.withLock { $0.readable += 1 }
        case .thawing: return report.withLock { $0.inProgress += 1 }
        case .archived, .thawed: break
        }
        let isNew = try store.thaw(pack.object.key, days: days, speed: speed)
        report.withLock { if isNew { $0.requested += 1 } else { $0.inProgress += 1 } }
    }

    // MARK: Waiting

    /// Waits until every pack can be read at the same time. Short failures of the store do not end it.
    /// - Throws: `RepositoryError` `.archived` if the store takes twice as long as it usually does, or gives up a pack
    ///   again and again, `.damaged` if one is gone; `ObjectStoreError`; `CancellationError`.
    package func wait(for packs: [ObjectPlacement]) async throws {
        progress.begin("waiting for the store")
        progress.update { state in
            state.totalFiles = packs.count
            state.totalBytes = packs.map(\.object.size).clampedSum()
        }
        let longest = packs.compactMap { $0.object.storageClass?.thawTime(speed) }.max() ?? Self.unknownTime
        var asked = Asked(until: now().seconds.addingClamped(2 * longest))
        var failures = 0
        var wait = Self.waits.lowerBound
        while true {
            do {
                if try await areReadable(packs, &asked, longest: longest) { return }
                failures = 0
            } catch let error as ObjectStoreError
                where [.unreachable, .throttled].contains(error.reason) && failures < Self.mostFailures
            {
                failures += 1
            }
            guard now().seconds < asked.until else {
                throw RepositoryError(
                    .archived, object: packs.first?.object.key.text ?? "packs",
                    "the store takes more than twice as long as usual, \(Units.duration(seconds: longest)), to thaw it",
                    hint: "the requests go on: run `dr thaw` with --wait again, or look at the state of the store")
            }
            try await pause(.seconds(wait))
            wait = min(wait * 2, Self.waits.upperBound)
        }
    }

    /// The requests that a wait has sent to the store.
    private struct Asked {
        /// The accepted requests of each pack.
        var requests: [ObjectKey: Int] = [:]
        /// The end of the patience, in seconds since 1970.
        var until: Int

        init(until: Int) { self.until = until }
    }

    /// Looks at all packs, and asks again for those that became unreadable.
    /// - Parameter longest: the usual time of a thaw, in seconds.
    private func areReadable(
        _ packs: [ObjectPlacement], _ asked: inout Asked, longest: Int
    ) async throws -> Bool {
        let found = try await look(at: packs)
        let ready = found.filter(\.isReadable)
        progress.update { state in
            state.files = ready.count
            state.bytes = ready.map(\.object.size).clampedSum()
        }
        if ready.count == packs.count { return true }
        for pack in found where pack.reading == .archived {
            let key = pack.object.key
            guard asked.requests[key, default: 0] < Self.mostRequests else {
                throw RepositoryError(
                    .archived, object: key.text,
                    "the store does not thaw it: it is archived again after \(Self.mostRequests) requests",
                    hint: "raise --days, so that the first packs are still readable when the last ones are")
            }
            // False: the store has not noticed the end of an earlier request.
            guard try await pool.run({ try store.thaw(key, days: days, speed: speed) }) else { continue }
            asked.requests[key, default: 0] += 1
            asked.until = now().seconds.addingClamped(2 * longest)
        }
        return false
    }

    private func look(at packs: [ObjectPlacement]) async throws -> [ObjectPlacement] {
        let found = Mutex([ObjectPlacement]())
        try await packs.concurrentForEach(limit: lanes) { pack in
            try await pool.run {
                try Task.checkCancellation()
                let key = pack.object.key
                guard let placement = try store.placement(of: key) else {
                    throw RepositoryError.damaged(key.text, "it is missing")
                }
                found.withLock { $0.append(placement) }
            }
        }
        return found.withLock { $0 }
    }
}
