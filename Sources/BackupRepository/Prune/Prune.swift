internal import Cryptography
internal import ObjectStorage
package import Platform
package import Retention

/// Carries retention out: drops what the policy drops, and what no kept set needs with it.
///
/// In two phases, so that backups need no lock: what is to go is announced by an intent, and a prune that finds the
/// intent when the grace is over looks at everything again and deletes what is still unneeded. Each run does both. It
/// can be killed at any moment; the next run goes on. `docs/repository-format.md`, "Prune", says why nothing that a
/// set needs is ever gone.
///
/// Memory: facts of each set (a hundred bytes), a manifest for each lane; all else is in a file of SQLite's.
package struct Prune: Sendable {
    package var repository: Repository
    package var policy: RetentionPolicy
    /// Seconds from an announcement to the deletion, by the store's clock.
    package var grace = 86_400
    package var tool: String
    package var pool: BlockingPool
    package var progress = WorkProgress()
    /// The wall clock.
    package var now: @Sendable () -> Timestamp
    /// Backup runs that failed since the last one that did not.
    package var failedRuns = 0
    /// Components that are configured; nil where that is not known.
    package var components: Set<String>?
    package var state: StateFolder?
    package var isDryRun = false
    /// Documents read at once.
    package var lanes = 8
    /// Removes what a backup left in its component's own keeping.
    package var forget: @Sendable (PruneIntent.DroppedManifest) async throws -> Void = { _ in }

    package init(
        repository: Repository, policy: RetentionPolicy, tool: String, pool: BlockingPool,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.repository = repository
        self.policy = policy
        self.tool = tool
        self.pool = pool
        self.now = now
    }

    /// The same prune, but of the sets alone that operators have dropped: the policy drops nothing, and what stops it does
    /// not stop this.
    package var ofDroppedSets: Prune {
        var prune = self
        prune.policy = RetentionPolicy(timeZone: policy.timeZone)
        prune.policy.limits.clockTolerance = policy.limits.clockTolerance
        prune.policy.limits.failedRuns = 0
        prune.policy.limits.longestGap = .max
        return prune
    }

    /// - Throws: `RepositoryError` `.newerVersion` when there is something that only a newer program can judge;
    ///   `ObjectStoreError`; `CancellationError`. What a single damaged object prevents is in the report.
    package func run() async throws -> PruneReport {
        var (report, isCut) = try await pass()
        if grace == 0, !isDryRun, report.announced != PruneReport.Counts() {
            // What was announced just now is due at once, but not before everything was looked at again. A full store
            // takes it bit by bit, each of which makes room for the next.
            while true {
                let next = try await pass()
                report.continued(by: next.report)
                isCut = isCut || next.isCut
                guard isCut, next.report.removed != PruneReport.Counts(),
                    next.report.announced != PruneReport.Counts()
                else { break }
            }
        }
        if isCut, report.announced != PruneReport.Counts() {
            report.warnings.append("the store is too full to announce all that is to go; the next prune announces more")
        }
        progress.update { $0.phase = "done" }
        if !isDryRun { try? state?.recordPrune(now()) }
        return report
    }

    /// - Returns: the report, and true if the store was too full to announce all that is to go.
    private func pass() async throws -> (report: PruneReport, isCut: Bool) {
        progress.begin("looking around")
        let listing = try await pool.run { try PruneListing(for: self) }
        let judgement = try await PruneJudgement(PruneFacts(listing))
        let doomed = try await PruneDoomed(judgement)
        var report = PruneReport(doomed)
        // Before anything else, and also where nothing else is done: what stands still must not lose its locks.
        report.add(try await LockExtension.extend(for: judgement))
        guard let permit = PrunePermit(doomed) else { return (report, false) }
        report.add(try await PruneExecution(permit).carryOut())
        let (announcement, tidying) = try await pool.run {
            (try PruneAnnouncement.make(permit), try PruneHousekeeping(permit).tidy())
        }
        report.announced = announcement.counts
        report.add(tidying)
        return (report, announcement.isCut)
    }
}
