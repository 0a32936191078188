package import BackupRepository
import Cryptography
import Documents
import Foundation
import ObjectStorage
import Platform
package import StackConfiguration

/// One backup and what belongs to it: canaries before the capture; after the commit the set's record, a share of the
/// old packs read again, metrics, a prune. Once the set is there nothing that follows can spoil it: that warns.
package struct BackupJob {
    package let session: Session
    package let output: Output
    package let components: [ComponentConfiguration]
    /// Whether a share of the old packs is read again.
    package var readsShare: Bool
    package var prunes = true
    package var acceptsShrink = false
    package var allowsOtherStack = false

    package struct Result: Sendable {
        package var set: BackupSet
        /// Of the share that was read.
        package var sample: SampledVerification.Report?
        /// Seconds that recording answers took, after the set was written.
        package var recording: Int
    }

    /// - Parameter names: of the components that take part; all where there are none.
    /// - Throws: `UsageError` for a name that the configuration does not have.
    package init(_ session: Session, _ output: Output, only names: [String]) throws {
        self.session = session
        self.output = output
        components = try session.chosen(names)
        readsShare = session.configuration.verification.sample
    }

    /// - Throws: what `BackupRun` throws: there is no set then.
    package func run() async throws -> Result {
        let began = session.now()
        do { return try await backUp() } catch {
            if !(error is CancellationError) { noteFailure(began) }
            throw error
        }
    }

    private func backUp() async throws -> Result {
        let parts = try components.map(part)
        let repository = try await session.repository()
        for recipient in repository.encryption.recipients {
            // An expired certificate encrypts as well as ever, and no backup is worse than one to an old key.
            do { try recipient.checkValidity(at: session.clock.now) } catch { output.warn("\(error)") }
        }
        let recording = SetRecording(session: session, output: output)
        let canaries = await recording.writeCanaries(to: components)
        let report: BackupRun.Report
        do { report = try await capture(parts, into: repository) } catch  where Self.meansFullStore(error) {
            if prunes { await pruneFullStore(repository) }
            throw error
        }
        for warning in report.warnings { output.warn(warning) }
        for note in report.notes { output.note(note) }
        let start = ContinuousClock.now
        await recording.record(report.set, canaries: canaries, in: repository)
        let recorded = Int((ContinuousClock.now - start).components.seconds)
        let sample = readsShare ? await readShare(of: repository) : nil
        await writeMetrics(report.set, repository)
        if prunes { await prune(repository) }
        return Result(set: report.set, sample: sample, recording: recorded)
    }

    private func part(_ component: ComponentConfiguration) throws -> BackupRun.Component {
        var part = BackupRun.Component(
            name: component.name, kind: component.kind, source: try session.source(component))
        part.stallTimeout = component.stallTimeout.duration
        part.shrinkThreshold = component.shrinkThreshold
        return part
    }

    private func capture(
        _ parts: [BackupRun.Component], into repository: Repository
    ) async throws -> BackupRun.Report {
        let state = try session.state(of: repository)
        var run = BackupRun(
            repository: repository, components: parts, stack: session.configuration.stack, tool: Release.tool,
            state: state, pool: session.pool, logger: session.logger,
            now: { [clock = session.clock] in Timestamp(seconds: clock.seconds) })
        run.configured = session.configuration.components.map(\.name)
        run.acceptsShrink = acceptsShrink
        run.allowsOtherStack = allowsOtherStack
        run.lanes = min(Session.lanes + 1, 4)  // one more, for whichever waits for the disk
        let display = ProgressDisplay(options: session.options, work: parts.map { ($0.name, $0.progress) })
        do {
            let report = try await display.during { [run] in try await run.run() }
            try? state.recordRun(succeeded: true)
            return report
        } catch {
            // An interruption says nothing about the backup, and a full store is one that must be pruned; anything else
            // counts towards freezing the retention.
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
            sample.lanes = Session.lanes
            sample.restorers = try session.inspectors()
            let display = ProgressDisplay(options: session.options, work: [("", sample.progress)])
            let report = try await display.during { [sample] in try await sample.run() }
            SampleText.warn(report, output)
            return report
        } catch is CancellationError {
            output.warn("reading old packs was interrupted, the backup is good; the next one reads them")
        } catch { output.warn("old packs could not be read again, the backup is good: \(error)") }
        return nil
    }

    private func writeMetrics(_ set: BackupSet, _ repository: Repository) async {
        guard let path = session.configuration.metrics.textfile else { return }
        let names = Set(session.configuration.components.map(\.name)).union(set.components.keys)
        let proofs = try? await ComponentProofs(names, of: repository, session.pool)
        do {
            let latest = try await repository.latest(
                of: names, now: session.now(), known: set.name, provesManifests: false, pool: session.pool)
            try BackupMetrics(set, latest: latest, proofs: proofs).write(to: path)
        } catch { output.warn("\(error)") }
    }

    /// There is no set: the metrics say that, and what they said of the components before.
    private func noteFailure(_ began: Timestamp) {
        guard let path = session.configuration.metrics.textfile else { return }
        do { try BackupMetrics.noteFailure(at: began, stack: session.configuration.stack, in: path) } catch {
            output.warn("\(error)")
        }
    }

    private static func meansFullStore(_ error: any Error) -> Bool {
        (error as? BackupFailure)?.isStoreFull ?? ((error as? ObjectStoreError)?.reason == .noSpace)
    }

    /// Makes room, as far as retention lets it, for the next backup: this one has failed.
    private func pruneFullStore(_ repository: Repository) async {
        do {
            let report = try await session.prune(of: repository).run()
            PruneText.warn(report, output)
            let waits = report.announced.sets > 0 || report.sets.contains { $0.fate == .announced }
            output.warn(
                "the store is full; the backup failed, and dr pruned the store\n\(PruneText.summary(report))"
                    + (waits ? "\nhint: `dr prune --grace 0s` removes at once what is announced" : ""))
        } catch { output.warn("the store is full, and pruning it failed too: \(error)") }
    }

    private func prune(_ repository: Repository) async {
        do {
            let report = try await session.prune(of: repository).run()
            PruneText.warn(report, output)
            if report.removed.sets + report.announced.sets > 0 { output.note(PruneText.summary(report)) }
        } catch is CancellationError {
            output.warn("pruning was interrupted; the next backup goes on with it")
        } catch { output.warn("pruning failed, the backup is good: \(error)") }
    }
}

/// The set, and beside its own members `sample` where a share was read.
extension BackupJob.Result: Encodable {
    private enum CodingKeys: String, CodingKey { case sample }

    package func encode(to encoder: any Encoder) throws {
        try set.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(sample, forKey: .sample)
    }
}
