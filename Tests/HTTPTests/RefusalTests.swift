import HTTP
import Lab
import Testing

/// Messages that name the cause.
@Suite struct RefusalTests {
    @Test func `an answer that refuses a body counts, though the connection ends with it`() throws {
        let server = try LoopbackServer { connection in
            _ = connection.receive(upTo: 1000)
            connection.send(HTTPMessage.response(413, [("Connection", "close")], "too large").bytes)
            // Read to the end, so that no reset overtakes the answer.
            while connection.receive() != nil {}
        }
        let body = HTTPBody.bytes([UInt8](repeating: 1, count: 4 << 20))
        let request = HTTPRequest("PUT", "http://127.0.0.1:\(server.port)/x", body: body)
        #expect(try HTTPClient().send(request).0.status == 413)
    }

    @Test(arguments: [
        ("https://store.example/p?X-Amz-Signature=s", "https://store.example/p"), ("/login", "/login"),
        ("http://u:secret@h:9/x\u{1b}[2J", "http://h:9/x[2J"), ("", nil),
    ])
    func `a redirection's address is shown without secrets`(_ location: String, _ shown: String?) {
        for status in [301, 302, 303, 307, 308] {
            let response = HTTPResponse(status: status, headers: HTTPHeaders([("Location", location)]))
            #expect(response.redirection == shown)
        }
        #expect(HTTPResponse(status: 201, headers: HTTPHeaders([("Location", location)])).redirection == nil)
    }

    @Test(arguments: ["-5", "x", "99999999999999999999"]) func `no length is made of nonsense`(_ text: String) {
        #expect(HTTPResponse(status: 200, headers: HTTPHeaders([("Content-Length", text)])).contentLength == nil)
    }

    // MARK: - Proxies

    @Test(
        arguments: [
            ("http", ["http_proxy": "a", "HTTP_PROXY": "b"], "http_proxy"), ("http", ["HTTP_PROXY": "b"], "HTTP_PROXY"),
            ("http", ["HTTP_PROXY": "b", "REQUEST_METHOD": "GET"], nil), ("http", ["HTTPS_PROXY": "b"], nil),
            ("http", ["HTTP_PROXY": "b", "REQUEST_METHOD": "GET", "ALL_PROXY": "c"], "ALL_PROXY"),
            ("http", ["http_proxy": "", "HTTP_PROXY": "b"], nil), ("https", ["HTTPS_PROXY": "b"], "HTTPS_PROXY"),
            ("https", ["HTTPS_PROXY": "b", "REQUEST_METHOD": "GET"], "HTTPS_PROXY"),
            ("https", ["http_proxy": "b"], nil),
            ("https", ["all_proxy": "c", "https_proxy": "b"], "https_proxy"), ("https", [:], nil),
        ] as [(String, [String: String], String?)])
    func `which variable names the proxy`(scheme: String, variables: [String: String], expected: String?) {
        let found = ProxyEnvironment(scheme: scheme) { variables[$0] }
        #expect(found?.variable == expected)
        if let found { #expect(variables[found.variable] == found.url) }
    }

    @Test(arguments: [
        ("http://user:secret@proxy:3128/", "http://proxy:3128"), ("user:secret@proxy:3128", "proxy:3128"),
        ("proxy", "proxy"), ("socks5h://[::1]:1080", "socks5h://[::1]:1080"),
    ])
    func `a proxy is shown without its password`(_ url: String, _ shown: String) {
        #expect(ProxyEnvironment(scheme: "https") { $0 == "https_proxy" ? url : nil }?.shown == shown)
    }
}
