internal import COpenSSL

/// A certificate and its private key, for signing.
package struct SigningIdentity: Sendable {
    package let certificate: X509Certificate
    let key: PrivateKey

    /// - Parameters:
    ///   - certificate: a PEM file; its first certificate is the signer's.
    ///   - privateKey: a PEM file.
    ///   - passphrase: called at most once, and only for an encrypted key; returns nil if there is no passphrase.
    /// - Throws: `CMSError` with `.unreadable`, `.notACertificate`, `.notAKey`, `.passphrase`, `.unsupported` or
    ///   `.wrongKey`, or the error of `passphrase`.
    package static func load(
        certificate: String, privateKey: String, passphrase: () throws -> [UInt8]? = { nil }
    ) throws -> SigningIdentity {
        let own = try X509Certificate.load(certificate)[0]
        let key = try PrivateKey(
            pem: PEMFile.read(privateKey, as: "private key"), name: privateKey, passphrase: passphrase)
        guard try key.belongs(to: own) else {
            throw CMSError(
                .wrongKey, operation: "sign with private key '\(privateKey)'",
                "the key does not belong to certificate '\(certificate)'"
            )
        }
        let handle = try own.makeHandle()
        let usage = X509_get_key_usage(handle.pointer)
        guard key.isRSA || key.isEC, usage & UInt32(KU_DIGITAL_SIGNATURE) != 0 else {
            throw CMSError(
                .unsupported, operation: "sign with certificate '\(certificate)'",
                "it needs an RSA key or one on a NIST curve, and the key usage digitalSignature")
        }
        return SigningIdentity(certificate: own, key: key)
    }
}
