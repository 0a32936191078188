internal import COpenSSL
package import FoundationEssentials

/// A certificate that backups can be encrypted to: its key is RSA of 2048 bits or more, or on an elliptic curve.
package struct RecoveryCertificate: Hashable, Sendable {
    package let x509: X509Certificate
    /// The method that sends a content key to this recipient.
    let transport: Transport

    enum Transport: Hashable {
        /// RSAES-OAEP with SHA-256 (RFC 4055).
        case encryption
        /// Ephemeral-static ECDH with the X9.63 key derivation over SHA-256 and AES-256 key wrap (RFC 5753).
        case agreement
    }

    package var subject: String { x509.subject }
    package var fingerprint: Digest { x509.fingerprint }
    package var expires: Date { x509.expires }

    /// Loads every certificate in a PEM file, expired ones too, because their keys can still decrypt. The caller
    /// decides with ``checkValidity(at:)`` whether an expired certificate is an error.
    /// - Throws: `.unreadable`, `.notACertificate`, `.unsupported`.
    package static func load(_ path: String) throws(CMSError) -> [RecoveryCertificate] {
        try all(in: PEMFile.read(path, as: "certificate"), name: path)
    }

    package static func all(in pem: [UInt8], name: String) throws(CMSError) -> [RecoveryCertificate] {
        var found: [RecoveryCertificate] = []
        for x509 in try X509Certificate.all(in: pem, name: name) { found.append(try RecoveryCertificate(x509)) }
        return found
    }

    /// - Throws: `.unsupported` if the key cannot receive, or the certificate forbids that use.
    package init(_ x509: X509Certificate) throws(CMSError) {
        let handle = try x509.makeHandle()
        guard let key = X509_get0_pubkey(handle.pointer) else {
            throw Self.refuse(x509, "the kind of its key is not supported")
        }
        let neededUsage: UInt32
        if EVP_PKEY_is_a(key, "RSA") == 1 {
            guard EVP_PKEY_get_bits(key) >= 2048 else { throw Self.refuse(x509, "its RSA key is too short") }
            transport = .encryption
            neededUsage = UInt32(KU_KEY_ENCIPHERMENT)
        } else if EVP_PKEY_is_a(key, "EC") == 1 {
            transport = .agreement
            neededUsage = UInt32(KU_KEY_AGREEMENT)
        } else {
            throw Self.refuse(x509, "its key is neither RSA nor on a NIST curve")
        }
        // The value is all ones if the certificate does not restrict the use of its key.
        guard X509_get_key_usage(handle.pointer) & neededUsage != 0 else {
            throw Self.refuse(x509, "its key usage does not allow encryption")
        }
        self.x509 = x509
    }

    package func checkValidity(at now: Date) throws(CMSError) { try x509.checkValidity(at: now) }

    private static func refuse(_ x509: X509Certificate, _ detail: String) -> CMSError {
        CMSError(
            .unsupported, operation: "use certificate '\(x509.subject)'", detail,
            hint: "a recipient needs an RSA key of 2048 bits or more with keyEncipherment, "
                + "or a P-256, P-384 or P-521 key with keyAgreement")
    }
}
