internal import COpenSSL

/// The name of a recipient's certificate in an envelope: issuer and serial number, or the key's identifier.
struct RecipientName: CustomStringConvertible {
    private var keyIdentifier: [UInt8] = []
    private var encodedIssuer: [UInt8] = []
    private var encodedSerial: [UInt8] = []
    let description: String

    /// - Parameter transport: a `CMS_RecipientInfo` with a key encrypted to an RSA key.
    init(transport: OpaquePointer) {
        var identifier: UnsafeMutablePointer<ASN1_OCTET_STRING>?
        var issuer: OpaquePointer?
        var serial: UnsafeMutablePointer<ASN1_INTEGER>?
        CMS_RecipientInfo_ktri_get0_signer_id(transport, &identifier, &issuer, &serial)
        self.init(identifier: identifier, issuer: issuer, serial: serial)
    }

    /// - Parameter encryptedKey: a `CMS_RecipientEncryptedKey`, one recipient of a key agreement.
    init(encryptedKey: OpaquePointer) {
        var identifier: UnsafeMutablePointer<ASN1_OCTET_STRING>?
        var issuer: OpaquePointer?
        var serial: UnsafeMutablePointer<ASN1_INTEGER>?
        CMS_RecipientEncryptedKey_get0_id(encryptedKey, &identifier, nil, nil, &issuer, &serial)
        self.init(identifier: identifier, issuer: issuer, serial: serial)
    }

    private init(
        identifier: UnsafePointer<ASN1_OCTET_STRING>?, issuer: OpaquePointer?,
        serial: UnsafePointer<ASN1_INTEGER>?
    ) {
        if let identifier {
            keyIdentifier = Array(
                UnsafeBufferPointer(
                    start: ASN1_STRING_get0_data(identifier), count: Int(ASN1_STRING_length(identifier))))
            description = "the certificate with subject key identifier \(keyIdentifier.hex)"
        } else {
            encodedIssuer = OpenSSL.encode { i2d_X509_NAME(issuer, $0) } ?? []
            encodedSerial = OpenSSL.encode { i2d_ASN1_INTEGER(serial, $0) } ?? []
            let issuerText = X509Certificate.text(of: issuer) ?? "an unreadable name"
            description = "certificate \(X509Certificate.text(of: serial) ?? "?") issued by '\(issuerText)'"
        }
    }

    /// True if the name matches `certificate` to the byte, or if there is no certificate to compare.
    func mayBe(_ certificate: RecoveryCertificate?) throws(CMSError) -> Bool {
        guard let certificate else { return true }
        let handle = try certificate.x509.makeHandle()
        if !keyIdentifier.isEmpty {
            guard let own = X509_get0_subject_key_id(handle.pointer) else { return false }
            return keyIdentifier.elementsEqual(
                UnsafeBufferPointer(start: ASN1_STRING_get0_data(own), count: Int(ASN1_STRING_length(own))))
        }
        return OpenSSL.encode { i2d_X509_NAME(X509_get_issuer_name(handle.pointer), $0) } == encodedIssuer
            && OpenSSL.encode { i2d_ASN1_INTEGER(X509_get_serialNumber(handle.pointer), $0) } == encodedSerial
    }
}
