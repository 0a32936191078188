import ArgumentParser
import BackupRepository
import ObjectStorage
import Operations
import Platform
import StackConfiguration

struct HealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "heal",
        abstract: "Put back only the damaged or missing parts of a component's live data.",
        discussion: """
            dr reads every part of the live data that its server reads as a unit, such as a block or a chunk. It takes \
            each damaged or missing one from the newest backup set that has it, and verifies it before the exchange. \
            The replaced part is kept. The newest data of the server are never touched, and nothing that retention or \
            compaction removed comes back. Of a server that is filled through its API, only missing objects are put \
            back, and only with --missing.

            Run the same command again to finish an interrupted heal. Exit code 3: a damaged part is in no backup; with \
            --dry-run, 4: there is something to heal.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Component to heal.")
    var component: String

    @Option(
        name: .long,
        help: "Backup set to take the parts from: \(SetSelector.words) (default: the newest sets with the part).")
    var at: SetSelector?

    @Flag(name: .long, help: "Show what would be put back, and change nothing.")
    var dryRun = false

    @Flag(name: .long, help: "Also put back missing parts that the server or a user may have deleted.")
    var missing = false

    @OptionGroup var key: RecoveryKeyOptions

    func run() async throws {
        try await recorded(as: .heal, options, unless: dryRun, session: { try Session(options) }, work)
    }

    private func work(_ session: Session) async throws {
        var session = session.askingOnce
        session.take(key)
        let chosen = try session.chosen([component])
        let repository = session.remembering(try await session.repository(recoveryKey: key.recoveryKey))
        var job = HealJob(session: session, repository: repository, component: chosen[0])
        job.selector = at
        job.isDryRun = dryRun
        job.restoresMissing = missing
        let display = ProgressDisplay(options: session.options, work: [(component, job.progress)])
        let result = try await display.during { [job] in try await job.run() }
        let output = Output(options: options)
        for note in result.notes { output.warn(note) }
        try output.result(result) { result.text }
        if result.unhealed > 0 { throw ExitStatus.partial }
        if dryRun, result.toHeal > 0 { throw ExitStatus.checkFailed }
    }
}
