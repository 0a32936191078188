import ArgumentParser
import BackupRepository
import Documents
import Operations
import StackConfiguration

struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Drop the sets that retention does not keep, and what only they need.",
        discussion: """
            In two steps: what is to go is announced, and removed by the first prune after the grace. Exit code 1 when \
            pruning is frozen: a person must look first.
            """)

    @OptionGroup var options: GlobalOptions

    @Flag(name: .long, help: "Change nothing, and say what would happen and why.")
    var dryRun = false

    @Option(
        name: .long,
        help: "Time from announcement to removal; 0s for both at once (default: retention.grace, else 24h).")
    var grace: String?

    func validate() throws { _ = try seconds() }

    private func seconds() throws -> Int? {
        guard let grace else { return nil }
        do { return Int(try Period(grace).duration.components.seconds) } catch {
            throw ValidationError("--grace: '\(grace)' \(error)")
        }
    }

    func run() async throws {
        let session = try Session(options)
        let repository = try await session.repository()
        var prune = try session.prune(of: repository)
        prune.isDryRun = dryRun
        if let grace = try seconds() { prune.grace = grace }
        let display = ProgressDisplay(options: options, work: [("", prune.progress)])
        let report = try await display.during { [prune] in try await prune.run() }
        let output = Output(options: options)
        PruneText.warn(report, output)
        try output.result(report) { PruneText.full(report) }
        if !report.frozen.isEmpty { throw ExitStatus.failed }
    }
}
