import ArgumentParser

/// Groups the retention commands.
struct RetentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention", abstract: "Simulate a retention policy.",
        subcommands: [RetentionSimulate.self])
}
