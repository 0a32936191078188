import ArgumentParser
import BackupRepository
import ObjectStorage
import Operations

struct ThawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "thaw",
        abstract: "Make the archived packs of a backup set readable for some days, so that it can be restored.",
        discussion: """
            The store needs minutes to days, by class and --tier. Run the same command again to see the state; it asks \
            only for packs that were not asked for yet. Exit code 3: the store refused some requests.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var source: StoreOptions
    @OptionGroup var key: RecoveryKeyOptions

    @Option(
        name: .long,
        help: """
            Backup set: \(SetSelector.words). As in a restore, 'latest' takes the newest set that holds each \
            component whole.
            """)
    var set: SetSelector

    @Option(name: .long, parsing: .singleValue, help: "Only this component; may be repeated.")
    var component: [String] = []

    @Option(name: .long, help: "Days for which the packs can be read.")
    var days = 7

    @Option(name: .long, help: "Speed and price of the thaw: Expedited, Standard or Bulk.")
    var tier = ThawSpeed.standard

    @Flag(name: .long, help: "Wait until all packs can be read.")
    var wait = false

    func validate() throws {
        guard (1...365).contains(days) else { throw ValidationError("--days takes 1 to 365") }
    }

    func run() async throws {
        try await recorded(
            as: .thaw, options, session: { try await Session(options, source, key: key) }, work)
    }

    private func work(_ session: Session) async throws {
        var job = ThawJob(session.askingOnce)
        job.components = Set(component)
        (job.days, job.speed, job.waits) = (days, tier, wait)
        let display = ProgressDisplay(options: options, work: [("", job.progress)])
        let outcome = try await display.during { [job, set] in try await job.run(set) }
        let output = Output(options: options)
        if let failure = outcome.failure {
            output.warn("the store refused \(outcome.failed) of the requests: \(failure)")
        }
        try output.result(outcome) { outcome.text }
        if outcome.isWaiting { output.note("hint: `\(job.waitingCommand(for: outcome))` waits for them") }
        if !outcome.isWhole { throw ExitStatus.partial }
    }
}

extension ThawSpeed: ExpressibleByArgument {}
