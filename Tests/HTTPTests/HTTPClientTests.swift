import HTTP
import Lab
import Testing

@Suite struct HTTPClientTests {
    let client = HTTPClient()

    @Test func `status and headers are known before the first byte of the body`() throws {
        let server = try ScriptedServer([.reply(.response(404, [("X-Code", " missing ")], "no such thing"))])
        var seen: [(Int, String?)] = []
        let response = try client.perform(HTTPRequest("GET", server.url + "/a?b=c")) { response, piece in
            seen.append((response.status, response.headers["x-code"]))
            #expect(piece.byteCount == 13)
        }
        #expect(response.status == 404)
        #expect(seen.count == 1 && seen.first?.0 == 404 && seen.first?.1 == "missing")
        #expect(server.requests.first?.firstLine == "GET /a?b=c HTTP/1.1")
    }

    @Test func `paths are sent as they are written`() throws {
        let server = try ScriptedServer([.reply(.response(200))])
        _ = try client.send(HTTPRequest("GET", server.url + "/a/../b//c/./%7Ed"))
        #expect(server.requests.first?.target == "/a/../b//c/./%7Ed")
    }

    @Test(arguments: ["PUT", "POST", "PATCH", "DELETE"]) func `a body goes with any method`(_ method: String) throws {
        let content = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let server = try ScriptedServer([.reply(.response(200)), .reply(.response(200))])
        for _ in 0..<2 { _ = try client.send(HTTPRequest(method, server.url + "/x", body: .bytes(content))) }
        #expect(server.requests.map(\.method) == [method, method])
        #expect(server.requests.allSatisfy { $0.body == content && $0["content-length"] == "1000000" })
        #expect(server.requests.allSatisfy { $0["expect"] == nil && $0["transfer-encoding"] == nil })
    }

    @Test func `a PUT or POST without a body says so`() throws {
        let server = try ScriptedServer([.reply(.response(200)), .reply(.response(200))])
        _ = try client.send(HTTPRequest("PUT", server.url))
        _ = try client.send(HTTPRequest("POST", server.url))
        #expect(server.requests.map { $0["content-length"] } == ["0", "0"])
    }

    @Test func `the length of a HEAD is not waited for`() throws {
        let server = try ScriptedServer([.raw("HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n")])
        #expect(try client.send(HTTPRequest("HEAD", server.url)).0.contentLength == 77)
    }

    @Test func `redirects are answers`() throws {
        let server = try ScriptedServer([.reply(.response(307, [("Location", "http://127.0.0.1:1/")]))])
        #expect(try client.send(HTTPRequest("GET", server.url)).0.status == 307)
    }

    @Test func `interim responses are dropped`() throws {
        let text = "HTTP/1.1 103 Early\r\nX-A: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-B: 2\r\nContent-Length: 0\r\n\r\n"
        let server = try ScriptedServer([.raw(text)])
        let (response, _) = try client.send(HTTPRequest("GET", server.url))
        #expect(response.status == 200)
        #expect(response.headers["x-a"] == nil && response.headers["x-b"] == "2")
    }

    @Test func `one connection serves many requests`() throws {
        let server = try LoopbackServer { connection in
            var served = 0
            while connection.readMessage() != nil {
                served += 1
                connection.send(HTTPMessage.response(200, [], "\(served)").bytes)
            }
        }
        let bodies = try (0..<3).map { _ in
            String(decoding: try client.send(HTTPRequest("GET", "http://127.0.0.1:\(server.port)")).1, as: UTF8.self)
        }
        #expect(bodies == ["1", "2", "3"])
    }

    @Test func `a body is sent again from its start when a kept connection has died`() throws {
        let content = [UInt8](repeating: 7, count: 300_000)
        let server = try ScriptedServer([.reply(.response(200)), .reset, .reply(.response(201))])
        _ = try client.send(HTTPRequest("GET", server.url))
        let (response, _) = try client.send(HTTPRequest("PUT", server.url, body: .bytes(content)))
        #expect(response.status == 201)
        #expect(server.requests.last?.body == content)
    }

    @Test func `a collected body has a limit`() throws {
        let server = try ScriptedServer([.reply(.response(200, [], String(repeating: "x", count: 1001)))])
        let error = #expect(throws: HTTPError.self) { try client.send(HTTPRequest("GET", server.url), limit: 1000) }
        #expect(error?.reason == .aborted && error?.isRetryable == false)
    }

    @Test func `the client throws the sink's error unchanged`() throws {
        struct Stop: Error {}
        let server = try ScriptedServer([.reply(.response(200, [], "abc"))])
        #expect(throws: Stop.self) { try client.perform(HTTPRequest("GET", server.url)) { _, _ in throw Stop() } }
    }

    @Test func `the client throws the body reader's error unchanged`() throws {
        struct Stop: Error {}
        let server = try ScriptedServer([.reply(.response(200))])
        let body = HTTPBody(length: 5) { { _ in throw Stop() } }
        #expect(throws: Stop.self) { try client.send(HTTPRequest("PUT", server.url, body: body)) }
    }

    @Test(arguments: [("X-A", "b\r\nX-C: d"), ("X\nA", "b"), ("", "b")])
    func `a header cannot smuggle another`(_ name: String, _ value: String) throws {
        let server = try ScriptedServer([.reply(.response(200))])
        #expect(throws: HTTPError.self) { try client.send(HTTPRequest("GET", server.url, headers: [(name, value)])) }
        #expect(server.requests.isEmpty)
    }

    @Test func `an empty header is sent`() throws {
        let server = try ScriptedServer([.reply(.response(200))])
        _ = try client.send(HTTPRequest("GET", server.url, headers: [("X-Empty", ""), ("X-Full", "y")]))
        #expect(server.requests.first?["x-empty"] == "" && server.requests.first?["x-full"] == "y")
    }

    @Test(arguments: [
        (HTTPOptions.Authorization.basic(user: "dr", password: "s:e"), "Basic ZHI6czpl"),
        (.bearer(token: "abc.def"), "Bearer abc.def"),
    ])
    func `authorization is sent with the first request`(_ value: HTTPOptions.Authorization, _ header: String) throws {
        let server = try ScriptedServer([.reply(.response(200))])
        _ = try HTTPClient(HTTPOptions(authorization: value)).send(HTTPRequest("GET", server.url))
        #expect(server.requests.first?["authorization"] == header)
        #expect(server.requests.first?["user-agent"] == "dr")
    }
}
