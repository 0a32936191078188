import ArgumentParser
import Operations

struct CopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Bring the copies of the store up to date.",
        discussion: """
            Copies the backup sets that the retention of each copy keeps, object by object, and verifies the SHA-256 of \
            each object on its way. The newest set comes first. Run the same command again to resume an interrupted \
            copy. Then dr prunes each copy by its retention. `dr backup` does the same at its end. Exit code 3: a set \
            could not be copied, a copy failed, or a set in it lacks an object.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Names of copies in `store: copies:` (default: all).")
    var name: [String] = []

    @Flag(name: .long, help: "Do not prune the copies.")
    var noPrune = false

    @Flag(name: .long, help: "Begin a copy anew that is gone from its place.")
    var create = false

    @Flag(name: .long, help: "Show what would be copied, and change nothing.")
    var dryRun = false

    func run() async throws {
        try await recorded(as: .copy, options, unless: dryRun, session: { try Session(options) }, work)
    }

    private func work(_ session: Session) async throws {
        let session = session.askingOnce
        let output = Output(options: options)
        var job = CopyJob(session, output)
        job.names = name
        job.isDryRun = dryRun
        job.creates = create
        job.prunes = !noPrune
        let outcomes = try await job.run()
        try output.result(["copies": outcomes]) { outcomes.map(\.text).joined(separator: "\n") }
        if !outcomes.allSatisfy(\.isWhole) { throw ExitStatus.partial }
    }
}
