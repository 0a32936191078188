import ArgumentParser
import Operations
import StackConfiguration

struct GapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gap",
        abstract: "List data of the stack that no backup holds, with the reason and how to include it.",
        discussion: "Exit code 3: a query failed; with --fail-on-gap, 4: there is a gap.")

    @OptionGroup var options: GlobalOptions

    @Flag(name: .long, help: "Exit with code 4 if there is a gap, for use in pipelines.")
    var failOnGap = false

    func run() async throws {
        let report = try await GapSearch(session: try Session(options)).run()
        try Output(options: options).result(report) { report.text }
        if !report.unknown.isEmpty { throw ExitStatus.partial }
        if failOnGap, !report.gaps.isEmpty { throw ExitStatus.checkFailed }
    }
}
