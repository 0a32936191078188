import ArgumentParser
import BackupRepository
import Operations
import Platform

/// `dr key revoke FINGERPRINT`.
struct KeyRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke a recovery key or a signing key in dr.yaml.",
        discussion: """
            For a recovery key, dr removes the certificate from `recipients:` in dr.yaml. From the next backup on, new data \
            are not encrypted for it. dr shows which existing backup sets the key can still open: it is not possible to \
            take those back from someone who has copies of them. dr refuses to remove the only recipient.

            For a signing key, dr writes its fingerprint with `revoked:` and the time under `signing: trust:`. What the \
            key signs after that time does not count. dr refuses to revoke the key with which this machine signs.

            Comments and other lines of dr.yaml stay as they are.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "SHA-256 fingerprint of the certificate, or its first 8 digits or more.")
    var fingerprint: String

    @Option(
        name: .long,
        help: "For a signing key: time from which others may have it, RFC 3339 or an age such as 6h (default: now).")
    var at: MomentArgument?

    @Flag(name: .long, help: "Remove a recipient although no other one can open the newest backup set.")
    var force = false

    @Flag(name: .long, help: "Show what would be done, and change nothing.")
    var dryRun = false

    func run() async throws {
        let session = try Session(options)
        let time = Timestamp(seconds: at?.seconds(now: session.now()) ?? session.now().seconds)
        if let revocation = try SignerRevocation(of: fingerprint, at: time, session: session) {
            let result = try await session.pool.run { try revocation.apply(isDryRun: dryRun) }
            return try Output(options: options).result(result) { result.text }
        }
        if at != nil { throw ValidationError("--at needs the fingerprint of a signer in dr.yaml") }
        var change = try RecipientChange(session: session)
        try change.drop(fingerprint)
        change.isForced = force
        let result = try await session.apply(change, isDryRun: dryRun)
        try Output(options: options).result(result) { result.text }
    }
}
