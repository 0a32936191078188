import Foundation
import HTTP
import Lab
import Platform
import Testing

@Suite struct HTTPFailureTests {
    private static let page = HTTPMessage.response(200, [], String(repeating: "0123456789", count: 10))

    @Test(arguments: [
        (ScriptedServer.Act.reset, HTTPError.Reason.reset),
        (.raw(""), .reset),
        (.cut(page, after: 50), .reset),
        (.raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour"), .reset),
        (.silence, .stalled),
        (.stall(page, after: 50), .stalled),
    ])
    func `a transfer that breaks is worth another try`(_ act: ScriptedServer.Act, _ reason: HTTPError.Reason) throws {
        let server = try ScriptedServer([act])
        var options = HTTPOptions()
        options.stallTimeout = reason == .stalled ? .milliseconds(300) : Patience.long
        let error = #expect(throws: HTTPError.self) {
            try HTTPClient(options).send(HTTPRequest("GET", server.url + "/key?X-Amz-Signature=secret"))
        }
        #expect(error?.reason == reason && error?.isRetryable == true)
        #expect(error?.operation == "GET \(server.url)/key")
    }

    @Test func `a refused connection is a retryable connection error`() {
        let error = #expect(throws: HTTPError.self) { try HTTPClient().send(HTTPRequest("GET", "http://127.0.0.1:1/")) }
        #expect(error?.reason == .connect && error?.isRetryable == true)
    }

    @Test func `no such name`() {
        let request = HTTPRequest("GET", "http://user:word@nowhere.invalid/")
        let error = #expect(throws: HTTPError.self) { try HTTPClient().send(request) }
        #expect(error?.reason == .resolve)
        #expect(error?.description.contains("word") == false)
    }

    @Test func `other protocols are refused`() {
        let error = #expect(throws: HTTPError.self) { try HTTPClient().send(HTTPRequest("GET", "file:///etc/passwd")) }
        #expect(error?.reason == .other && error?.isRetryable == false)
    }

    @Test func `a request may have more patience than its client`() throws {
        let server = try ScriptedServer { _, _ in
            Thread.sleep(forTimeInterval: 0.7)  // the delay is what is tested
            return .reply(.response(200))
        }
        var options = HTTPOptions()
        options.stallTimeout = .milliseconds(200)
        let patient = HTTPRequest("GET", server.url, stallTimeout: Patience.long)
        #expect(try HTTPClient(options).send(patient).0.status == 200)
    }

    @Test func `a cancelled task ends its transfer while nothing arrives`() async throws {
        let server = try ScriptedServer([.silence])
        let pool = BlockingPool(threads: 1)
        var patient = HTTPOptions()
        patient.stallTimeout = .seconds(3600)
        let options = patient
        let task = Task { try await pool.run { try HTTPClient(options).send(HTTPRequest("GET", server.url)) } }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        let start = ContinuousClock.now
        await #expect(throws: CancellationError.self) { try await task.value }
        // Well below the hour after which the transfer would end as stalled.
        #expect(ContinuousClock.now - start < .seconds(600))
    }
}
