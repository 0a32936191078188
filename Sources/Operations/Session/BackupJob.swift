package import BackupRepository
import Cryptography
import Documents
import FoundationEssentials
import ObjectStorage
import Platform
package import StackConfiguration

/// One backup with its preparation and follow-up: canaries before the capture; after the commit the recorded queries,
/// a sample of the old packs, the state for the metrics, and a prune. After the commit, failures are only warnings.
package struct BackupJob {
    package let session: Session
    package let output: Output
    package let components: [ComponentConfiguration]
    /// True if a share of the old packs is read again.
    package var readsShare: Bool
    package var prunes = true
    package var acceptsShrink = false
    package var allowsOtherStack = false

    package struct Result: Sendable {
        package var set: BackupSet
        /// The report on the sample of old packs.
        package var sample: SampledVerification.Report?
        /// Seconds for the recorded queries after the set was written.
        package var recording: Int
        /// Volume snapshots that could not be kept, one line each.
        package var snapshotWarnings: [String] = []
        /// The requests to the first store, up to the end of the prune.
        package var requests = 0
        /// The copies of the store.
        package var copies: [CopyJob.Outcome] = []
    }

    /// - Parameter names: the names of the components; empty for all.
    /// - Throws: `UsageError` for a name that the configuration does not have.
    package init(_ session: Session, _ output: Output, only names: [String]) throws {
        self.session = session
        self.output = output
        components = try session.chosen(names)
        readsShare = session.configuration.verification.sample
    }

    /// - Throws: the errors of `BackupRun`; then there is no set.
    package func run() async throws -> Result {
        var ledger = LedgerRun(of: .backup, in: session, telling: output)
        ledger.entry.components = components.map(\.name)
        var repository: Repository?
        do { return try await backUp(&ledger, &repository) } catch {
            await ledger.end("failed", exitCode: error is CancellationError ? 130 : 1, in: repository) {
                $0.reason = error is CancellationError ? "interrupted" : "\(error)"
            }
            throw error
        }
    }

    private func backUp(_ ledger: inout LedgerRun, _ opened: inout Repository?) async throws -> Result {
        let parts = try components.map(part)
        let repository = try await session.writableRepository()
        opened = repository
        // Before anything is captured: a set without a signature could not be restored with this configuration.
        try repository.signing.requireSigner(toWrite: "the backup set", as: [.backup], at: session.now())
        if !repository.signing.isRequired { output.warn(SigningText.unsigned) }
        for recipient in repository.encryption.recipients {
            // An expired certificate still encrypts, and a backup for an old key is better than none.
            do { try recipient.checkValidity(at: session.clock.now) } catch { output.warn("\(error)") }
        }
        await ledger.begin(in: repository)
        let recording = SetRecording(session: session, output: output)
        let canaries = await recording.writeCanaries(to: components)
        let report: BackupRun.Report
        do { report = try await capture(parts, into: repository) } catch  where Self.meansFullStore(error) {
            if prunes { await pruneFullStore(repository) }
            throw error
        }
        await record(report, in: &ledger, repository)
        for warning in report.warnings { output.warn(warning) }
        for note in report.notes { output.note(note) }
        let start = ContinuousClock.now
        await recording.record(report.set, canaries: canaries, in: repository)
        let recorded = Int((ContinuousClock.now - start).components.seconds)
        let snapshotWarnings = await session.keepSnapshots(components, of: report)
        for line in snapshotWarnings { output.warn(line) }
        await witness(repository)
        let sample = readsShare ? await readShare(of: repository) : nil
        await session.noteStack(repository, newest: report.set, telling: output)
        if prunes { await prune(repository) }
        let requests = session.storeUse.reading.requests
        let copies = await copy(repository)
        return Result(
            set: report.set, sample: sample, recording: recorded, snapshotWarnings: snapshotWarnings,
            requests: requests, copies: copies)
    }

    private func record(
        _ report: BackupRun.Report, in ledger: inout LedgerRun, _ repository: Repository
    ) async {
        let set = report.set
        await ledger.end(
            set.status.rawValue, exitCode: set.isAsAsked ? 0 : 3, in: repository
        ) {
            $0.run = set.run
            $0.set = .init(name: set.name, sha256: report.digest)
            $0.reason = set.reasons.first
        }
    }

    private func part(_ component: ComponentConfiguration) throws -> BackupRun.Component {
        try session.refuseOwnStore(in: component)
        var part = BackupRun.Component(
            name: component.name, kind: component.kind, access: try session.access(component))
        part.stallTimeout = component.stallTimeout.duration
        part.shrinkThreshold = component.shrinkThreshold
        return part
    }

    private func capture(
        _ parts: [BackupRun.Component], into repository: Repository
    ) async throws -> BackupRun.Report {
        let state = try session.state(of: repository)
        var repository = repository
        repository.cache = state.documents(isRead: false)
        defer { repository.cache?.trim() }
        var run = BackupRun(
            repository: repository, components: parts, stack: session.configuration.stack, tool: Release.tool,
            state: state, pool: session.pool, logger: session.logger,
            now: { [clock = session.clock] in Timestamp(seconds: clock.seconds) })
        run.configured = session.configuration.components.map(\.name)
        run.recovery = session.recoveryMember { output.warn($0) }
        run.provenance = await session.pool.run { session.provenance() }
        run.acceptsShrink = acceptsShrink
        run.allowsOtherStack = allowsOtherStack
        let parallelism = session.configuration.limits.parallelism
        run.lanes = parallelism ?? min(Session.coresUsed + 1, 4)  // one usually waits for the disk
        run.objectLanes = parallelism
        run.disk = session.configuration.limits.disk.map { RateLimit(bytesPerSecond: $0) }
        let display = ProgressDisplay(options: session.options, work: parts.map { ($0.name, $0.progress) })
        do {
            let report = try await display.during { [run] in try await run.run() }
            try? state.recordRun(succeeded: true)
            return report
        } catch {
            // An interruption says nothing about the backup, and a full store must be pruned. All other errors count
            // towards the freeze of pruning.
            if !(error is CancellationError), !Self.meansFullStore(error) { try? state.recordRun(succeeded: false) }
            throw error
        }
    }

    private func readShare(of repository: Repository) async -> SampledVerification.Report? {
        do {
            var sample = SampledVerification(
                repository: repository,
                period: Int(session.configuration.verification.period.duration.components.seconds),
                tool: Release.tool, pool: session.pool, now: session.now())
            sample.lanes = session.lanes
            sample.repository.cache = try session.state(of: repository).documents(isRead: true)
            sample.restorers = try session.inspectors()
            let display = ProgressDisplay(options: session.options, work: [("", sample.progress)])
            let report = try await display.during { [sample] in try await sample.run() }
            SampleText.warn(report, output)
            return report
        } catch is CancellationError {
            output.warn(
                "reading old packs was interrupted; the backup is complete, and the next backup reads the packs")
        } catch { output.warn("old packs could not be read, but the backup is complete: \(error)") }
        return nil
    }

    private static func meansFullStore(_ error: any Error) -> Bool {
        (error as? BackupFailure)?.isStoreFull ?? ((error as? ObjectStoreError)?.reason == .noSpace)
    }

    /// Prunes the store for the next backup, as far as the retention policy allows.
    private func pruneFullStore(_ repository: Repository) async {
        do {
            let report = try await session.prune(of: repository).run()
            session.note(report)
            PruneText.warn(report, output)
            let waits = report.announced.sets > 0 || report.sets.contains { $0.fate == .announced }
            output.warn(
                "the store is full; the backup failed, and dr pruned the store\n\(PruneText.summary(report))"
                    + (waits ? "\nhint: run `dr prune --grace 0s` to remove the announced objects immediately" : ""))
        } catch { output.warn("the store is full, and pruning it failed too: \(error)") }
    }

    /// Proves the age of the sets of other signers, in case their keys are revoked.
    private func witness(_ repository: Repository) async {
        do {
            let state = try session.state(of: repository), now = session.now()
            let count = try await session.pool.run {
                try WitnessedMark.record(in: repository, state: state, tool: Release.tool, now: now)
            }
            if let count { output.note("note: witnessed \(Units.count(count, "set")) of other signers") }
        } catch {
            output.warn("the sets of other signers could not be witnessed, but the backup is complete: \(error)")
        }
    }

    /// Brings the copies of the store up to date. The backup is complete, whatever becomes of them.
    private func copy(_ repository: Repository) async -> [CopyJob.Outcome] {
        guard !session.configuration.store.copies.isEmpty else { return [] }
        var job = CopyJob(session, output)
        job.prunes = prunes
        do {
            let outcomes = try await job.run(from: repository)
            for outcome in outcomes {
                if let warning = outcome.warning { output.warn(warning) } else { output.note(outcome.text) }
            }
            return outcomes
        } catch is CancellationError {
            output.warn("copying was interrupted; the backup is complete, and the next one continues it")
        } catch { output.warn("the copies could not be brought up to date, but the backup is complete: \(error)") }
        return []
    }

    private func prune(_ repository: Repository) async {
        if let reason = repository.signing.refusalToSign(as: [.prune], at: session.now()) {
            return output.note("note: this host does not prune: \(reason)")
        }
        do {
            let report = try await session.prune(of: repository).run()
            session.note(report)
            PruneText.warn(report, output)
            if report.removed.sets + report.announced.sets > 0 { output.note(PruneText.summary(report)) }
        } catch is CancellationError {
            output.warn("pruning was interrupted; the next backup continues it")
        } catch { output.warn("pruning failed, but the backup is complete: \(error)") }
    }
}

/// Encodes the set, with the additional members `requests`, and `sample` if a share was read.
extension BackupJob.Result: Encodable {
    private enum CodingKeys: String, CodingKey { case sample, snapshotWarnings, requests, copies }

    package func encode(to encoder: any Encoder) throws {
        var set = set
        set.recovery = nil  // a long text that `dr restore --configuration` shows
        try set.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(sample, forKey: .sample)
        try container.encode(requests, forKey: .requests)
        if !copies.isEmpty { try container.encode(copies, forKey: .copies) }
        if !snapshotWarnings.isEmpty { try container.encode(snapshotWarnings, forKey: .snapshotWarnings) }
    }
}
