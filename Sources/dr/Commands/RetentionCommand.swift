import ArgumentParser

/// Holds the commands about retention together.
struct RetentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention", abstract: "See what a retention policy keeps, before it does.",
        subcommands: [RetentionSimulate.self])
}
