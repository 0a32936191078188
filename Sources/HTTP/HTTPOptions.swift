/// How a client connects, identifies itself and gives up. Paths are files in PEM.
package struct HTTPOptions: Hashable, Sendable {
    package enum Authorization: Hashable, Sendable {
        case none
        case basic(user: String, password: String)
        case bearer(token: String)
    }

    package enum Proxy: Hashable, Sendable {
        /// `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, each also in upper case.
        case environment
        case none
    }

    package var authorization = Authorization.none
    /// For name lookup, connection and TLS handshake together.
    package var connectTimeout = Duration.seconds(10)
    /// Longest silence while connected, in either direction, and the time over which ``leastRate`` is measured. There is
    /// no limit on a whole transfer: a large object may take hours.
    package var stallTimeout = Duration.seconds(60)
    /// Bytes a second that a body moves at least; 0 for any.
    package var leastRate = 100
    /// Certificates to trust instead of the system's, or of those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    package var caFile: String?
    package var clientCertificate: String?
    package var clientKey: String?
    /// Accepts any certificate. For tests and emergencies.
    package var isInsecure = false
    package var proxy = Proxy.environment
    package var userAgent = "dr"

    package init(
        authorization: Authorization = .none, caFile: String? = nil, clientCertificate: String? = nil,
        clientKey: String? = nil, isInsecure: Bool = false
    ) {
        self.authorization = authorization
        self.caFile = caFile
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.isInsecure = isInsecure
    }
}
