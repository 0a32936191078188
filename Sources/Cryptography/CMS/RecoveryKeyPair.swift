package import FoundationEssentials

/// A new recovery key and its certificate, as PEM files hold them. The certificate goes to the machines that make
/// backups, the key to where it is found on a bad day and by nobody else.
package struct RecoveryKeyPair: Sendable {
    package enum Kind: CaseIterable, Sendable {
        /// What every tool reads; a second or so to make.
        case rsa3072
        /// NIST's curve P-256: small, fast, as strong.
        case p256
    }

    package let certificatePEM: String
    /// PKCS #8; encrypted with AES-256 where there is a passphrase.
    package let privateKeyPEM: String

    /// - Parameters:
    ///   - commonName: the certificate's subject and issuer, 1 to 64 characters.
    ///   - years: the certificate is valid that long from `now` on. Long: it has to outlive the backups, and nobody
    ///     renews it before the bad day.
    ///   - passphrase: encrypts the private key; at least 4 bytes, for `openssl` takes no shorter one.
    /// - Throws: `CMSError`.
    package static func generate(
        commonName: String, kind: Kind = .rsa3072, now: Date, years: Int = 30, passphrase: [UInt8]? = nil
    ) throws(CMSError) -> RecoveryKeyPair {
        let pair = try SelfSigned.generate(
            commonName: commonName, kind: kind, keyUsage: kind == .p256 ? "keyAgreement" : "keyEncipherment",
            now: now, years: years, passphrase: passphrase)
        return RecoveryKeyPair(certificatePEM: pair.certificatePEM, privateKeyPEM: pair.privateKeyPEM)
    }
}

extension RecoveryKeyPair: CustomStringConvertible, CustomDebugStringConvertible {
    /// Without the key, wherever it is printed.
    package var description: String { "recovery key pair" }
    package var debugDescription: String { description }
}
