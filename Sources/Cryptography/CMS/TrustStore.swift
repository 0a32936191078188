internal import COpenSSL
internal import FoundationEssentials
internal import Glibc

/// Makes the certificates that OpenSSL trusts while it verifies one signature.
enum TrustStore {
    /// - Parameter now: the time at which the certificates must be valid; nil skips that check.
    static func make(_ trusted: [X509Certificate], at now: Date?) throws(CMSError) -> OpenSSLHandle {
        let operation = "verify signature"
        guard let store = OpenSSLHandle(X509_STORE_new(), X509_STORE_free),
            let parameters = X509_STORE_get0_param(store.pointer)
        else { throw CMSError(.failed, operation: operation, OpenSSL.takeReason()) }
        for certificate in trusted {
            let handle = try certificate.makeHandle()
            guard X509_STORE_add_cert(store.pointer, handle.pointer) == 1 else {
                throw CMSError(.failed, operation: operation, OpenSSL.takeReason())
            }
        }
        // A certificate that is itself trusted needs no issuer.
        var flags = UInt(X509_V_FLAG_PARTIAL_CHAIN)
        if let now {
            X509_VERIFY_PARAM_set_time(parameters, time_t(now.timeIntervalSince1970))
        } else {
            flags |= UInt(X509_V_FLAG_NO_CHECK_TIME)
        }
        guard X509_VERIFY_PARAM_set_flags(parameters, flags) == 1 else {
            throw CMSError(.failed, operation: operation, OpenSSL.takeReason())
        }
        return store
    }
}
