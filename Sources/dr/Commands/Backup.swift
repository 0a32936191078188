import ArgumentParser
import Configuration
import Cryptography
import Foundation
import Repository
import StrictYAML

struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Capture the components, store what is new, commit a set.",
        discussion: """
            Needs no lock: two backups at once both succeed. Exit code 3 when some component failed or some file is \
            damaged: the rest is backed up, and the set says what is missing. Exit code 4 when --verify finds that \
            something stored before is damaged.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, parsing: .singleValue, help: "Only this component; may be given again. All by default.")
    var component: [String] = []

    @Flag(name: .long, help: "Do not prune afterwards.")
    var noPrune = false

    @Option(
        name: .long,
        help: "'sample' reads a share of the old packs afterwards, so that all are read within verification.period.")
    var verify: Check?

    enum Check: String, ExpressibleByArgument, CaseIterable { case sample, none }

    func run() async throws {
        let session = try Session(options)
        let output = Output(options: options)
        let notices = BackupNotices(session: session, output: output)
        let result: Result
        do { result = try await backUp(session, output) } catch {
            await notices.tell(error)
            throw error
        }
        try output.result(result) { result.text }
        await notices.tell(result.set)
        if result.sample?.findings.isEmpty == false { throw ExitStatus.checkFailed }
        if result.set.status == .partial { throw ExitStatus.partial }
    }

    private func backUp(_ session: Session, _ output: Output) async throws -> Result {
        let chosen = try Components.chosen(component, of: session.configuration)
        let parts = try chosen.map { component in
            var part = BackupRun.Component(
                name: component.name, kind: component.kind, source: try Components.source(component, session))
            part.stallTimeout = component.stallTimeout.duration
            return part
        }
        let repository = try await session.repository()
        for recipient in repository.encryption.recipients {
            // An expired certificate encrypts as well as ever, and no backup is worse than one to an old key.
            do { try recipient.checkValidity(at: Date()) } catch { output.warn("\(error)") }
        }
        var run = BackupRun(
            repository: repository, components: parts, stack: session.configuration.stack, tool: "dr \(DR.version)",
            state: try session.state(of: repository), pool: session.pool, logger: session.logger, now: Session.now)
        run.lanes = min(Session.lanes + 1, 4)  // one more, for whichever waits for the disk
        let recording = SetRecording(session: session, output: output)
        let planted = await recording.plantSentinels(in: chosen)
        let display = ProgressDisplay(options: options, work: parts.map { ($0.name, $0.progress) })
        let state = run.state
        let report: BackupRun.Report
        do {
            report = try await display.during { [run] in try await run.run() }
            try? state.recordRun(succeeded: true)
        } catch {
            // An interruption says nothing about the backup; anything else counts towards freezing the retention.
            if !(error is CancellationError) { try? state.recordRun(succeeded: false) }
            throw error
        }
        for warning in report.warnings { output.warn(warning) }
        await recording.record(report.set, planted: planted, in: repository)
        let check = verify ?? (session.configuration.verification.sample ? .sample : .none)
        let sample = check == .sample ? await readShare(session, repository, output) : nil
        if let path = session.configuration.metrics.textfile {
            let proofs = try? await ComponentProofs(report.set.components.keys, of: repository, session.pool)
            do { try BackupMetrics(report.set, proofs).write(to: path) } catch { output.warn("\(error)") }
        }
        if !noPrune { await prune(session, repository, output) }
        for reason in report.set.reasons { StandardError.write("dr: \(reason)\n") }
        return Result(set: report.set, sample: sample)
    }

    /// The set, and beside its own members `sample` where a share was read.
    private struct Result: Encodable {
        var set: BackupSet
        var sample: SampledVerification.Report?

        enum CodingKeys: String, CodingKey { case sample }

        var text: String {
            ([SetText.summary(set)] + (sample.map { [SampleText.summary($0)] } ?? [])).joined(separator: "\n")
        }

        func encode(to encoder: any Encoder) throws {
            try set.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeIfPresent(sample, forKey: .sample)
        }
    }

    /// The backup is good whatever this finds.
    private func readShare(
        _ session: Session, _ repository: Repository, _ output: Output
    ) async -> SampledVerification.Report? {
        do {
            var sample = SampledVerification(
                repository: repository,
                period: Int(session.configuration.verification.period.duration.components.seconds),
                tool: "dr \(DR.version)", pool: session.pool, now: Session.now())
            sample.lanes = Session.lanes
            sample.restorers = try session.inspectors()
            let display = ProgressDisplay(options: options, work: [("", sample.progress)])
            let report = try await display.during { [sample] in try await sample.run() }
            SampleText.warn(report, output)
            return report
        } catch is CancellationError {
            output.warn("reading old packs was interrupted, the backup is good; the next one reads them")
        } catch { output.warn("old packs could not be read again, the backup is good: \(error)") }
        return nil
    }

    /// The backup is good whatever becomes of this.
    private func prune(_ session: Session, _ repository: Repository, _ output: Output) async {
        do {
            let report = try await session.prune(of: repository).run()
            PruneText.warn(report, output)
            if report.removed.sets + report.announced.sets > 0 { output.note(PruneText.summary(report)) }
        } catch is CancellationError {
            output.warn("pruning was interrupted; the next backup goes on with it")
        } catch { output.warn("pruning failed, the backup is good: \(error)") }
    }
}
