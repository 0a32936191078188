import Glibc
import Console
import HTTP
import Lab
import Platform
import Testing

/// The server alone, without pages.
@Suite struct WebServerTests {
    private func server(
        _ change: (inout WebServer.Settings) -> Void = { _ in },
        answer: @escaping @Sendable (WebRequest) -> WebResponse
    ) throws -> WebServer {
        var settings = WebServer.Settings()
        settings.address = ListenAddress(host: "127.0.0.1", port: 0)
        change(&settings)
        return try WebServer(settings, answer: answer)
    }

    private func get(_ path: String, of server: WebServer, method: String = "GET") async throws -> (
        HTTPResponse, String
    ) {
        let address = server.address
        return try await BlockingPool(threads: 1).run {
            let (response, body) = try HTTPClient().send(HTTPRequest(method, "http://\(address)\(path)"))
            return (response, String(decoding: body, as: UTF8.self))
        }
    }

    @Test func `a request reaches its answer with decoded path and query`() async throws {
        let server = try server { request in
            let query = request.query.map { "\($0.name)=\($0.value)" }
            return WebResponse(text: "\(request.method) \(request.path) \(query) \(request.headers["host"] ?? "")")
        }
        defer { server.stop() }
        let (response, body) = try await get("/a%20b/c?q=x+y%2Fz", of: server)
        #expect(response.status == 200)
        #expect(body == "GET [\"a b\", \"c\"] [\"q=x y/z\"] \(server.address)")
    }

    @Test(arguments: ["/..", "/a/../b", "/a/%2e%2e/b", "/%zz", "/%00", "/%ff", "/?a=%"])
    func `a target that is not valid is refused`(target: String) async throws {
        let server = try server { _ in WebResponse(text: "reached") }
        defer { server.stop() }
        let (response, _) = try await get(target, of: server)
        #expect(response.status == 400)
    }

    @Test func `other methods than GET, HEAD and POST are refused`() async throws {
        let server = try server { _ in WebResponse(text: "reached") }
        defer { server.stop() }
        #expect(try await get("/", of: server, method: "DELETE").0.status == 405)
        #expect(try await get("/", of: server, method: "PUT").0.status == 405)
    }

    @Test func `a stream arrives whole, and one that fails does not end cleanly`() async throws {
        struct Damage: Error {}
        let server = try server { request in
            .stream(type: "text/plain", length: request.path == ["known"] ? 3_000_000 : nil) { stream in
                for _ in 0..<3 { try stream.write([UInt8](repeating: 65, count: 900_000)) }
                if request.path != ["whole"] { throw Damage() }
            }
        }
        defer { server.stop() }
        #expect(try await get("/whole", of: server).1.utf8.count == 2_700_000)
        await #expect(throws: HTTPError.self) { try await get("/chunked", of: server) }
        await #expect(throws: HTTPError.self) { try await get("/known", of: server) }
    }

    @Test func `stopping the server ends a stream that waits`() async throws {
        let server = try server { _ in
            .stream(type: "text/plain") { stream in
                while !stream.isClosed {
                    try stream.write("x")
                    usleep(10_000)
                }
            }
        }
        let transfer = Task { try await get("/", of: server) }
        try await Task.sleep(for: .milliseconds(200))
        server.stop()
        await #expect(throws: (any Error).self) { try await transfer.value }
    }

    @Test(arguments: ["GET / HT", "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"])
    func `a client that sends or reads too slowly is cut off`(request: String) async throws {
        let server = try server {
            $0.patience = .seconds(1)
        } answer: { request in
            .stream(type: "text/plain") { stream in
                while !stream.isClosed { try stream.write([UInt8](repeating: 65, count: 100_000)) }
            }
        }
        defer { server.stop() }
        let port = server.address.port
        let seconds = try await BlockingPool(threads: 1).run { try Self.secondsUntilCutOff(port: port, request) }
        #expect(seconds < 10)
    }

    @Test func `silent connections do not keep others out`() async throws {
        let server = try server {
            $0.connections = 4
            ($0.patience, $0.headPatience) = (.seconds(600), .seconds(600))
        } answer: { _ in
            WebResponse(text: "reached")
        }
        defer { server.stop() }
        let port = server.address.port
        let silent = try (0..<60).map { _ in
            let socket = try Self.connected(port: port)
            // The server may have ended it already.
            send(socket, "GET / HT", 8, CInt(MSG_NOSIGNAL))
            return socket
        }
        defer { for socket in silent { close(socket) } }
        // Sockets above the limit are refused until the silent ones have ended.
        try await Patience.wait(until: "a client is served") { (try? await get("/", of: server))?.1 == "reached" }
    }

    @Test func `the first request head must arrive soon`() async throws {
        let server = try server {
            $0.headPatience = .seconds(1)
        } answer: { _ in
            WebResponse(text: "reached")
        }
        defer { server.stop() }
        let port = server.address.port
        let seconds = try await BlockingPool(threads: 1).run { try Self.secondsUntilCutOff(port: port, "GET / HT") }
        // The read waits 20 seconds for more, and a slow client otherwise has 30.
        #expect(seconds < 15)
    }

    @Test(arguments: [400, 401, 403, 413, 421, 429])
    func `a refusal ends the connection`(status: Int) async throws {
        let server = try server { _ in WebResponse(status, text: "no") }
        defer { server.stop() }
        let port = server.address.port
        let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        // The read waits 20 seconds for more, and an idle connection ends after 30.
        let seconds = try await BlockingPool(threads: 1).run { try Self.secondsUntilCutOff(port: port, request) }
        #expect(seconds < 15)
    }

    @Test(arguments: [("127.0.0.1", "[127, 0, 0, 1]"), ("::", "[127, 0, 0, 1]")])
    func `a request names the network of its client`(listen: String, network: String) async throws {
        let server = try server {
            $0.address = ListenAddress(host: listen, port: 0)
        } answer: {
            WebResponse(text: "\($0.network)")
        }
        defer { server.stop() }
        let port = server.address.port
        let body = try await BlockingPool(threads: 1).run {
            try HTTPClient().send(HTTPRequest("GET", "http://127.0.0.1:\(port)/")).1
        }
        #expect(String(decoding: body, as: UTF8.self) == network)
    }

    /// A connection whose reads wait 20 seconds.
    private static func connected(port: UInt16) throws -> CInt {
        let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        return socket
    }

    /// Connects, sends, and does not read for a while; then reads to the end.
    private static func secondsUntilCutOff(port: UInt16, _ request: String) throws -> Double {
        let socket = try connected(port: port)
        defer { close(socket) }
        let start = ContinuousClock.now
        let bytes = Array(request.utf8)
        #expect(send(socket, bytes, bytes.count, 0) == bytes.count)
        usleep(2_500_000)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while recv(socket, &buffer, buffer.count, 0) > 0 {}
        return (ContinuousClock.now - start) / .seconds(1)
    }
}
