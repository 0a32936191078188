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

    /// - Returns: what was done, and whether the store was too full to announce all that is to go.
    private func pass() async throws -> (report: PruneReport, isCut: Bool) {
        progress.begin("looking around")
        let survey = try await PruneSurvey(self)
        var report = PruneReport(isDryRun: isDryRun, grace: grace)
        report.frozen = survey.frozen
        report.sealed = survey.sealed
        report.warnings = survey.warnings
        report.sets = survey.plan.decisions.map { decision in
            let name = Timestamp(seconds: decision.set.time)
            let isKept = survey.kept.contains(name)
            return PruneReport.SetLine(
                name: name, fate: isKept ? .kept : .announced, reasons: survey.reasons(of: decision),
                due: isKept ? nil : survey.due(name) ?? Timestamp(seconds: survey.storeNow + grace))
        }
        // Before anything else, and also where nothing else is done: what stands still must not lose its locks.
        if let locks = LockExtension(self, survey, &report) { try await locks.extend(&report) }
        guard survey.frozen.isEmpty else { return (report, false) }
        let execution = PruneExecution(prune: self, survey: survey)
        try await execution.carryOut(&report)
        return try await pool.run { [report] in
            var report = report
            let isCut = try PruneAnnouncement(prune: self, survey: survey).make(&report)
            try PruneHousekeeping(prune: self, survey: survey).tidy(&report)
            return (report, isCut)
        }
    }
}

extension PruneReport {
    /// A second pass right after the first: what the first announced, this one removed.
    fileprivate mutating func continued(by second: PruneReport) {
        let left = Dictionary(second.sets.map { ($0.name, $0) }) { first, _ in first }
        for number in sets.indices where sets[number].fate == .announced {
            if let line = left[sets[number].name] {
                sets[number].fate = line.fate
                sets[number].due = line.due
            } else {
                sets[number].fate = .removed
                sets[number].due = nil
            }
        }
        removed.sets += second.removed.sets
        removed.manifests += second.removed.manifests
        removed.packs += second.removed.packs
        removed.bytes = removed.bytes.addingClamped(second.removed.bytes)
        announced = second.announced
        frozen = second.frozen
        sealed = second.sealed
        unwantedPacks = second.unwantedPacks
        // The second pass met the first one's locks again.
        if second.locked.objects > 0 { locked = second.locked }
        locks = locks ?? second.locks
        uploads.aborted += second.uploads.aborted
        uploads.keys += second.uploads.keys
        refused += second.refused
        refusal = refusal ?? second.refusal
        warnings += second.warnings.filter { !warnings.contains($0) }
    }
}
