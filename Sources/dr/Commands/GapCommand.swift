import ArgumentParser
import Operations
import StackConfiguration

struct GapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gap",
        abstract: "Show what lives in the stack and is in no backup, why it matters, and how to include it.",
        discussion: "Exit code 3 when something could not be asked; with --fail-on-gap 4 when there is a gap.")

    @OptionGroup var options: GlobalOptions

    @Flag(name: .long, help: "End with exit code 4 when there is a gap: for a pipeline.")
    var failOnGap = false

    func run() async throws {
        let report = try await GapSearch(session: try Session(options)).run()
        try Output(options: options).result(report) { report.text }
        if !report.unknown.isEmpty { throw ExitStatus.partial }
        if failOnGap, !report.gaps.isEmpty { throw ExitStatus.checkFailed }
    }
}
