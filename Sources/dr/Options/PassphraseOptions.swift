import ArgumentParser
import Operations

/// The options that say where the passphrase of a private key comes from.
struct PassphraseOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "File that holds the passphrase of the key. Only you and root may be able to read it.",
        completion: .file())
    var passphraseFile: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Shell command that prints the passphrase of the key, such as 'pass show dr'.", valueName: "command"))
    var passphraseCommand: String?

    func validate() throws {
        if passphraseFile != nil, passphraseCommand != nil {
            throw ValidationError("--passphrase-file and --passphrase-command exclude each other")
        }
    }

    /// Nil if neither option is given.
    var source: PassphraseSource? {
        passphraseFile.map { .file($0) } ?? passphraseCommand.map { .command($0) }
    }
}

/// The options of the commands that read encrypted backups.
struct RecoveryKeyOptions: ParsableArguments {
    @Option(
        name: .long,
        help: """
            Private key for encrypted backups, PEM. Its passphrase comes from --passphrase-file, --passphrase-command or \
            DR_RECOVERY_PASSPHRASE; else dr asks at the terminal.
            """,
        completion: .file())
    var recoveryKey: String?

    @OptionGroup var passphrase: PassphraseOptions

    func validate() throws {
        if recoveryKey == nil, passphrase.source != nil {
            throw ValidationError("--passphrase-file and --passphrase-command need --recovery-key")
        }
    }
}

extension Session {
    /// Notes the recovery key, and where its passphrase comes from.
    mutating func take(_ key: RecoveryKeyOptions) {
        recoveryKey = key.recoveryKey
        passphrases.recovery = key.passphrase.source
    }
}
