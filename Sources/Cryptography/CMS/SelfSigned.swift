internal import COpenSSL
internal import FoundationEssentials
internal import Glibc

/// Makes a key and a certificate that it signs itself.
enum SelfSigned {
    /// The number of PBKDF2 rounds from a passphrase to the encryption key: OWASP's figure for HMAC-SHA-256. OpenSSL's
    /// default is 2048.
    private static let rounds: CInt = 600_000

    /// - Parameter keyUsage: the name in RFC 5280, 4.2.1.3: "keyEncipherment".
    static func generate(
        commonName: String, kind: KeyKind, keyUsage: String, now: Date, years: Int, passphrase: [UInt8]?
    ) throws(CMSError) -> (certificatePEM: String, privateKeyPEM: String) {
        guard (1...64).contains(commonName.unicodeScalars.count), !commonName.utf8.contains(0) else {
            throw CMSError(.unsupported, operation: operation, "a common name must have 1 to 64 characters")
        }
        guard (1...1000).contains(years) else {
            throw CMSError(.unsupported, operation: operation, "the validity must be 1 to 1000 years")
        }
        if let passphrase, !(4...1024).contains(passphrase.count) {
            throw CMSError(.unsupported, operation: operation, "a passphrase must have 4 to 1024 bytes")
        }
        let generated =
            switch kind {
            case .rsa3072: dr_rsa_generate(3072)
            case .rsa4096: dr_rsa_generate(4096)
            case .p256: dr_ec_generate("P-256")
            case .p384: dr_ec_generate("P-384")
            }
        guard let key = OpenSSLHandle(generated, EVP_PKEY_free),
            let certificate = OpenSSLHandle(X509_new(), X509_free)
        else { throw failed() }
        try fill(
            certificate.pointer, commonName: commonName, keyUsage: keyUsage, key: key.pointer, now: now, years: years)
        guard let certificatePEM = OpenSSL.collect({ PEM_write_bio_X509($0, certificate.pointer) }) else {
            throw failed()
        }
        return (
            String(decoding: certificatePEM, as: UTF8.self),
            try pem(of: key.pointer, passphrase: passphrase)
        )
    }

    private static func fill(
        _ certificate: OpaquePointer, commonName: String, keyUsage: String, key: OpaquePointer, now: Date,
        years: Int
    ) throws(CMSError) {
        // Positive and of full length, so that the length is always the same (RFC 5280, 4.1.2.2).
        var serial = RandomID.bytes(16)
        serial[0] = serial[0] & 0x7F | 0x40
        let start = time_t(now.timeIntervalSince1970)
        guard let name = X509_get_subject_name(certificate),
            X509_set_version(certificate, CLong(X509_VERSION_3)) == 1,
            ASN1_STRING_set(X509_get_serialNumber(certificate), serial, CInt(serial.count)) == 1,
            dr_x509_name_add(name, "CN", commonName) == 1,
            X509_set_issuer_name(certificate, name) == 1,
            ASN1_TIME_set(X509_getm_notBefore(certificate), start) != nil,
            ASN1_TIME_adj(X509_getm_notAfter(certificate), start, CInt(years * 365 + years / 4), 0) != nil,
            X509_set_pubkey(certificate, key) == 1,
            dr_x509_add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") == 1,
            dr_x509_add_extension(certificate, NID_key_usage, "critical,\(keyUsage)") == 1,
            dr_x509_add_extension(certificate, NID_subject_key_identifier, "hash") == 1,
            X509_sign(certificate, key, EVP_sha256()) > 0
        else { throw failed() }
    }

    private static func pem(of key: OpaquePointer, passphrase: [UInt8]?) throws(CMSError) -> String {
        var encoded: [UInt8]?
        if let passphrase {
            guard let plain = OpenSSLHandle(EVP_PKEY2PKCS8(key), { PKCS8_PRIV_KEY_INFO_free($0) }) else {
                throw failed()
            }
            let text = passphrase.map { CChar(bitPattern: $0) }
            let sealed = OpenSSLHandle(
                PKCS8_encrypt(
                    -1, EVP_aes_256_cbc(), text, CInt(text.count), nil, 0, rounds, plain.pointer), { X509_SIG_free($0) }
            )
            guard let sealed else { throw failed() }
            encoded = OpenSSL.collect { PEM_write_bio_PKCS8($0, sealed.pointer) }
        } else {
            encoded = OpenSSL.collect { PEM_write_bio_PKCS8PrivateKey($0, key, nil, nil, 0, nil, nil) }
        }
        guard let encoded else { throw failed() }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static let operation = "create a key pair"
    private static func failed() -> CMSError { CMSError(.failed, operation: operation, OpenSSL.takeReason()) }
}
