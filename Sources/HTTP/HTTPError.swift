internal import CCurl
package import Platform

/// A transfer that failed before the whole response arrived. A status of 4xx or 5xx is a response, not an error.
package struct HTTPError: OperationError, Equatable {
    package enum Reason: Equatable, Sendable {
        case connect, resolve
        /// The proxy that the environment names does not answer, or refuses.
        case proxy
        /// No connection within ``HTTPOptions/connectTimeout``.
        case timeout
        /// No data, or almost none, moved for ``HTTPOptions/stallTimeout``.
        case stalled
        /// One of the two sides refused the certificate, key or protocol.
        case tls
        /// The connection broke, or a body was shorter than announced.
        case reset
        /// A body or a response is longer than the caller allows.
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

    /// True if the same request may succeed a moment later.
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
    /// The fault of a certificate, or of the protocol of a port.
    package enum TrustFault: Equatable, Sendable {
        /// The certificate is for another host.
        case hostName
        /// The certificate has expired or is not valid yet. One of the two clocks may be wrong.
        case expired, notYetValid
        /// The certificate is not signed by a trusted one.
        case untrusted
        /// The peer does not speak TLS.
        case plainText
        /// A file with certificates or a key is not usable.
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

    /// - Parameter proxy: the proxy that the environment names, regardless of `no_proxy`.
    init(_ code: CURLcode, _ detail: String, of request: HTTPRequest, over proxy: ProxyEnvironment?) {
        self.init(Reason(code, detail: detail), operation: request.summary, detail)
        guard let proxy, isOfProxy(code, request) || reason == .timeout else { return }
        // libcurl does not report which of the two did not answer in time, so the message only names the proxy.
        if reason != .timeout { reason = .proxy }
        self.detail = "\(detail) (proxy '\(proxy.shown)', named by \(proxy.variable))"
    }

    /// libcurl's message names the host that it did not reach: the request's own host if no proxy was used.
    private func isOfProxy(_ code: CURLcode, _ request: HTTPRequest) -> Bool {
        if code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_PROXY { return true }
        if detail.contains("CONNECT tunnel failed") || detail.contains("from proxy after CONNECT") { return true }
        guard code == CURLE_COULDNT_CONNECT, detail.contains("Failed to connect to ") else { return false }
        return !detail.contains("Failed to connect to \(Self.peer(request.url)) ")
    }

    /// Returns `HOST port PORT` of a URL, as libcurl's messages write it.
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
    /// - Parameter detail: libcurl's message, which alone distinguishes a broken handshake from a refused one.
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
