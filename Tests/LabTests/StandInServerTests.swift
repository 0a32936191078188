import Documents
import HTTP
import Lab
import Testing

@Suite struct StandInServerTests {
    @Test func `the stand-in server echoes, fails, stops and starts again`() async throws {
        let server = try await StandInServer("echo", contract: nil) { request in
            .json(
                201,
                ["segments": .array(request.segments.map { .string($0) }), "query": .string(request.query["q"] ?? "")])
        }
        let client = HTTPClient()
        let address = "\(server.url)/a/b%2Fc?q=x%20y"
        let (response, body) = try client.send(HTTPRequest("GET", address))
        #expect(response.status == 201)
        #expect(try JSONValue(parsing: body) == ["segments": ["a", "b/c"], "query": "x y"])
        server.fail { _ in .text(503, "busy") }
        #expect(try client.send(HTTPRequest("GET", address)).0.status == 503)
        server.fail(nil)
        await server.stop()
        #expect(throws: HTTPError.self) { try client.send(HTTPRequest("GET", address)) }
        try await server.start()
        #expect(try client.send(HTTPRequest("POST", address, body: .bytes([1, 2, 3]))).0.status == 201)
        #expect(server.requests["GET /a/b%2Fc"] == 2)
        await server.stop()
    }
}
