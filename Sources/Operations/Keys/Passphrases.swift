package import Cryptography
package import Documents
import FoundationEssentials
import Platform
import Synchronization

/// The passphrases of the private keys that a command opens. The operator types each one at most once.
package struct Passphrases: Sendable {
    /// The place that the command line names for the recovery key's passphrase.
    package var recovery: PassphraseSource?
    private let typed = Typed()

    package init(recovery: PassphraseSource? = nil) { self.recovery = recovery }

    /// The environment variable of the passphrase for a purpose.
    package static func variable(for purpose: KeyPurpose) -> String {
        switch purpose {
        case .recovery: "DR_RECOVERY_PASSPHRASE"
        case .signing: "DR_SIGNING_PASSPHRASE"
        }
    }

    package func ofRecoveryKey(_ file: String) throws -> [UInt8] {
        try passphrase(of: file, for: .recovery, from: recovery)
    }

    /// - Parameter configured: the passphrase that the configuration names.
    package func ofSigningKey(_ file: String, configured: Secret?) throws -> [UInt8] {
        try passphrase(of: file, for: .signing, from: configured.map { PassphraseSource($0) })
    }

    /// Returns the passphrase of an existing key: from `source`, else from the environment, else from the operator.
    /// - Throws: `CMSError` `.passphrase` if there is none of these.
    package func passphrase(
        of file: String, for purpose: KeyPurpose, from source: PassphraseSource?
    ) throws -> [UInt8] {
        if let source { return try source.read() }
        let environment = ProcessInfo.processInfo.environment
        if let value = environment[Self.variable(for: purpose)] { return Array(value.utf8) }
        if let known = typed[file] { return known }
        guard TerminalQuestion.isPossible else {
            let options = purpose == .recovery ? "add --passphrase-file FILE or --passphrase-command COMMAND, or " : ""
            throw CMSError(
                .passphrase, operation: "read private key '\(file)'",
                "the key is encrypted and no passphrase was given",
                hint: "\(options)set \(Self.variable(for: purpose))")
        }
        let answer = try TerminalQuestion("passphrase").askHidden("passphrase of \(file.printable): ")
        typed[file] = answer
        return answer
    }
}

/// The answers of the operator, by key file, for all copies of a session.
private final class Typed: Sendable {
    private let answers = Mutex<[String: [UInt8]]>([:])

    subscript(file: String) -> [UInt8]? {
        get { answers.withLock { $0[file] } }
        set { answers.withLock { $0[file] = newValue } }
    }
}
