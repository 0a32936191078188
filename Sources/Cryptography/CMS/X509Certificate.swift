internal import COpenSSL
package import FoundationEssentials
internal import Glibc
internal import Platform

/// An X.509 certificate (RFC 5280): its fields and its DER encoding. It holds no OpenSSL object.
package struct X509Certificate: Hashable, Sendable {
    /// The DER encoding.
    package let der: [UInt8]
    /// The subject as RFC 2253 writes it: `CN=Recovery 2026,O=Example`.
    package let subject: String
    package let issuer: String
    /// The serial number in upper-case hexadecimal, as `openssl x509 -serial` prints it.
    package let serial: String
    package let validFrom: Date
    package let expires: Date
    /// The SHA-256 of ``der``, as `openssl x509 -fingerprint -sha256` prints it except for colons and case.
    package var fingerprint: Digest { Digest(of: der) }

    /// The certificate in PEM.
    package var pem: String {
        let text = Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        return "-----BEGIN CERTIFICATE-----\n\(text)\n-----END CERTIFICATE-----\n"
    }

    /// Reads every certificate in a PEM file, at least one.
    /// - Parameter name: the name of the file in messages.
    /// - Throws: `.notACertificate`.
    package static func all(in pem: [UInt8], name: String) throws(CMSError) -> [X509Certificate] {
        let source = OpenSSLHandle.reading(pem)
        var found: [X509Certificate] = []
        while let handle = OpenSSLHandle(PEM_read_bio_X509(source.pointer, nil, nil, nil), X509_free) {
            guard let certificate = X509Certificate(handle.pointer) else { break }
            found.append(certificate)
        }
        let reason = OpenSSL.takeReason()
        guard !found.isEmpty, reason == "no start line" else {
            let isKey = String(decoding: pem, as: UTF8.self).contains("PRIVATE KEY-----")
            throw CMSError(
                .notACertificate, operation: "read certificate '\(name)'",
                reason == "no start line" ? "the file contains no PEM certificate" : reason,
                hint: isKey
                    ? "this is a private key: give the certificate here, and keep the key off this machine" : nil)
        }
        return found
    }

    package static func load(_ path: String) throws(CMSError) -> [X509Certificate] {
        try all(in: PEMFile.read(path, as: "certificate"), name: path)
    }

    /// - Throws: `.expired` or `.notYetValid`.
    package func checkValidity(at now: Date) throws(CMSError) {
        guard now <= expires else {
            throw CMSError(
                .expired, operation: "use certificate '\(subject)'", "it expired on \(RFC3339.text(expires))",
                hint: "create a new key pair, and keep the old key as long as backups encrypted to it exist")
        }
        guard now >= validFrom else {
            throw CMSError(
                .notYetValid, operation: "use certificate '\(subject)'",
                "it is not valid before \(RFC3339.text(validFrom))",
                hint: "check this machine's clock")
        }
    }

    /// Makes an OpenSSL object of the certificate; each call parses it, so that threads do not share one.
    func makeHandle() throws(CMSError) -> OpenSSLHandle {
        guard let parsed = OpenSSL.parse(der, free: X509_free, { d2i_X509(nil, $0, $1) }) else {
            throw CMSError(.notACertificate, operation: "use certificate '\(subject)'", OpenSSL.takeReason())
        }
        return parsed
    }

    /// - Parameter pointer: an `X509`, which is borrowed.
    init?(_ pointer: OpaquePointer) {
        guard let der = OpenSSL.encode({ i2d_X509(pointer, $0) }),
            let subject = Self.text(of: X509_get_subject_name(pointer)),
            let issuer = Self.text(of: X509_get_issuer_name(pointer)),
            let serial = Self.text(of: X509_get_serialNumber(pointer)),
            let validFrom = Self.date(of: X509_get0_notBefore(pointer)),
            let expires = Self.date(of: X509_get0_notAfter(pointer))
        else { return nil }
        self.der = der
        self.subject = subject
        self.issuer = issuer
        self.serial = serial
        self.validFrom = validFrom
        self.expires = expires
    }

    /// - Parameter name: an `X509_NAME`.
    static func text(of name: OpaquePointer?) -> String? {
        guard let name else { return nil }
        return OpenSSL.collect { dr_x509_name_print($0, name) >= 0 ? 1 : 0 }.map { String(decoding: $0, as: UTF8.self) }
    }

    static func text(of serial: UnsafePointer<ASN1_INTEGER>?) -> String? {
        OpenSSL.collect { i2a_ASN1_INTEGER($0, serial) }.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func date(of time: UnsafePointer<ASN1_TIME>?) -> Date? {
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return Date(timeIntervalSince1970: TimeInterval(timegm(&parts)))
    }
}
