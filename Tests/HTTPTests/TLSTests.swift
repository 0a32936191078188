import Foundation
import HTTP
import Lab
import Testing

/// Requests to OpenSSL's own server, with a certificate made for the test.
@Suite struct TLSTests {
    @Test func `a custom CA is trusted, others are not`() async throws {
        let folder = try TemporaryFolder("tls")
        let key = "\(folder.path)/key.pem", certificate = "\(folder.path)/cert.pem"
        _ = try await LabTool.output(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                "-out",
                certificate, "-days", "1", "-subj", "/CN=peer", "-addext", "subjectAltName=IP:127.0.0.1",
            ])
        let port = try FreePort.find()[0]
        let server = try await ServerProcess(
            "openssl", executable: "/usr/bin/openssl",
            arguments: ["s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate, "-key", key, "-www"],
            folder: folder.url)
        let request = HTTPRequest("GET", "https://127.0.0.1:\(port)/")
        let trusting = HTTPClient(HTTPOptions(caFile: certificate))
        try await server.waitUntil { (try? trusting.send(request).0.status) == 200 }
        let refusal = #expect(throws: HTTPError.self) { try HTTPClient().send(request) }
        #expect(refusal?.reason == .tls && refusal?.isRetryable == false)
        let misnamed = HTTPRequest("GET", "https://localhost:\(port)/")
        #expect(refusal?.trustFault == .untrusted)
        let misfit = #expect(throws: HTTPError.self) { try trusting.send(misnamed) }
        #expect(misfit?.trustFault == .hostName, "\(String(describing: misfit))")
        #expect(try HTTPClient(HTTPOptions(isInsecure: true)).send(request).0.status == 200)
        let missing = #expect(throws: HTTPError.self) {
            try HTTPClient(HTTPOptions(caFile: "/nonexistent")).send(request)
        }
        #expect(missing?.reason == .tls && missing?.trustFault == .file, "\(String(describing: missing))")
    }

    @Test func `the error for a port that does not speak TLS says so`() throws {
        let server = try LoopbackServer { connection in
            _ = connection.receive()
            connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            connection.stall()
        }
        let error = #expect(throws: HTTPError.self) {
            try HTTPClient().send(HTTPRequest("GET", "https://127.0.0.1:\(server.port)/"))
        }
        #expect(error?.trustFault == .plainText, "\(String(describing: error))")
    }
}
