internal import CCurl

/// A transfer that failed before a whole response was there. A status of 4xx or 5xx is a response, not an error.
package struct HTTPError: Error, Equatable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        case connect, resolve
        /// Not connected within ``HTTPOptions/connectTimeout``.
        case timeout
        /// Nothing moved for ``HTTPOptions/stallTimeout``.
        case stalled
        /// Certificate, key or protocol refused by either side.
        case tls
        /// The connection ended in the middle, or a body was shorter than announced.
        case reset
        /// A body or a response longer than the caller allows.
        case aborted
        case other
    }

    package var reason: Reason
    /// The request line without its query, which can carry signatures: `GET http://host/key`.
    package var operation: String
    /// The cause in libcurl's own words.
    package var detail: String

    package init(_ reason: Reason, _ operation: String, _ detail: String) {
        self.reason = reason
        self.operation = operation
        self.detail = detail
    }

    /// Whether the same request may well succeed a moment later.
    package var isRetryable: Bool {
        switch reason {
        case .connect, .resolve, .timeout, .stalled, .reset: true
        case .tls, .aborted, .other: false
        }
    }

    package var description: String { "\(operation): \(detail)" }
}

extension HTTPError.Reason {
    /// - Parameter detail: libcurl's message; it alone tells a broken handshake from a refused one.
    init(_ code: CURLcode, detail: String) {
        self =
            switch code {
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
            case CURLE_COULDNT_CONNECT: .connect
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_SSL_CONNECT_ERROR where detail.contains("SYSCALL") || detail.contains("reset"): .reset
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
                CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CIPHER:
                .tls
            case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_WEIRD_SERVER_REPLY,
                CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_SEND_FAIL_REWIND:
                .reset
            default: .other
            }
    }
}
