package import Cryptography
import FoundationEssentials
package import Platform

/// The signing key that `dr init` creates beside a new configuration. The host that makes backups holds it.
package struct HostSigningKey {
    /// The names of the files, relative to the configuration.
    package static let keyName = "signing.key"
    package static let certificateName = "signing.crt"

    package let certificate: String
    package let key: String
    package let fingerprint: Digest
    /// False if the files existed.
    package let isNew: Bool

    /// Creates the key, or takes the one of an earlier run that ended before it wrote the configuration. Blocks.
    /// - Parameter folder: the folder of the configuration.
    /// - Throws: `CMSError` if existing files do not fit together; the errors of ``KeyCreation``.
    package init(in folder: String, clock: WallClock = .system) throws {
        certificate = "\(folder)/\(Self.certificateName)"
        key = "\(folder)/\(Self.keyName)"
        // The backups that follow run without an operator, so dr does not ask for a passphrase.
        let passphrase = ProcessInfo.processInfo.environment[Passphrases.variable(for: .signing)].map { Array($0.utf8) }
        let files = FileManager.default
        if files.fileExists(atPath: key), files.fileExists(atPath: certificate) {
            let present = try SigningIdentity.load(certificate: certificate, privateKey: key) { passphrase }
            (fingerprint, isNew) = (present.certificate.fingerprint, false)
            return
        }
        let creation = KeyCreation(.signing, kind: .p256, keyFile: key, certificateFile: certificate)
        _ = try creation.write(passphrase: passphrase, clock: clock)
        (fingerprint, isNew) = (try X509Certificate.load(certificate)[0].fingerprint, true)
    }
}
