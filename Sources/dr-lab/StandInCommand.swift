import ArgumentParser

/// Stand-ins for servers that cannot be installed everywhere; each is a file of its own.
struct StandInCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stand-in", abstract: "Stand in for a server, on 127.0.0.1, until interrupted.",
        subcommands: [
            ElasticsearchStandInCommand.self
        ])
}
