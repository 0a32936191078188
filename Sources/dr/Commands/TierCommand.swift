import ArgumentParser
import BackupRepository
import Operations

struct TierCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tier",
        abstract: "Move the packs that only old backup sets need to cheaper storage classes.",
        discussion: """
            The classes and ages are in `store: tiers:`. The age of a pack is that of the newest set that needs it. \
            Packs of the newest set, and everything but packs, stay where they are. Exit code 1: tiering is frozen, or \
            the store does not have a class; 3: some packs could not be moved.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Use this copy of `store: copies:` in dr.yaml, and not the first store.")
    var copy: String?

    @Flag(name: .long, help: "Show what would be moved, and change nothing.")
    var dryRun = false

    func run() async throws {
        try await recorded(
            as: .tier, options, unless: dryRun,
            session: {
                let session = try Session(options)
                guard let copy, let place = try session.copies([copy]).first else { return session }
                return session.on(place)
            }, work)
    }

    private func work(_ session: Session) async throws {
        var job = TierJob(session.askingOnce)
        job.isDryRun = dryRun
        let display = ProgressDisplay(options: options, work: [("", job.progress)])
        let report = try await display.during { [job] in try await job.run() }
        let output = Output(options: options)
        report.warn(output)
        try output.result(report) { report.text }
        if !report.frozen.isEmpty || !report.refused.isEmpty { throw ExitStatus.failed }
        if !report.isWhole { throw ExitStatus.partial }
    }
}
