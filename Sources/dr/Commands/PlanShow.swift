import ArgumentParser
import Documents
import Operations
import Platform
import RecoveryPlan

struct PlanShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a plan's steps in their order, with real values.",
        discussion: """
            Touches nothing. Where the scenario was run or drilled on this machine, the store is asked how much there is \
            to bring back, for the forecast. `dr restore --scenario S --dry-run` shows besides what a restore would \
            move. With --source the plan's text is printed: the beginning of one of your own.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var parameters: PlanParameters

    @Argument(help: "The scenario, by its name or an alias.")
    var scenario: String

    @Flag(name: .long, help: "Print the graph of the steps for Graphviz: dr plan show S --dot | dot -Tsvg.")
    var dot = false

    @Flag(name: .long, help: "Print the plan's text as it is written.")
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
        // Without a history there is nothing to forecast, and no reason to ask the store.
        if let times = await session.stepTimes(of: plan.scenario)[plan.scenario], times.runs > 0 {
            let now = session.now()
            let sizes = await session.componentSizes(now: now)
            report.forecast = times.forecast(plan, sizes: sizes.today)
            report.outlook = session.outlook(of: plan, times, sizes, now: now)
        }
        try Output(options: options).result(report) { report.text(kinds: session.kindsByComponent) }
    }
}
