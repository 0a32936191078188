import ArgumentParser
import Cryptography
import BackupRepository
import Operations
import Platform

/// `dr key kit`.
struct KeyKit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kit", abstract: "Write the recovery kit: one page to print, as HTML and PDF.",
        discussion: """
            The page has the private key as text and as QR codes, the fingerprints of recipients and signers, the \
            address and id of the repository, the number and digest of the newest backup set, and the steps of a \
            recovery from nothing. The key is as in its file: with a passphrase, it stays encrypted. The files are \
            readable for you only. Write the kit again after a change of keys, and after some months.
            """)

    @OptionGroup var options: GlobalOptions

    @OptionGroup var key: RecoveryKeyOptions

    @Flag(name: .long, help: "Write the kit without the private key.")
    var withoutKey = false

    @Option(name: .long, help: "Folder for recovery-kit.html and recovery-kit.pdf.", completion: .directory)
    var to: String

    func validate() throws {
        if withoutKey == (key.recoveryKey != nil) {
            throw ValidationError("choose one: --recovery-key KEY, or --without-key")
        }
    }

    func run() async throws {
        var session = try Session(options)
        session.take(key)
        let repository = try await session.repository(allowsClear: true)
        let set = try await session.set(.latest, in: repository)
        let files = try await session.pool.run { [session] in
            let kit = try RecoveryKit(session: session, repository: repository, set: set, keyFile: key.recoveryKey)
            return try KitFiles(writing: kit, to: to)
        }
        let output = Output(options: options)
        if let own = repository.encryption.key?.certificate?.fingerprint.hex, set.recipients?.contains(own) == false {
            output.warn(
                "the key does not open the whole newest backup set \(set.name), which rests on older packs\n"
                    + "hint: use the older key, or copy the backups with `dr rekey` first")
        }
        if files.hasKey, !files.hasPassphrase {
            output.warn("the key in this kit has no passphrase: anyone with the page can read every backup")
        }
        try output.result(files) { files.text }
    }
}
