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
        let display = ProgressDisplay(options: options, work: parts.map { ($0.name, $0.progress) })
        let report = try await display.during { [run] in try await run.run() }
        for warning in report.warnings { output.warn(warning) }
        if let path = session.configuration.metrics.textfile {
            do { try BackupMetrics(report.set).write(to: path) } catch { output.warn("\(error)") }
        }
        for reason in report.set.reasons { StandardError.write("dr: \(reason)\n") }
        try output.result(report.set) { SetText.summary(report.set) }
        if report.set.status == .partial { throw ExitStatus.partial }
    }
}
