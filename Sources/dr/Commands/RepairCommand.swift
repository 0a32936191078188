import ArgumentParser
import Operations

struct RepairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Heal one store of the backups from its copies.",
        discussion: """
            dr looks at every object that the backup sets of the store refer to, and puts back those that are missing or \
            damaged from another store in dr.yaml, each only if its SHA-256 is the recorded one. Without --read-data, a \
            pack is good if its size is right. Sets that are gone from the first store, and that its retention keeps, are \
            copied back; so an empty first store becomes whole again. dr removes nothing. Run the same command again to \
            resume. To put damaged live data of a server back, use `dr heal`. Exit code 3: an object is lost in all \
            stores, or could not be read; with --dry-run, 4: there is something to repair.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Repair this copy of `store: copies:`, and not the first store.")
    var copy: String?

    @Option(
        name: .long, parsing: .singleValue,
        help: "Take objects only from this copy; may be repeated (default: all other stores).")
    var from: [String] = []

    @Flag(name: .long, help: "Read every byte of every pack, to find those that are damaged with the right size.")
    var readData = false

    @Flag(name: .long, help: "Show what would be put back, and change nothing.")
    var dryRun = false

    @OptionGroup var key: RecoveryKeyOptions

    func validate() throws {
        if let copy, from.contains(copy) { throw ValidationError("--copy and --from name the same store") }
    }

    func run() async throws {
        try await recorded(as: .repair, options, unless: dryRun, session: { try Session(options) }, work)
    }

    private func work(_ session: Session) async throws {
        var session = session
        session.take(key)
        let output = Output(options: options)
        var job = RepairJob(session, output)
        job.copy = copy
        job.sources = from
        job.readsData = readData
        job.isDryRun = dryRun
        job.recoveryKey = key.recoveryKey
        let outcome = try await job.run()
        try output.result(outcome) { outcome.text }
        if !outcome.isWhole { throw ExitStatus.partial }
        if dryRun, outcome.foundDefects { throw ExitStatus.checkFailed }
    }
}
