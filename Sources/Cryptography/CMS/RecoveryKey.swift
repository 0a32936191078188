internal import COpenSSL

/// A private key that decrypts data encrypted to its certificate. It is kept off the machines that make backups.
package struct RecoveryKey: EnvelopeKey {
    private let key: PrivateKey
    /// The key's own certificate, if known: then the key decrypts only data addressed to exactly that certificate.
    package let certificate: RecoveryCertificate?

    /// Reads a PEM private key.
    /// - Parameters:
    ///   - certificates: the known recipients. The one that belongs to the key, if any, becomes ``certificate``.
    ///   - passphrase: called at most once, and only for an encrypted key; returns nil if there is no passphrase.
    /// - Throws: `CMSError` with `.unreadable`, `.notAKey`, `.unsupported` or `.passphrase`, or the error of
    ///   `passphrase`.
    package static func load(
        _ path: String, certificates: [RecoveryCertificate] = [], passphrase: () throws -> [UInt8]? = { nil }
    ) throws -> RecoveryKey {
        let pem = try PEMFile.read(path, as: "private key")
        return try RecoveryKey(pem: pem, name: path, certificates: certificates, passphrase: passphrase)
    }

    /// - Parameter name: the origin of the key in messages.
    package init(
        pem: [UInt8], name: String, certificates: [RecoveryCertificate] = [],
        passphrase: () throws -> [UInt8]? = { nil }
    ) throws {
        key = try PrivateKey(pem: pem, name: name, passphrase: passphrase)
        guard key.isRSA || key.isEC else {
            throw CMSError(
                .unsupported, operation: "read private key '\(name)'", "the key is neither RSA nor on a NIST curve")
        }
        var own: RecoveryCertificate?
        for candidate in certificates where try key.belongs(to: candidate.x509) { own = own ?? candidate }
        certificate = own
    }

    package var algorithm: KeyAlgorithm { key.algorithm }

    package func belongs(to certificate: X509Certificate) throws(CMSError) -> Bool {
        try key.belongs(to: certificate)
    }

    /// Decrypts the content key within `envelope`, a `CMS_ContentInfo`.
    /// - Throws: `CMSError` with `.wrongKey`, naming the recipients; `.authentication` if the key's own certificate is
    ///   among them and the content key does not decrypt.
    package func unwrapContentKey(of envelope: OpaquePointer) throws(CMSError) {
        defer { ERR_clear_error() }
        let recipients = (0..<dr_recipient_count(envelope)).compactMap { dr_recipient(envelope, $0) }
        var names: [RecipientName] = []
        var hasUnprovableKey = false
        var isAddressed = false
        for recipient in recipients {
            switch CMS_RecipientInfo_type(recipient) {
            case CMS_RECIPINFO_TRANS:
                let name = RecipientName(transport: recipient)
                names.append(name)
                guard key.isRSA, try name.mayBe(certificate) else { continue }
                isAddressed = certificate != nil
                if isOldPadding(recipient) {
                    hasUnprovableKey = true
                } else if decrypt(recipient, of: envelope) {
                    return
                }
            case CMS_RECIPINFO_AGREE:
                for index in 0..<dr_encrypted_key_count(recipient) {
                    guard let encrypted = dr_encrypted_key(recipient, index) else { continue }
                    let name = RecipientName(encryptedKey: encrypted)
                    names.append(name)
                    guard key.isEC, try name.mayBe(certificate) else { continue }
                    isAddressed = certificate != nil
                    if agree(recipient, encrypted, of: envelope) { return }
                }
            default: continue
            }
        }
        if hasUnprovableKey, try decryptOldPadding(of: envelope) { return }
        guard !isAddressed else {
            throw CMSError(
                .authentication, operation: "decrypt",
                "the content key for '\(certificate?.subject ?? "")' was changed",
                hint: "restore the object from another copy")
        }
        throw CMSError(
            .wrongKey, operation: "decrypt", "the private key belongs to none of the recipients",
            hint: "it can be decrypted with the private key of "
                + (names.isEmpty ? "no certificate" : names.map(\.description).joined(separator: ", or of ")))
    }

    private func decrypt(_ recipient: OpaquePointer, of envelope: OpaquePointer) -> Bool {
        EVP_PKEY_up_ref(key.pointer)
        guard CMS_RecipientInfo_set0_pkey(recipient, key.pointer) == 1 else {
            EVP_PKEY_free(key.pointer)
            return false
        }
        return CMS_RecipientInfo_decrypt(envelope, recipient) > 0
    }

    private func agree(_ recipient: OpaquePointer, _ encrypted: OpaquePointer, of envelope: OpaquePointer) -> Bool {
        guard CMS_RecipientInfo_kari_set0_pkey(recipient, key.pointer) == 1 else { return false }
        defer { CMS_RecipientInfo_kari_set0_pkey(recipient, nil) }
        return CMS_RecipientInfo_kari_decrypt(envelope, recipient, encrypted) > 0
    }

    /// True for RSA with PKCS #1 v1.5 padding, which `openssl cms -encrypt` writes by default.
    private func isOldPadding(_ recipient: OpaquePointer) -> Bool {
        var algorithm: UnsafeMutablePointer<X509_ALGOR>?
        CMS_RecipientInfo_ktri_get0_algs(recipient, nil, nil, &algorithm)
        return algorithm.map { dr_algorithm_nid($0) == NID_rsaEncryption } ?? false
    }

    /// Decrypts a content key with the old padding. The result must not show whether the content key is right, because
    /// that would be an oracle for the key (RFC 3218). So OpenSSL continues with a random key instead, and only the tag
    /// reveals a wrong key.
    private func decryptOldPadding(of envelope: OpaquePointer) throws(CMSError) -> Bool {
        func decrypt(_ own: OpaquePointer?) -> Bool {
            // Without key and content, this call sets the flags for the next one.
            CMS_decrypt(envelope, nil, nil, nil, nil, 0) == 1 && CMS_decrypt_set1_pkey(envelope, key.pointer, own) == 1
        }
        guard let own = try certificate?.x509.makeHandle() else { return decrypt(nil) }
        return decrypt(own.pointer)
    }
}
