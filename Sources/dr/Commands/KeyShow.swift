import ArgumentParser
import Documents
import Operations
import StackConfiguration

/// `dr key show [FILE ...]`.
struct KeyShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the kind, fingerprint, validity and use of certificates and keys.",
        discussion: """
            Without a file, dr shows the certificates and keys that dr.yaml names. With files, it works without a \
            configuration too. It never prints a private key.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Files of certificates or of a private key, PEM (default: those of dr.yaml).", completion: .file())
    var files: [String] = []

    @OptionGroup var passphrase: PassphraseOptions

    func run() async throws {
        let passphrases = Passphrases(recovery: passphrase.source)
        let listing: KeyListing
        if files.isEmpty {
            listing = try KeyListing(of: try Session(options).configuration, passphrases: passphrases)
        } else {
            listing = try KeyListing(files, configuration: try configuration(), passphrases: passphrases)
        }
        try Output(options: options).result(listing) { listing.text }
    }

    /// Nil if there is none.
    private func configuration() throws -> Configuration? {
        guard options.config == nil else { return try Session(options).configuration }
        guard (try? ConfigurationFile.locate(explicit: nil)) != nil else { return nil }
        return try Session(options).configuration
    }
}
