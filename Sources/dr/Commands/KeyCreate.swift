package import ArgumentParser
package import Cryptography
import Operations

/// `dr key create FILE`.
struct KeyCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a private key and its certificate.",
        discussion: """
            Writes the private key to FILE (mode 600) and the certificate to FILE.crt. A recovery key decrypts backups: \
            its certificate goes under `recipients:` in dr.yaml, and the key to a safe place away from the machines \
            that make backups. A signing key signs backup sets: the machine that makes backups holds it. dr asks twice \
            for a passphrase at the terminal, unless an option or DR_RECOVERY_PASSPHRASE (DR_SIGNING_PASSPHRASE for a \
            signing key) provides it. dr never overwrites a key. Does not need a configuration.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(
        help: "File for the private key (default: recovery.pem, or signing.pem with --signing).", completion: .file())
    var file: String?

    @Option(name: .long, help: "Kind of key: rsa-3072, rsa-4096, p-256 or p-384.")
    var kind: KeyKind = .rsa3072

    @Flag(help: ArgumentHelp("Purpose of the key (default: --recovery)."))
    var purpose: KeyPurpose = .recovery

    @Option(name: .long, help: "Name in the certificate (default: 'dr recovery' or 'dr signing').")
    var name: String?

    @Option(name: .long, help: "File for the certificate (default: FILE.crt).", completion: .file())
    var certificate: String?

    @OptionGroup var passphrase: PassphraseOptions

    @Flag(name: .long, help: "Create the key without a passphrase: only the mode of its file protects it.")
    var noPassphrase = false

    func validate() throws {
        if noPassphrase, passphrase.source != nil {
            throw ValidationError("--no-passphrase excludes --passphrase-file and --passphrase-command")
        }
        if let name, !(1...64).contains(name.unicodeScalars.count) {
            throw ValidationError("--name takes 1 to 64 characters")
        }
    }

    func run() async throws {
        let file = file ?? "\(purpose.rawValue).pem"
        let creation = KeyCreation(
            purpose, kind: kind, commonName: name, keyFile: file, certificateFile: certificate)
        try creation.checkFiles()
        let choice = NewPassphrase(source: passphrase.source, isRefused: noPassphrase)
        let created = try creation.write(passphrase: try choice.choose(for: file, purpose, isRequired: true))
        let output = Output(options: options)
        try output.result(created) {
            """
            wrote \(created.key) (\(created.kind), \(created.hasPassphrase ? "with" : "without") a passphrase)
            wrote \(created.certificate)
            SHA-256 fingerprint \(created.fingerprint)
            """
        }
        switch purpose {
        case .recovery:
            output.note(
                "next: add `recipients: [\(created.certificate)]` under store in dr.yaml, and move \(created.key) to another machine: without it no encrypted backup can be restored"
            )
        case .signing:
            output.note(
                "next: add `signing: {certificate: \(created.certificate), key: \(created.key)}` under store in dr.yaml"
            )
        }
    }
}

extension KeyKind: ExpressibleByArgument {}

extension KeyPurpose: EnumerableFlag {
    package static func help(for value: KeyPurpose) -> ArgumentHelp? {
        switch value {
        case .recovery: "Create a key that decrypts backups (the default)."
        case .signing: "Create a key that signs backup sets."
        }
    }
}
