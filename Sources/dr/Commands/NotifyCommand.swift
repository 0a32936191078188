import ArgumentParser

struct NotifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify", abstract: "Test the notification channels.",
        subcommands: [NotifyTest.self])
}
