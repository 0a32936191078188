import ArgumentParser
import Documents
import Operations
import Platform
import RecoveryPlan

struct PlanShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the steps of a plan in order, with real values.",
        discussion: """
            Changes nothing. If the scenario was run or drilled on this machine, dr reads the amount of data from the \
            store for the forecast. `dr restore --scenario S --dry-run` also shows what a restore would change. Use \
            --source to print the plan's text as a start for your own plan.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var parameters: PlanParameters

    @Argument(help: "Name or alias of the scenario.")
    var scenario: String

    @Flag(name: .long, help: "Print the graph of the steps for Graphviz, as in: dr plan show S --dot | dot -Tsvg.")
    var dot = false

    @Flag(name: .long, help: "Print the text of the plan.")
    var source = false

    func validate() throws {
        if [dot, source, options.json].count(where: { $0 }) > 1 {
            throw ValidationError("--dot, --source and --json exclude each other")
        }
    }

    func run() async throws {
        let session = try Session(options)
        let entry = try session.planLibrary().entry(for: scenario, skippingEmpty: source)
        guard !source else {
            try StandardOutput.write(exactly: entry.text.text)
            return
        }
        let plan = try entry.text.read(in: session.planScope(.look, overrides: try parameters.values()))
        guard !dot else {
            try StandardOutput.write(PlanGraphText(plan).text + "\n")
            return
        }
        var report = try await PlanReport(plan, from: entry, in: session.lookContext(for: plan))
        // Without a history there is no forecast, and so the store is not read.
        if let times = await session.stepTimes(of: plan.scenario)[plan.scenario], times.hasTimes {
            let now = session.now()
            let sizes = await session.componentSizes(now: now)
            let cold = await session.coldComponents(of: plan)
            report.forecast = times.forecast(plan, sizes: sizes.today, cold: cold)
            report.outlook = session.outlook(of: plan, times, sizes: sizes, cold: cold, now: now)
            report.calibration = await session.forecastHistory(of: plan.scenario).summaries
        }
        try Output(options: options).result(report) { report.text(kinds: session.kindsByComponent) }
    }
}
