import ArgumentParser
import BackupRepository
import Operations
import StackConfiguration

struct RekeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rekey",
        abstract: "Copy the backup sets to a new repository, encrypted to the present recipients.",
        discussion: """
            Use it after recipients were added, removed or replaced, or after encryption was turned on: packs that are \
            stored already keep their recipients. dr reads each pack, verifies the SHA-256 of every content in it, \
            encrypts it to the recipients of dr.yaml, and writes it to the empty address --to. This machine signs the \
            copied sets. The present repository is only read. Run the same command again to resume an interrupted copy, \
            or to add newer sets. At the end dr verifies the structure of the copy, and says what to change in dr.yaml. \
            Exit code 3: a set could not be copied; 4: the copy is damaged.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Address of the new repository: s3://bucket/prefix or file:///absolute/path.")
    var to: StoreLocation

    @Option(name: .long, help: "Sets to copy: newest, kept (by the retention policy) or all.")
    var sets: RekeyJob.Scope = .kept

    @OptionGroup var key: RecoveryKeyOptions

    @Flag(
        name: .long,
        help: "Copy sets that a revoked signer made before its revocation, although no other set proves their age.")
    var acceptRevoked = false

    @Flag(name: .long, help: "Show what would be copied, and change nothing.")
    var dryRun = false

    func run() async throws {
        try await recorded(as: .rekey, options, unless: dryRun, session: { try Session(options) }, work)
    }

    private func work(_ session: Session) async throws {
        var session = session
        session.take(key)
        session.acceptsRevoked = acceptRevoked
        var job = RekeyJob(session: session, location: to)
        job.scope = sets
        job.recoveryKey = key.recoveryKey
        let output = Output(options: options)
        if dryRun {
            let preview = try await job.preview()
            return try output.result(preview) { preview.text }
        }
        let result = try await job.run()
        try output.result(result) { result.text }
        if !result.isProved { throw ExitStatus.checkFailed }
        if !result.isWhole { throw ExitStatus.partial }
    }
}

extension RekeyJob.Scope: ExpressibleByArgument {}
