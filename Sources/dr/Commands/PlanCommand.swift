import ArgumentParser

/// Groups the commands about recovery plans.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "List, show and validate recovery plans, and show their history.",
        subcommands: [PlanList.self, PlanShow.self, PlanValidate.self, PlanHistoryCommand.self])
}

/// Values for a plan's parameters.
struct PlanParameters: ParsableArguments {
    @Option(
        name: .customLong("param"),
        help: ArgumentHelp("Value of a plan parameter, as NAME=VALUE; may be repeated.", valueName: "name=value"))
    var assignments: [String] = []

    func validate() throws { _ = try values() }

    func values() throws -> [String: String] {
        try assignments.reduce(into: [:]) { values, text in
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw ValidationError("--param '\(text)': write NAME=VALUE")
            }
            let name = String(text[..<equals])
            guard values[name] == nil else { throw ValidationError("--param gives '\(name)' twice") }
            values[name] = String(text[text.index(after: equals)...])
        }
    }
}
