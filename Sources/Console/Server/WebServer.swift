internal import CMicroHTTPD
import Dispatch
import Glibc
import Platform
import Synchronization

/// An HTTP server over libmicrohttpd: one thread for each connection, so that the code of a page may block.
package final class WebServer: Sendable {
    package struct Settings: Sendable {
        package var address = ListenAddress.standard
        /// The private key and the certificates as PEM; nil for plain HTTP.
        package var tls: (key: String, certificates: String)?
        /// The authorities that sign the certificates of clients, as PEM.
        package var clientAuthorities: String?
        package var connections = 64
        /// The most connections of one network (one IPv4 address, or 64 bits of IPv6), except the loopback address,
        /// where a proxy has the connections of all clients.
        package var connectionsOfNetwork = 16
        /// The longest time from the begin of a connection to the end of its first request head.
        package var headPatience = Duration.seconds(5)
        /// The longest time for a client to send a request, and to take the next part of a response.
        package var patience = Duration.seconds(30)
        /// Receives a line about each request.
        package var log: @Sendable (String) -> Void = { _ in }

        package init() {}
    }

    /// The address with the real port.
    package let address: ListenAddress
    private let exchanges: Exchanges
    private let daemon: Daemon

    /// Starts to answer requests.
    /// - Parameter answer: runs on the thread of the connection; may block.
    package init(_ settings: Settings, answer: @escaping @Sendable (WebRequest) -> WebResponse) throws {
        let (socket, address) = try settings.address.listen()
        self.address = address
        exchanges = Exchanges(settings, answer: answer)
        do { daemon = try Daemon(socket, settings: settings, exchanges: exchanges) } catch {
            close(socket)
            throw error
        }
        exchanges.watch.start()
    }

    /// Ends all connections, and waits up to five seconds for their threads.
    ///
    /// A page that still computes then does not hold up the end of the process.
    package func stop() {
        exchanges.stop()
        let done = DispatchSemaphore(value: 0)
        // The threads of connections use the exchanges until the library has stopped.
        DispatchQueue(label: "end of the console").async { [daemon, exchanges] in
            daemon.stop()
            exchanges.watch.stop()
            done.signal()
        }
        _ = done.wait(timeout: .now() + .seconds(5))
    }

    deinit { stop() }
}

/// The library's daemon.
private final class Daemon: Sendable {
    private let handle: Mutex<UInt>

    init(_ socket: CInt, settings: WebServer.Settings, exchanges: Exchanges) throws {
        if let authorities = settings.clientAuthorities, dr_mhd_certificates(authorities) <= 0 {
            throw ConsoleError(
                "start the console on \(settings.address)", "the client CA contains no valid certificate",
                hint: "give a PEM file with the certificates of the authorities")
        }
        func start(
            key: UnsafePointer<CChar>?, certificate: UnsafePointer<CChar>?, authority: UnsafePointer<CChar>?
        )
            -> OpaquePointer?
        {
            var all = dr_mhd_settings(
                socket: socket,
                // The spare ones let a new connection in while an old one ends for it.
                connections: UInt32(clamping: settings.connections.addingClamped(ConnectionWatch.spare)),
                memory: 32 * 1024,
                key: key, certificate: certificate, authority: authority,
                access: answerRequest, target: beginRequest, notify: noteConnection, completed: endRequest,
                context: Unmanaged.passUnretained(exchanges).toOpaque())
            return dr_mhd_start(&all)
        }
        let started =
            if let tls = settings.tls {
                tls.key.withCString { key in
                    tls.certificates.withCString { certificate in
                        if let authorities = settings.clientAuthorities {
                            authorities.withCString { start(key: key, certificate: certificate, authority: $0) }
                        } else {
                            start(key: key, certificate: certificate, authority: nil)
                        }
                    }
                }
            } else {
                start(key: nil, certificate: nil, authority: nil)
            }
        guard let started = started else {
            throw ConsoleError(
                "start the console on \(settings.address)", "the HTTP library refused its settings",
                hint: settings.tls == nil
                    ? nil : "check that the certificate, its key and the client CA are PEM and fit together")
        }
        handle = Mutex(UInt(bitPattern: started))
    }

    func stop() {
        let bits = handle.withLock { handle in
            defer { handle = 0 }
            return handle
        }
        if let daemon = OpaquePointer(bitPattern: bits) { MHD_stop_daemon(daemon) }
    }
}

/// The requests under way.
private final class Exchanges: Sendable {
    let watch: ConnectionWatch
    private let settings: WebServer.Settings
    private let answer: @Sendable (WebRequest) -> WebResponse
    private let streams = Mutex((open: [ObjectIdentifier: ResponseStream](), isStopping: false))

    init(_ settings: WebServer.Settings, answer: @escaping @Sendable (WebRequest) -> WebResponse) {
        self.settings = settings
        self.answer = answer
        watch = ConnectionWatch(settings)
    }

    func stop() {
        let open = streams.withLock { streams in
            streams.isStopping = true
            return Array(streams.open.values)
        }
        for stream in open { stream.close() }
    }

    func add(_ stream: ResponseStream) {
        let isStopping = streams.withLock { streams in
            streams.open[ObjectIdentifier(stream)] = stream
            return streams.isStopping
        }
        if isStopping { stream.close() }
    }

    func remove(_ stream: ResponseStream) {
        stream.close()
        _ = streams.withLock { $0.open.removeValue(forKey: ObjectIdentifier(stream)) }
    }

    var asksForCertificates: Bool { settings.clientAuthorities != nil }

    func respond(to exchange: Exchange, method: String, connection: OpaquePointer, version: String) -> MHD_Result {
        let response: WebResponse
        var name = exchange.target
        if exchange.isTooLarge {
            response = WebResponse(413, text: "the request is too large\n")
        } else if !["GET", "HEAD", "POST"].contains(method) {
            response = WebResponse(405, text: "the console is read-only: use GET or HEAD\n").with("Allow", "GET, HEAD")
        } else if var request = WebRequest(
            method: method, target: exchange.target, headers: Self.headers(of: connection))
        {
            request.body = exchange.body
            request.hasCertificate = asksForCertificates && dr_mhd_has_client_certificate(connection) != 0
            request.marksEnd = version == "HTTP/1.1"
            request.network = Self.network(of: connection)
            name = "/" + request.path.joined(separator: "/")
            response = answer(request)
        } else {
            let error = #"{"error": {"status": 400, "message": "the address is not valid"}}"#
            response =
                exchange.target.hasPrefix("/api/")
                ? .json(error, status: 400) : WebResponse(400, text: "the address is not valid\n")
        }
        // The query is not logged: a search may hold names that do not belong into a log.
        settings.log("\(method) \(name) \(response.status)")
        return send(response, connection)
    }

    private func send(_ response: WebResponse, _ connection: OpaquePointer) -> MHD_Result {
        let made: OpaquePointer?
        switch response.body {
        case .bytes(let bytes):
            made = bytes.withUnsafeBytes { bytes in
                MHD_create_response_from_buffer(
                    bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
            }
        case .stream(let length, let make):
            let log = settings.log
            let stream = ResponseStream(make) { log("the response broke off: \($0)") }
            add(stream)
            let sent = SentStream(stream, self, connection: UInt(bitPattern: connection))
            made = dr_mhd_stream(
                length.map { UInt64(clamping: $0) } ?? dr_mhd_unknown_size, readStream,
                Unmanaged.passRetained(sent).toOpaque(), releaseStream)
        }
        guard let made = made else { return .NO }
        defer { MHD_destroy_response(made) }
        for (name, value) in response.headers where !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
            MHD_add_response_header(made, name, value)
        }
        if response.endsConnection { MHD_add_response_header(made, "Connection", "close") }
        let result = MHD_queue_response(connection, UInt32(clamping: response.status), made)
        watch.enter(.sending, UInt(bitPattern: connection))
        return result
    }

    fileprivate static func network(of connection: OpaquePointer) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 8)
        let count = Int(dr_mhd_network(connection, &bytes))
        return Array(bytes.prefix(count))
    }

    private static func headers(of connection: OpaquePointer) -> [String: String] {
        var headers: [String: String] = [:]
        withUnsafeMutablePointer(to: &headers) { pointer in
            _ = MHD_get_connection_values(connection, .HEADER_KIND, collectHeader, pointer)
        }
        return headers
    }
}

/// A stream that a connection sends.
private final class SentStream: Sendable {
    let stream: ResponseStream
    let exchanges: Exchanges
    let connection: UInt

    init(_ stream: ResponseStream, _ exchanges: Exchanges, connection: UInt) {
        (self.stream, self.exchanges, self.connection) = (stream, exchanges, connection)
    }
}

/// One request. Only the thread of its connection uses it.
private final class Exchange {
    static let largestBody = 8 * 1024

    let target: String
    var body: [UInt8] = []
    var hasHeaders = false
    var isTooLarge = false

    init(_ target: String) { self.target = target }
}

// MARK: The library's callbacks

private func exchanges(_ context: UnsafeMutableRawPointer) -> Exchanges {
    Unmanaged<Exchanges>.fromOpaque(context).takeUnretainedValue()
}

private func beginRequest(
    context: UnsafeMutableRawPointer, target: UnsafePointer<CChar>, connection: OpaquePointer
) -> UnsafeMutableRawPointer? {
    Unmanaged.passRetained(Exchange(String(cString: target))).toOpaque()
}

private func answerRequest(
    context: UnsafeMutableRawPointer, connection: OpaquePointer, url: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>, version: UnsafePointer<CChar>?, upload: UnsafePointer<CChar>?,
    size: UnsafeMutablePointer<Int>, request: UnsafeMutablePointer<UnsafeMutableRawPointer?>
) -> MHD_Result {
    guard let pointer = request.pointee else { return .NO }
    let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
    let method = String(cString: method)
    if !exchange.hasHeaders {
        exchange.hasHeaders = true
        if method == "POST" {
            exchanges(context).watch.enter(.receiving, UInt(bitPattern: connection))
            return .YES  // the body follows
        }
    }
    let count = size.pointee
    if count > 0 {
        if exchange.body.count + count <= Exchange.largestBody, let upload = upload {
            exchange.body.append(contentsOf: UnsafeRawBufferPointer(start: upload, count: count))
        } else {
            exchange.isTooLarge = true
        }
        size.pointee = 0
        return .YES
    }
    let all = exchanges(context)
    all.watch.enter(.working, UInt(bitPattern: connection))
    return all.respond(
        to: exchange, method: method, connection: connection, version: version.map { String(cString: $0) } ?? "")
}

private func endRequest(
    context: UnsafeMutableRawPointer, connection: OpaquePointer,
    request: UnsafeMutablePointer<UnsafeMutableRawPointer?>, code: MHD_RequestTerminationCode
) {
    if let pointer = request.pointee { Unmanaged<Exchange>.fromOpaque(pointer).release() }
    request.pointee = nil
    exchanges(context).watch.enter(.reading, UInt(bitPattern: connection))
}

private func noteConnection(
    context: UnsafeMutableRawPointer, connection: OpaquePointer,
    socket: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, code: MHD_ConnectionNotificationCode
) {
    let watch = exchanges(context).watch
    let key = UInt(bitPattern: connection)
    if code == .CONNECTION_NOTIFY_STARTED {
        watch.opened(key, socket: dr_mhd_socket(connection), network: Exchanges.network(of: connection))
    } else {
        watch.closed(key)
    }
}

private func collectHeader(
    context: UnsafeMutableRawPointer?, kind: MHD_ValueKind, name: UnsafePointer<CChar>?,
    value: UnsafePointer<CChar>?
) -> MHD_Result {
    guard let context = context, let name = name else { return .YES }
    let headers = context.assumingMemoryBound(to: [String: String].self)
    let key = String(cString: name).lowercased()
    // A second header of the same name must not replace the one that was checked.
    if headers.pointee[key] == nil {
        headers.pointee[key] = value.map { String(cString: $0) } ?? ""
    }
    return .YES
}

private func readStream(
    context: UnsafeMutableRawPointer, position: UInt64, bytes: UnsafeMutablePointer<CChar>, room: Int
) -> Int {
    let sent = Unmanaged<SentStream>.fromOpaque(context).takeUnretainedValue()
    sent.exchanges.watch.enter(.working, sent.connection)
    defer { sent.exchanges.watch.enter(.sending, sent.connection) }
    guard let count = sent.stream.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: room)) else {
        return -2  // MHD_CONTENT_READER_END_WITH_ERROR
    }
    return count == 0 ? -1 : count  // MHD_CONTENT_READER_END_OF_STREAM
}

private func releaseStream(_ context: UnsafeMutableRawPointer) {
    let sent = Unmanaged<SentStream>.fromOpaque(context).takeRetainedValue()
    sent.exchanges.remove(sent.stream)
}
