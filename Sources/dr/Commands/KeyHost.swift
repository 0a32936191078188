import ArgumentParser
import Operations
import Platform

/// `dr key host`.
struct KeyHost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "Give this machine the document keys of an encrypted repository.",
        discussion: """
            A machine that makes or prunes encrypted backups needs document keys: they open the names and hashes of \
            backups, and no content. Each machine makes its own at its first backup. This command adds those of the other \
            machines, and those that this machine lost with its state folder. The recovery key opens them.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var key: RecoveryKeyOptions

    func validate() throws {
        if key.recoveryKey == nil { throw ValidationError("--recovery-key is missing") }
    }

    func run() async throws {
        var session = try Session(options)
        session.take(key)
        let result = try await session.adoptDocumentKeys()
        try Output(options: options).result(result) {
            "added \(Units.count(result.added, "document key")) to \(result.file), which has \(result.keys) now"
        }
    }
}
