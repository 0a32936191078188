import ArgumentParser

/// Holds the commands about recovery plans together.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "See the recovery plans, what they would do, and what is wrong with them.",
        subcommands: [PlanList.self, PlanShow.self, PlanValidate.self])
}

/// Values for a plan's parameters.
struct PlanParameters: ParsableArguments {
    @Option(name: .customLong("set"), help: "A value for a parameter of the plan, as NAME=VALUE; may be repeated.")
    var assignments: [String] = []

    func validate() throws { _ = try values() }

    func values() throws -> [String: String] {
        try assignments.reduce(into: [:]) { values, text in
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw ValidationError("--set '\(text)': write NAME=VALUE")
            }
            let name = String(text[..<equals])
            guard values[name] == nil else { throw ValidationError("--set gives '\(name)' twice") }
            values[name] = String(text[text.index(after: equals)...])
        }
    }
}
