internal import CCurl
internal import Platform

/// One libcurl easy handle with its connections: it has one owner, is freed once, and is never used by two threads at
/// once.
struct EasyHandle: ~Copyable {
    private let handle: UnsafeMutableRawPointer

    init() {
        Self.globalInit
        guard let handle = curl_easy_init() else {
            fatalError("curl_easy_init: out of memory")  // checked: it takes no data
        }
        self.handle = handle
    }

    deinit { curl_easy_cleanup(handle) }

    /// `curl_global_init` is not thread-safe in every build; a global `let` runs it exactly once.
    private static let globalInit: Void = { _ = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) }()

    /// See ``HTTPClient/perform(_:into:)``.
    /// - Parameter localPort: the port on 127.0.0.1 to connect to, instead of the URL's host and port.
    mutating func perform(
        _ request: HTTPRequest, _ options: HTTPOptions, localPort: UInt16? = nil,
        into sink: (HTTPResponse, RawSpan) throws -> Void
    ) throws -> HTTPResponse {
        try withoutActuallyEscaping(sink) { sink in
            let transfer = Transfer(request, options, sink: sink)
            return try withExtendedLifetime(transfer) {
                try run(transfer, of: request, options, localPort: localPort)
                return transfer.response
            }
        }
    }

    private func run(
        _ transfer: Transfer, of request: HTTPRequest, _ options: HTTPOptions, localPort: UInt16?
    ) throws {
        var headers = try Self.list(request)
        defer { curl_slist_free_all(headers) }
        let peer = localPort.flatMap { curl_slist_append(nil, "::127.0.0.1:\($0)") }
        defer { curl_slist_free_all(peer) }
        curl_easy_reset(handle)  // options only: connections, DNS and TLS sessions stay
        // Disable time-outs by signal, which are unsafe with threads.
        set(CURLOPT_NOSIGNAL, 1)
        describe(request, &headers)
        let proxy = connect(request, options)
        if let socket = options.unixSocket { set(CURLOPT_UNIX_SOCKET_PATH, socket) }
        if let peer {
            set(CURLOPT_CONNECT_TO, peer)
            set(CURLOPT_PROXY, "")
        }
        attach(transfer, request)

        let (code, detail) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CURL_ERROR_SIZE)) { message in
            message.initialize(repeating: 0)
            set(CURLOPT_ERRORBUFFER, message.baseAddress)
            defer { set(CURLOPT_ERRORBUFFER, nil as UnsafeMutableRawPointer?) }
            let code = curl_easy_perform(handle)
            let text = message.baseAddress.map { String(cString: $0) } ?? ""
            return (code, text.isEmpty ? String(cString: curl_easy_strerror(code)) : text)
        }
        if let failure = transfer.failure { throw failure }
        if let stall = transfer.stall { throw HTTPError(.stalled, operation: request.summary, stall) }
        if code == CURLE_ABORTED_BY_CALLBACK { try Task.checkCancellation() }
        // A server that refuses a body answers and closes the connection while the body is still being sent.
        let isRefusal = [CURLE_SEND_ERROR, CURLE_RECV_ERROR].contains(code) && transfer.response.status >= 400
        guard code == CURLE_OK || request.body != nil && isRefusal else {
            throw HTTPError(code, detail, of: request, over: proxy)
        }
    }

    private func describe(_ request: HTTPRequest, _ headers: inout UnsafeMutablePointer<curl_slist>?) {
        set(CURLOPT_URL, request.url)  // libcurl copies strings
        set(CURLOPT_PATH_AS_IS, 1)  // "a/../b" is a valid S3 key; normalising it would break the signature
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        // Parallel requests use a connection each; HTTP/2 would only add its own flow control.
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        set(CURLOPT_CUSTOMREQUEST, request.method)
        if request.isSentOnce { set(CURLOPT_FRESH_CONNECT, 1) }
        if request.method == "HEAD" { set(CURLOPT_NOBODY, 1) }
        if request.body != nil || ["PUT", "POST", "PATCH"].contains(request.method) {
            set(CURLOPT_UPLOAD, 1)
            set(CURLOPT_INFILESIZE_LARGE, request.body?.length ?? 0)
            set(CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10)
        }
        // The body is not copied; it is freed after perform. Do not wait for "100 Continue", which most servers never
        // send.
        headers = curl_slist_append(headers, "Expect:")
        set(CURLOPT_HTTPHEADER, headers)
    }

    /// - Returns: the proxy that the environment names for the request, regardless of `no_proxy`.
    private func connect(_ request: HTTPRequest, _ options: HTTPOptions) -> ProxyEnvironment? {
        set(CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout.milliseconds)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_USERAGENT, options.userAgent)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)  // a proxy's answer to CONNECT is not the response
        set(CURLOPT_BUFFERSIZE, 256 << 10)
        var proxy: ProxyEnvironment?
        switch options.proxy {
        case .none: set(CURLOPT_PROXY, "")
        case .environment:
            proxy = ProxyEnvironment(scheme: request.url.hasPrefix("https:") ? "https" : "http")
            // libcurl does not read this variable itself. It applies `no_proxy` here too.
            if let proxy, proxy.variable == "HTTP_PROXY" { set(CURLOPT_PROXY, proxy.url) }
        }
        switch options.authorization {
        case .none: break
        case .basic(let user, let password):
            set(CURLOPT_HTTPAUTH, 1)  // CURLAUTH_BASIC, a cast macro
            set(CURLOPT_USERNAME, user)
            set(CURLOPT_PASSWORD, password)
        case .bearer(let token):
            set(CURLOPT_HTTPAUTH, 1 << 6)  // CURLAUTH_BEARER
            set(CURLOPT_XOAUTH2_BEARER, token)
        }
        if let file = options.caFile {
            set(CURLOPT_CAINFO, file)
        } else {
            // libcurl leaves OpenSSL's own variables to the program.
            if let file = ProxyEnvironment.variable("SSL_CERT_FILE"), !file.isEmpty {
                set(CURLOPT_CAINFO, file)
            } else if let file = HostAuthorities.file {
                set(CURLOPT_CAINFO, file)
            }
            if let folder = ProxyEnvironment.variable("SSL_CERT_DIR"), !folder.isEmpty { set(CURLOPT_CAPATH, folder) }
        }
        if let file = options.clientCertificate { set(CURLOPT_SSLCERT, file) }
        if let file = options.clientKey { set(CURLOPT_SSLKEY, file) }
        if options.isInsecure {
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        return proxy
    }

    private func attach(_ transfer: Transfer, _ request: HTTPRequest) {
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        set(CURLOPT_WRITEFUNCTION, receiveBody)
        set(CURLOPT_WRITEDATA, context)
        set(CURLOPT_HEADERFUNCTION, receiveHeader)
        set(CURLOPT_HEADERDATA, context)
        set(CURLOPT_READFUNCTION, sendBody)
        set(CURLOPT_READDATA, context)
        expect(dr_curl_set_seek(handle, rewindBody))
        set(CURLOPT_SEEKDATA, context)
        set(CURLOPT_NOPROGRESS, 0)
        expect(dr_curl_set_progress(handle, progress))
        set(CURLOPT_XFERINFODATA, context)
    }

    /// - Throws: ``HTTPError`` for a field that contains a line break or has no name.
    private static func list(_ request: HTTPRequest) throws(HTTPError) -> UnsafeMutablePointer<curl_slist>? {
        for (name, value) in request.headers
        where name.isEmpty || (name + value).utf8.contains(where: { $0 == 13 || $0 == 10 || $0 == 0 }) {
            throw HTTPError(.other, operation: request.summary, "header '\(name)' contains a line break or has no name")
        }
        return request.headers.reduce(nil) { list, field in
            // libcurl has its own syntax for an empty value: "Name:" alone would remove the field.
            curl_slist_append(list, field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
    }
}

extension EasyHandle {
    // libcurl refuses an option only if it is unknown, ill-typed or memory is exhausted: all of these are bugs of `dr`.
    private func set(_ option: CURLoption, _ value: Int) {
        // Options of type `long` are below 10000, those of type `curl_off_t` from 30000: the number distinguishes them.
        let isOffset = option.rawValue >= 30_000
        expect(isOffset ? dr_curl_set_offset(handle, option, value) : dr_curl_set_long(handle, option, value))
    }
    private func set(_ option: CURLoption, _ value: String) { expect(dr_curl_set_string(handle, option, value)) }
    private func set(_ option: CURLoption, _ value: UnsafeMutablePointer<curl_slist>?) {
        expect(dr_curl_set_list(handle, option, value))
    }
    private func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
        expect(dr_curl_set_pointer(handle, option, value))
    }
    private func set(_ option: CURLoption, _ value: dr_curl_io) { expect(dr_curl_set_io(handle, option, value)) }

    private func expect(_ code: CURLcode) {
        precondition(code == CURLE_OK, "curl_easy_setopt: \(String(cString: curl_easy_strerror(code)))")
    }
}

extension Duration {
    fileprivate var milliseconds: Int { Int(clamping: self / .milliseconds(1)) }
}
