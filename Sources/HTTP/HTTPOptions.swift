/// The settings of a client for connections, identification and time-outs. Paths are files in PEM.
package struct HTTPOptions: Hashable, Sendable {
    package enum Authorization: Hashable, Sendable {
        case none
        case basic(user: String, password: String)
        case bearer(token: String)
    }

    package enum Proxy: Hashable, Sendable {
        /// The proxy of `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, each also in upper case.
        case environment
        case none
    }

    package var authorization = Authorization.none
    /// The time-out for name lookup, connection and TLS handshake together.
    package var connectTimeout = Duration.seconds(10)
    /// The longest silence while connected, in either direction, and the time over which ``leastRate`` is measured. A
    /// whole transfer has no time-out, because a large object may take hours.
    package var stallTimeout = Duration.seconds(60)
    /// The lowest allowed speed of a body in bytes a second; 0 for no limit.
    package var leastRate = 100
    /// Certificates to trust instead of those of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    package var caFile: String?
    package var clientCertificate: String?
    package var clientKey: String?
    /// Accepts any certificate. For tests and emergencies.
    package var isInsecure = false
    package var proxy = Proxy.environment
    package var userAgent = "dr"
    /// The path of a Unix socket to connect to, instead of the URL's host and port.
    package var unixSocket: String?

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
