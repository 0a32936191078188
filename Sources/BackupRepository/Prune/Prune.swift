internal import Cryptography
internal import ObjectStorage
package import Platform
package import Retention

/// Applies the retention policy: removes the sets that the policy drops, and the objects that no kept set needs.
///
/// It has two phases, so that backups need no lock. An intent announces the objects to remove. A prune that finds the
/// intent after the grace period checks everything again and deletes the objects that are still not needed. Each run
/// does both. It can be killed at any time; the next run resumes. `docs/repository-format.md`, "Prune", shows why an
/// object that a set needs is never removed.
///
/// Memory: facts of each set (a hundred bytes) and a manifest for each lane; the rest is in a file of SQLite.
package struct Prune: Sendable {
    package var repository: Repository
    package var policy: RetentionPolicy
    /// Seconds from an announcement to the deletion, by the store's clock.
    package var grace = Prune.usualGrace
    package var tool: String
    package var pool: BlockingPool
    package var progress = WorkProgress()
    /// The wall clock.
    package var now: @Sendable () -> Timestamp
    /// Backup runs that failed since the last successful one.
    package var failedRuns = 0
    /// The configured components; nil if they are not known.
    package var components: Set<String>?
    package var state: StateFolder?
    package var isDryRun = false
    /// The name of the copy in dr.yaml that is pruned, for the advice; nil for the first store.
    package var copyName: String?
    /// The number of documents read at the same time.
    package var lanes = 8
    /// Removes data that a backup stored in its component. The second parameter reads the facts of the manifests of that
    /// component that kept sets name.
    package var forget: Forgetting = { _, _ in }

    /// The grace period in seconds, if the configuration has none.
    package static let usualGrace = 86_400

    package typealias Forgetting =
        @Sendable (PruneIntent.DroppedManifest, @Sendable () async throws -> [[String: String]]) async throws -> Void

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

    /// The same prune, restricted to sets that operators have dropped: the policy drops no sets, and the reasons that
    /// freeze a prune do not stop this one.
    package var ofDroppedSets: Prune {
        var prune = self
        prune.policy = RetentionPolicy(timeZone: policy.timeZone)
        prune.policy.limits.clockTolerance = policy.limits.clockTolerance
        prune.policy.limits.failedRuns = 0
        prune.policy.limits.longestGap = .max
        return prune
    }

    /// - Throws: `RepositoryError` `.newerVersion` if there is an object that only a newer program can interpret, except a
    ///   set that an operator dropped; `ObjectStoreError`; `CancellationError`. The effects of a single damaged object are in the report.
    package func run() async throws -> PruneReport {
        // Before anything is deleted: a prune that cannot record what it removed must not begin.
        if !isDryRun {
            try repository.signing.requireSigner(toWrite: "the marks of a prune", as: PrunedMark.roles, at: now())
        }
        var (report, isCut) = try await pass()
        if grace == 0, !isDryRun, report.announced != PruneReport.Counts() {
            // The new announcements are due at once, but only after everything was checked again. A full store needs
            // several passes, each of which makes room for the next.
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
            report.warnings.append("the store is too full to announce all removals; the next prune announces the rest")
        }
        progress.update { $0.phase = "done" }
        if !isDryRun { try? state?.recordPrune(now()) }
        return report
    }

    /// - Returns: the report, and true if the store was too full to announce all removals.
    private func pass() async throws -> (report: PruneReport, isCut: Bool) {
        progress.begin("listing objects")
        let listing = try await pool.run { try PruneListing(for: self) }
        let judgement = try await PruneJudgement(PruneFacts(listing))
        let doomed = try await PruneDoomed(judgement)
        var report = PruneReport(doomed)
        // Before anything else, and also if nothing else is done: a frozen prune must keep the locks.
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
