import ArgumentParser

/// The option of the commands that show encrypted backups on a machine without their document key.
struct RecoveryKeyOption: ParsableArguments {
    @Option(
        name: .long,
        help: """
            Private key for an encrypted repository, PEM, on a machine without its document key. \
            DR_RECOVERY_PASSPHRASE holds its passphrase.
            """,
        completion: .file())
    var recoveryKey: String?
}
