import ArgumentParser
import Configuration
import Cryptography
import Foundation
import Repository

struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Capture the components, store what is new, commit a set.",
        discussion: """
            Needs no lock: two backups at once both succeed. Exit code 3 when some component failed or some file is \
            damaged: the rest is backed up, and the set says what is missing.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, parsing: .singleValue, help: "Only this component; may be given again. All by default.")
    var component: [String] = []

    @Flag(name: .long, help: "Do not prune afterwards.")
    var noPrune = false

    func run() async throws {
        let session = try Session(options)
        let output = Output(options: options)
        let chosen = try Components.chosen(component, of: session.configuration)
        let parts = try chosen.map {
            BackupRun.Component(name: $0.name, kind: $0.kind, source: try Components.source($0, session))
        }
        let repository = try await session.repository()
        for recipient in repository.encryption.recipients {
            // An expired certificate encrypts as well as ever, and no backup is worse than one to an old key.
            do { try recipient.checkValidity(at: Date()) } catch { output.warn("\(error)") }
        }
        var run = BackupRun(
            repository: repository, components: parts, stack: session.configuration.stack, tool: "dr \(DR.version)",
            state: try session.state(of: repository), pool: session.pool, logger: session.logger, now: Session.now)
        run.lanes = Session.lanes
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
        if let path = session.configuration.metrics.textfile {
            do { try BackupMetrics(report.set).write(to: path) } catch { output.warn("\(error)") }
        }
        if !noPrune { await prune(session, repository, output) }
        for reason in report.set.reasons { StandardError.write("dr: \(reason)\n") }
        try output.result(report.set) { SetText.summary(report.set) }
        if report.set.status == .partial { throw ExitStatus.partial }
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
