import ArgumentParser
import Operations

/// `dr key revoke FINGERPRINT`.
struct KeyRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Remove a recovery key from dr.yaml.",
        discussion: """
            Removes the recipient from `recipients:` in dr.yaml. Comments and other lines stay as they are. From the next \
            backup on, new data are not encrypted for its key. dr shows which existing backup sets the key can still \
            open: it is not possible to take those back from someone who has copies of them. dr refuses to remove the \
            only recipient.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "SHA-256 fingerprint of the recipient, or its first 8 digits or more.")
    var fingerprint: String

    @Flag(name: .long, help: "Show what would be done, and change nothing.")
    var dryRun = false

    func run() async throws {
        let session = try Session(options)
        var change = try RecipientChange(session: session)
        try change.drop(fingerprint)
        let result = try await session.apply(change, isDryRun: dryRun)
        try Output(options: options).result(result) { result.text }
    }
}
