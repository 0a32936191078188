import ArgumentParser
import BackupRepository
import Operations
import Platform

/// `dr key rotate`.
struct KeyRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Add a recovery key to dr.yaml, and drop an old one.",
        discussion: """
            Adds the certificate to `recipients:` in dr.yaml. Comments and other lines stay as they are. The next backup \
            encrypts new data for all recipients; any one of their keys can restore it. Older data stay encrypted for \
            the keys of their time, until `dr rekey` writes them again.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("Certificate of the new recovery key, PEM; may be repeated.", valueName: "certificate"),
        completion: .file())
    var recipient: [String] = []

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "SHA-256 fingerprint of a recipient to remove, or its first 8 digits or more; may be repeated.",
            valueName: "fingerprint"))
    var drop: [String] = []

    @Flag(name: .long, help: "With --drop: remove a recipient although no other one can open the newest backup set.")
    var force = false

    @Flag(name: .long, help: "Show what would be done, and change nothing.")
    var dryRun = false

    func validate() throws {
        if recipient.isEmpty { throw ValidationError("--recipient is missing; `dr key revoke` only removes a key") }
    }

    func run() async throws {
        let session = try Session(options)
        var change = try RecipientChange(session: session)
        for file in recipient { try change.add(file) }
        for fingerprint in drop { try change.drop(fingerprint) }
        change.isForced = force
        let result = try await session.apply(change, isDryRun: dryRun)
        try Output(options: options).result(result) { result.text }
    }
}

extension Session {
    /// Carries out a change of the recipients, also if the repository cannot be read now.
    func apply(_ change: RecipientChange, isDryRun: Bool) async throws -> RecipientChange.Result {
        let repository: Repository?
        do { repository = try await self.repository() } catch {
            Output(options: options).warn("the existing backups could not be read: \(error)")
            repository = nil
        }
        return try await pool.run { try change.apply(isDryRun: isDryRun, in: repository) }
    }
}
