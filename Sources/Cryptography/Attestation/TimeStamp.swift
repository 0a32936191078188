internal import COpenSSL
package import FoundationEssentials
internal import Glibc

/// A time stamp of a document by a time stamp authority (RFC 3161): the document existed at this time.
package struct TimeStamp: Equatable, Sendable {
    package var time: Date
    /// The subject of the authority's certificate, in the form of RFC 2253.
    package var authority: String

    /// The media types of request and reply over HTTP (RFC 3161, 3.4).
    package static let requestType = "application/timestamp-query"
    package static let replyType = "application/timestamp-reply"

    /// Returns the request for a stamp, as `openssl ts -query -sha256 -cert` makes it.
    /// - Parameter nonce: random bytes, which the reply must contain; empty for none.
    package static func request(for document: [UInt8], nonce: [UInt8]) throws(CMSError) -> [UInt8] {
        let request = try makeRequest(document, nonce)
        guard let encoded = OpenSSL.encode({ i2d_TS_REQ(request.pointer, $0) }) else {
            throw CMSError(.failed, operation: "request time stamp", OpenSSL.takeReason())
        }
        return encoded
    }

    /// Verifies a reply: its status, the nonce, the document's SHA-256, and the signature by a certificate with the
    /// extended key usage timeStamping, which a trusted certificate issued or which is itself trusted. The certificates
    /// must have been valid at the time of the stamp. Revocation lists are not read.
    /// - Parameters:
    ///   - nonce: that of the request; empty to accept any.
    ///   - trusted: empty to accept the certificates in the reply: then the authority's name is only a claim.
    /// - Throws: `CMSError` with `.malformed` or `.signature`.
    package init(
        _ reply: [UInt8], of document: [UInt8], nonce: [UInt8] = [], trusting trusted: [X509Certificate]
    ) throws(CMSError) {
        let operation = "verify time stamp"
        let parsed = OpenSSL.parse(reply, free: { TS_RESP_free($0) }, { d2i_TS_RESP(nil, $0, $1) })
        guard let response = parsed else {
            ERR_clear_error()
            throw CMSError(.malformed, operation: operation, "it is not a reply of a time stamp authority")
        }
        let request = try Self.makeRequest(document, nonce)
        // A rejection has no token, hence no time. OpenSSL then gives the status as the reason.
        let time = Self.time(of: response.pointer)
        let store = try TrustStore.make(trusted.isEmpty ? Self.certificates(in: response.pointer) : trusted, at: time)
        guard dr_ts_verify(response.pointer, request.pointer, store.pointer) == 1 else {
            throw CMSError(.signature, operation: operation, OpenSSL.takeDetail())
        }
        guard let time else { throw CMSError(.malformed, operation: operation, "it has no valid time") }
        self.time = time
        let signer = dr_ts_signer(response.pointer).flatMap { X509Certificate($0) }
        ERR_clear_error()
        authority = signer?.subject ?? trusted.first?.subject ?? ""
    }

    private static func makeRequest(_ document: [UInt8], _ nonce: [UInt8]) throws(CMSError) -> OpenSSLHandle {
        let digest = Digest(of: document).bytes
        guard
            let request = OpenSSLHandle(
                dr_ts_request(digest, CInt(digest.count), nonce, CInt(nonce.count)), { TS_REQ_free($0) })
        else { throw CMSError(.failed, operation: "request time stamp", OpenSSL.takeReason()) }
        return request
    }

    private static func time(of response: OpaquePointer) -> Date? {
        guard let info = TS_RESP_get_tst_info(response) else { return nil }
        var parts = tm()
        guard ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &parts) == 1 else { return nil }
        return Date(timeIntervalSince1970: TimeInterval(timegm(&parts)))
    }

    private static func certificates(in response: OpaquePointer) -> [X509Certificate] {
        (0..<max(0, dr_ts_certificate_count(response))).compactMap { index in
            dr_ts_certificate(response, index).flatMap { X509Certificate($0) }
        }
    }
}
