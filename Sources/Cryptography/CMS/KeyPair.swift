package import FoundationEssentials

/// A new private key and its certificate, in PEM.
///
/// The certificate of a recovery key goes to the machines that make backups. The key goes to a safe place that only the
/// recovery team can reach during an outage.
package struct KeyPair: Sendable {
    package let certificatePEM: String
    /// The key in PKCS #8, encrypted with AES-256 if there is a passphrase.
    package let privateKeyPEM: String

    /// - Parameters:
    ///   - commonName: the certificate's subject and issuer, 1 to 64 characters.
    ///   - years: the validity from `now` on. It should be long: the certificate must outlive the backups, and is
    ///     rarely renewed.
    ///   - passphrase: encrypts the private key; at least 4 bytes, because `openssl` accepts no shorter one.
    /// - Throws: `CMSError`.
    package static func generate(
        commonName: String, for purpose: KeyPurpose = .recovery, kind: KeyKind = .rsa3072, now: Date, years: Int = 30,
        passphrase: [UInt8]? = nil
    ) throws(CMSError) -> KeyPair {
        let pair = try SelfSigned.generate(
            commonName: commonName, kind: kind, keyUsage: purpose.usage(of: kind), now: now, years: years,
            passphrase: passphrase)
        return KeyPair(certificatePEM: pair.certificatePEM, privateKeyPEM: pair.privateKeyPEM)
    }
}

extension KeyPair: CustomStringConvertible, CustomDebugStringConvertible {
    /// Never contains the key, so that no output prints it.
    package var description: String { "key pair" }
    package var debugDescription: String { description }
}
