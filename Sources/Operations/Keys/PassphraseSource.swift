package import Documents
import FoundationEssentials
import Platform

/// The place of a passphrase that the command line or the configuration names.
package struct PassphraseSource: Equatable, Sendable {
    private let secret: Secret

    /// A passphrase of the configuration.
    package init(_ secret: Secret) { self.secret = secret }

    /// - Parameter path: a file that only this user and root can read.
    package static func file(_ path: String) -> PassphraseSource {
        PassphraseSource(Secret(.file(path), location: Location(file: "--passphrase-file")))
    }

    /// - Parameter line: a command line for the shell; the first line of its output is the passphrase.
    package static func command(_ line: String) -> PassphraseSource {
        let words = ["/bin/sh", "-c", line]
        return PassphraseSource(Secret(.command(words), location: Location(file: "--passphrase-command")))
    }

    /// Reads the passphrase. Blocks.
    /// - Throws: `DocumentError` if it cannot be read, or if other users can read its file.
    package func read(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> [UInt8] {
        if case .file(let path) = secret.source { try DocumentError.refuseUntrusted(path, .privateKey) }
        return Array(try secret.resolve(environment: environment).utf8)
    }
}
