import ArgumentParser

struct NotifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify", abstract: "Try the channels that people are told by.",
        subcommands: [NotifyTest.self])
}
