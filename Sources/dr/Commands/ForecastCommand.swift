import ArgumentParser
import Documents
import Operations
import RecoveryPlan

/// Groups the commands about recovery forecasts.
struct ForecastCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast", abstract: "Compare the forecasts of recoveries with their measured times.",
        subcommands: [ForecastHistoryCommand.self], defaultSubcommand: ForecastHistoryCommand.self)
}

struct ForecastHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List forecast, measured time and error of past runs, and how often the bands held.",
        discussion: """
            Each forecast is the one that the journal recorded before the run's first step, so it never uses data of \
            the run itself or of later runs. See docs/forecast.md for the bands and the score.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Name or alias of the scenario.")
    var scenario: String

    func run() async throws {
        let session = try Session(options)
        let entry = try session.planLibrary().entry(for: scenario)
        let history = await session.forecastHistory(of: entry.scenario)
        try Output(options: options).result(history) { history.text }
    }
}
