internal import COpenSSL

/// Signatures without a wrapper, with SHA-256: ECDSA in ASN.1 DER, or RSA with PKCS #1 v1.5. `openssl dgst -sha256
/// -verify` and sigstore's verifiers read both.
enum RawSignature {
    static func sign(_ bytes: [UInt8], by signer: SigningIdentity) throws(CMSError) -> [UInt8] {
        let failed = { CMSError(.failed, operation: "sign", OpenSSL.takeReason()) }
        guard let context = OpenSSLHandle(EVP_MD_CTX_new(), { EVP_MD_CTX_free($0) }),
            EVP_DigestSignInit(context.pointer, nil, EVP_sha256(), nil, signer.key.pointer) == 1
        else { throw failed() }
        var count = 0
        guard EVP_DigestSign(context.pointer, nil, &count, bytes, bytes.count) == 1 else { throw failed() }
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context.pointer, &signature, &count, bytes, bytes.count) == 1 else { throw failed() }
        // The first call returns the longest possible length.
        return Array(signature.prefix(count))
    }

    /// - Returns: true if the holder of the certificate's key signed exactly these bytes.
    static func isValid(
        _ signature: [UInt8], of bytes: [UInt8], by certificate: X509Certificate
    ) throws(CMSError) -> Bool {
        let handle = try certificate.makeHandle()
        defer { ERR_clear_error() }
        guard let key = OpenSSLHandle(X509_get_pubkey(handle.pointer), EVP_PKEY_free),
            let context = OpenSSLHandle(EVP_MD_CTX_new(), { EVP_MD_CTX_free($0) }),
            EVP_DigestVerifyInit(context.pointer, nil, EVP_sha256(), nil, key.pointer) == 1
        else { return false }
        return EVP_DigestVerify(context.pointer, signature, signature.count, bytes, bytes.count) == 1
    }
}
