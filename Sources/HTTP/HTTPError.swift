internal import CCurl
package import Platform

/// A transfer that failed before a whole response was there. A status of 4xx or 5xx is a response, not an error.
package struct HTTPError: OperationError, Equatable {
    package enum Reason: Equatable, Sendable {
        case connect, resolve
        /// The proxy that the environment names does not answer, or refuses.
        case proxy
        /// Not connected within ``HTTPOptions/connectTimeout``.
        case timeout
        /// Nothing, or next to nothing, moved for ``HTTPOptions/stallTimeout``.
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

    package init(_ reason: Reason, operation: String, _ detail: String) {
        self.reason = reason
        self.operation = operation
        self.detail = detail
    }

    /// Whether the same request may well succeed a moment later.
    package var isRetryable: Bool {
        switch reason {
        case .connect, .resolve, .proxy, .timeout, .stalled, .reset: true
        case .tls, .aborted, .other: false
        }
    }

    package var reasonCode: String { reason == .stalled ? "stalled" : "unreachable" }
    package var place: ErrorPlace { ErrorPlace(operation: operation) }
}

extension HTTPError {
    /// The fault that a certificate, or the protocol of a port, has.
    package enum TrustFault: Equatable, Sendable {
        /// The certificate is of another host.
        case hostName
        /// Expired, or not valid yet: one of the two clocks may be wrong.
        case expired, notYetValid
        /// No certificate that is trusted has signed it.
        case untrusted
        /// The peer does not speak TLS.
        case plainText
        /// A file with certificates or a key cannot be used.
        case file
        case other
    }

    /// nil unless ``reason`` is ``Reason/tls``.
    package var trustFault: TrustFault? {
        guard reason == .tls else { return nil }
        func says(_ texts: String...) -> Bool { texts.contains { detail.contains($0) } }
        if says("subject name") { return .hostName }
        if says("not yet valid") { return .notYetValid }
        if says("expired") { return .expired }
        if says("wrong version number", "packet length too long", "record layer failure") { return .plainText }
        if says(
            "setting certificate", "verify locations", "trust anchors", "could not load", "unable to set",
            "unable to use")
        {
            return .file
        }
        if says("unable to get", "self-signed", "self signed", "certificate problem") { return .untrusted }
        return .other
    }

    /// - Parameter proxy: the one that the environment names, were the host not in `no_proxy`.
    init(_ code: CURLcode, _ detail: String, of request: HTTPRequest, over proxy: ProxyEnvironment?) {
        self.init(Reason(code, detail: detail), operation: request.summary, detail)
        guard let proxy, isOfProxy(code, request) || reason == .timeout else { return }
        // libcurl does not tell which of the two did not answer in time, so the message only names the proxy.
        if reason != .timeout { reason = .proxy }
        self.detail = "\(detail) (proxy '\(proxy.shown)', named by \(proxy.variable))"
    }

    /// libcurl's message names the host that it did not reach: the request's own where the proxy was passed over.
    private func isOfProxy(_ code: CURLcode, _ request: HTTPRequest) -> Bool {
        if code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_PROXY { return true }
        if detail.contains("CONNECT tunnel failed") || detail.contains("from proxy after CONNECT") { return true }
        guard code == CURLE_COULDNT_CONNECT, detail.contains("Failed to connect to ") else { return false }
        return !detail.contains("Failed to connect to \(Self.peer(request.url)) ")
    }

    /// `HOST port PORT` of a URL, as libcurl's messages have it.
    private static func peer(_ url: String) -> String {
        let isTLS = url.hasPrefix("https:")
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        let port = place.lastIndex(of: ":").map { place[$0...].dropFirst() }.flatMap { Int($0) }
        let host = port == nil ? place : place[..<(place.lastIndex(of: ":") ?? place.endIndex)]
        return "\(host.filter { $0 != "[" && $0 != "]" }) port \(port ?? (isTLS ? 443 : 80))"
    }
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
            case _ where detail.contains("Too large response headers"): .aborted
            default: .other
            }
    }
}
