import ArgumentParser
import Documents
import Operations
import RecoveryPlan

struct PlanHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "List the tests of a scenario, and the changes of its plan between them.",
        discussion: """
            Lists the runs and drills on this host with their verdicts, from their journals. Changes are those of \
            steps, parameters, objectives and checks; comments and descriptions do not count.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Name or alias of the scenario.")
    var scenario: String

    func run() async throws {
        let session = try Session(options)
        let history = await session.planHistory(of: try session.planLibrary().entry(for: scenario))
        try Output(options: options).result(history) { history.text }
    }
}
