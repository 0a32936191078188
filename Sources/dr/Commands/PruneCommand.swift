import ArgumentParser
import BackupRepository
import Documents
import Operations
import StackConfiguration

struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove the backup sets that the retention policy drops, and the objects that only they need.",
        discussion: """
            Works in two steps: dr announces a removal, and the first prune after the grace period removes the objects. \
            Exit code 1: pruning is frozen, and an operator must look at the reason first.
            """)

    @OptionGroup var options: GlobalOptions

    @Flag(name: .long, help: "Show what would be removed and why, and change nothing.")
    var dryRun = false

    @Option(
        name: .long,
        help: "Time from the announcement to the removal; 0s removes immediately (default: retention.grace, else 24h).")
    var grace: String?

    func validate() throws { _ = try seconds() }

    private func seconds() throws -> Int? {
        guard let grace else { return nil }
        do { return Int(try Period(grace).duration.components.seconds) } catch {
            throw ValidationError("--grace: '\(grace)' \(error)")
        }
    }

    func run() async throws {
        try await recorded(as: .prune, options, unless: dryRun, session: { try Session(options) }, work)
    }

    private func work(_ session: Session) async throws {
        let session = session.askingOnce
        let repository = try await dryRun ? session.repository() : session.writableRepository()
        var prune = try session.prune(of: repository)
        prune.isDryRun = dryRun
        if let grace = try seconds() { prune.grace = grace }
        let display = ProgressDisplay(options: options, work: [("", prune.progress)])
        let report = try await display.during { [prune] in try await prune.run() }
        let output = Output(options: options)
        session.note(report)
        if !dryRun { await session.noteStack(repository, telling: output) }
        PruneText.warn(report, output)
        try output.result(report) { PruneText.full(report) }
        if !report.frozen.isEmpty { throw ExitStatus.failed }
    }
}
