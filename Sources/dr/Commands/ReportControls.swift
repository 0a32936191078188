import ArgumentParser
import BackupRepository
import FoundationEssentials
import Operations
import Platform
import Reporting

/// `dr report controls`.
struct ReportControls: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controls", abstract: "Show which requirements of rules and standards the tests support.",
        discussion: """
            For each requirement: met, in part or not shown, with the reason, the newest test that supports it, and \
            the day until which the next one is due. dr takes the tests from this machine's journals and from the \
            ledger of the repository, and facts that only operators know from `evidence:` in dr.yaml and from \
            actions.yaml. The evidence supports a requirement; it does not show compliance.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Time of the verdicts: RFC 3339, or a date (default: now).")
    var at: ControlTime?

    func run() async throws {
        let session = try Session(options)
        let facts = await session.controlFacts(at: at?.date) { Output(options: options).warn($0) }
        let report = ControlReport(facts)
        try Output(options: options).result(report) { report.text }
    }
}

/// A time on the command line; a day means its last second, in UTC.
struct ControlTime: ExpressibleByArgument {
    var date: Date

    init?(argument: String) {
        let isDay = argument.wholeMatch(of: /\d{4}-\d{2}-\d{2}/) != nil
        guard let date = try? Date(isDay ? "\(argument)T23:59:59Z" : argument, strategy: .iso8601) else { return nil }
        self.date = date
    }
}
