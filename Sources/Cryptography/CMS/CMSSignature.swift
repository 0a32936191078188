internal import COpenSSL
package import FoundationEssentials

/// Detached CMS signatures (RFC 5652, 5) with SHA-256 over small documents, as `openssl cms -sign -binary -outform DER
/// -in DOCUMENT -signer CERTIFICATE -inkey KEY` writes and `openssl cms -verify -binary -inform DER -in SIGNATURE
/// -content DOCUMENT -CAfile CERTIFICATE` accepts.
package enum CMSSignature {
    /// - Returns: DER with the signer's certificate and without the document.
    package static func sign(_ document: [UInt8], by signer: SigningIdentity) throws(CMSError) -> [UInt8] {
        let certificate = try signer.certificate.makeHandle()
        let content = OpenSSLHandle.reading(document)
        let flags = UInt32(CMS_BINARY | CMS_DETACHED | CMS_NOSMIMECAP)
        let signed = OpenSSLHandle(
            CMS_sign(certificate.pointer, signer.key.pointer, nil, content.pointer, flags), { CMS_ContentInfo_free($0) }
        )
        guard let signed, let encoded = OpenSSL.encode({ i2d_CMS_ContentInfo(signed.pointer, $0) }) else {
            throw CMSError(.failed, operation: "sign", OpenSSL.takeReason())
        }
        return encoded
    }

    /// Verifies that exactly this document was signed by the holder of a trusted certificate. A certificate that a trusted
    /// one issued is not trusted: an authority issues certificates for many uses, and so for many people.
    /// - Parameters:
    ///   - trusted: certificates of signers.
    ///   - now: the time at which the certificates must be valid; nil skips that check. A signature outlives its
    ///     certificate, and the time inside the signature is only the signer's claim.
    /// - Returns: the signer's certificate.
    /// - Throws: `CMSError` with `.signature` or `.malformed`.
    @discardableResult
    package static func verify(
        _ signature: [UInt8], of document: [UInt8], trusting trusted: [X509Certificate], at now: Date?
    ) throws(CMSError) -> X509Certificate {
        let signer = try verify(signature, of: document, in: try TrustStore.make(trusted, at: now), flags: CMS_BINARY)
        guard trusted.contains(where: { $0.fingerprint == signer.fingerprint }) else {
            throw CMSError(
                .signature, operation: operation,
                "the signer '\(signer.subject)' is not trusted (SHA-256 \(signer.fingerprint.hex))")
        }
        return signer
    }

    /// Verifies only that the holder of the certificate in the signature signed exactly this document. Any user can
    /// make a certificate with any name.
    /// - Returns: that certificate.
    /// - Throws: `CMSError` with `.signature` or `.malformed`.
    package static func claimedSigner(
        _ signature: [UInt8], of document: [UInt8]
    ) throws(CMSError) -> X509Certificate {
        try verify(
            signature, of: document, in: try TrustStore.make([], at: nil), flags: CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY
        )
    }

    private static func verify(
        _ signature: [UInt8], of document: [UInt8], in store: borrowing OpenSSLHandle, flags: Int32
    ) throws(CMSError) -> X509Certificate {
        let parsed = OpenSSL.parse(
            signature, free: { CMS_ContentInfo_free($0) }, { d2i_CMS_ContentInfo(nil, $0, $1) })
        // Exactly one signer, so that the result is unambiguous, and no second document inside.
        guard let message = parsed, OBJ_obj2nid(CMS_get0_type(message.pointer)) == NID_pkcs7_signed,
            CMS_is_detached(message.pointer) == 1, dr_signer_count(message.pointer) == 1
        else {
            ERR_clear_error()
            throw CMSError(.malformed, operation: operation, "not a detached CMS signature by one signer")
        }
        let content = OpenSSLHandle.reading(document)
        guard CMS_verify(message.pointer, nil, store.pointer, content.pointer, nil, UInt32(flags)) == 1 else {
            throw CMSError(.signature, operation: operation, OpenSSL.takeDetail())
        }
        guard let pointer = dr_signer_certificate(message.pointer, 0), let signer = X509Certificate(pointer) else {
            throw CMSError(.signature, operation: operation, "the signer has no certificate")
        }
        return signer
    }

    private static let operation = "verify signature"
}
