import ArgumentParser

/// Groups the commands about keys.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Create, show, test and replace the keys that encrypt and sign backups.",
        subcommands: [
            KeyCreate.self, KeyShow.self, KeyTestCommand.self, KeyRotate.self, KeyRevoke.self, KeyHost.self,
            KeyKit.self,
        ])
}
