package import Cryptography
import Documents
import FoundationEssentials
import Platform

/// The choice of a passphrase for a key that is created.
package struct NewPassphrase {
    /// The place that the command line names.
    package var source: PassphraseSource?
    /// True if the operator wants a key without a passphrase.
    package var isRefused = false

    package init(source: PassphraseSource? = nil, isRefused: Bool = false) {
        self.source = source
        self.isRefused = isRefused
    }

    /// Returns the passphrase: from the named place, else from the environment, else from the operator, who types it
    /// twice. Blocks.
    /// - Parameters:
    ///   - file: the file of the key, for the prompt.
    ///   - isRequired: true if a key without a passphrase must be ordered.
    /// - Returns: nil for a key without a passphrase.
    /// - Throws: `UsageError` if a passphrase is required and cannot be had, or does not fit.
    package func choose(for file: String, _ purpose: KeyPurpose, isRequired: Bool) throws -> [UInt8]? {
        if isRefused { return nil }
        let variable = Passphrases.variable(for: purpose)
        if let source { return try checked(source.read()) }
        if let value = ProcessInfo.processInfo.environment[variable] { return try checked(Array(value.utf8)) }
        guard TerminalQuestion.isPossible else {
            guard isRequired else { return nil }
            throw UsageError(
                "no passphrase for the key '\(file)'",
                hint: "add --passphrase-file FILE or --passphrase-command COMMAND, set \(variable), "
                    + "or add --no-passphrase for a key that its file mode alone protects")
        }
        let question = TerminalQuestion("new passphrase")
        let first = try checked(question.askHidden("new passphrase for \(file.printable): "))
        guard try question.askHidden("repeat it: ") == first else {
            throw UsageError("the two passphrases differ; no key was created")
        }
        return first
    }

    private func checked(_ passphrase: [UInt8]) throws -> [UInt8] {
        guard (4...1024).contains(passphrase.count) else {
            throw UsageError("a passphrase must have 4 to 1024 bytes")
        }
        return passphrase
    }
}
