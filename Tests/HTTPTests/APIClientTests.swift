import Documents
import HTTP
import Lab
import Platform
import Testing

private enum Refusal: APIReason {
    case unreachable, refused

    init(_ error: HTTPError) { self = .unreachable }

    var code: String { self == .unreachable ? "component_unreachable" : "component_refused" }

    func hint(for error: APIError<Self>) -> String? { error.needs.map { "the credentials need \($0)" } }
}

@Suite struct APIClientTests {
    private func client(_ server: ScriptedServer, attempts: Int = 3) -> APIClient<Refusal> {
        APIClient(
            url: server.url + "/prefix//", client: HTTPClient(), pool: BlockingPool(threads: 1),
            headers: [("Authorization", "ApiKey abc")],
            retries: RetryPolicy(attempts: attempts, base: .milliseconds(1), cap: .milliseconds(1)))
    }

    @Test func `a request has the prefix, encoded segments and the credentials`() async throws {
        let server = try ScriptedServer([.reply(.response(200, [], #"{"a":1}"#))])
        let client = client(server)
        let answer = try await client.send(
            client.request(
                "PUT", segments: ["a/b", "x,y*"], query: [("q", "1 2")], keeping: ",*", json: ["name": "v"]))
        let request = try #require(server.requests.first)
        #expect(request.method == "PUT" && request.target == "/prefix/a%2Fb/x,y*?q=1%202")
        #expect(request["Authorization"] == "ApiKey abc" && request["Content-Type"] == "application/json")
        #expect(String(decoding: request.body, as: UTF8.self) == #"{"name":"v"}"#)
        #expect(answer.document?["a"]?.integer == 1)
        #expect(answer.operation == "PUT \(server.url)/prefix/a%2Fb/x,y*")
    }

    @Test func `a form is sent as a browser sends it`() async throws {
        let server = try ScriptedServer([.reply(.response(200, [], ""))])
        let client = client(server)
        _ = try await client.send(client.request(path: "/query", form: [("query", "up + 1"), ("time", "5")]))
        let request = try #require(server.requests.first)
        #expect(request.method == "POST" && request["Content-Type"] == "application/x-www-form-urlencoded")
        #expect(String(decoding: request.body, as: UTF8.self) == "query=up%20%2B%201&time=5")
    }

    @Test(arguments: [429, 502, 503, 504])
    func `a busy server is tried again`(status: Int) async throws {
        let server = try ScriptedServer([.reply(.response(status, [], "")), .reply(.response(200, [], "{}"))])
        let client = client(server)
        #expect(try await client.send(client.request("GET", path: "/x")).status == 200)
        #expect(server.requests.count == 2)
    }

    @Test(arguments: [400, 404, 500])
    func `any other refusal is the answer`(status: Int) async throws {
        let server = try ScriptedServer([.reply(.response(status, [], "no"))])
        let client = client(server)
        let answer = try await client.send(client.request("GET", path: "/x"))
        #expect(answer.status == status && !answer.isSuccess && answer.document == nil)
        #expect(server.requests.count == 1)
    }

    @Test func `the last of the tries is the answer`() async throws {
        let server = try ScriptedServer([
            .reply(.response(503, [], "first")), .reply(.response(503, [], "second")),
        ])
        let client = client(server, attempts: 2)
        let answer = try await client.send(client.request("GET", path: "/x"))
        #expect(answer.status == 503 && String(decoding: answer.body, as: UTF8.self) == "second")
    }

    @Test func `a request that must not be repeated is sent once`() async throws {
        let server = try ScriptedServer([.reset, .reply(.response(200, [], ""))])
        let client = client(server)
        let error = await #expect(throws: APIError<Refusal>.self) {
            try await client.send(client.request("POST", path: "/x")) { _ in false }
        }
        #expect(error?.reason == .unreachable && error?.reasonCode == "component_unreachable")
        #expect(error?.operation == "POST \(server.url)/prefix/x" && server.requests.count == 1)
    }

    @Test func `the hint of an error stays out of its text`() {
        var error = APIError<Refusal>(.refused, operation: "GET http://host/x", detail: "forbidden (403)", status: 403)
        #expect(error.hint == nil)
        error.needs = "role Admin"
        #expect(error.hint == "the credentials need role Admin" && "\(error)" == "GET http://host/x: forbidden (403)")
    }
}

@Suite struct APIPagesTests {
    /// The items given to the body, and the numbers of the pages asked for.
    private func read(_ pages: [[Int]], total: Int? = nil) -> (items: [Int], numbers: [Int]) {
        var (items, numbers): ([Int], [Int]) = ([], [])
        APIPages(from: 1, shortest: 2).forEach(identity: { "\($0)" }) { number -> APIPages.Page<Int>? in
            numbers.append(number)
            return pages.indices.contains(number - 1) ? APIPages.Page(pages[number - 1], total: total) : nil
        } _: {
            items += $0
        }
        return (items, numbers)
    }

    @Test(
        arguments: [
            ([[1, 2], [3, 4], []], nil, [1, 2, 3, 4], 3), ([[1, 2], [3]], nil, [1, 2, 3], 2),
            ([[1, 2], [3, 4], [5, 6]], 4, [1, 2, 3, 4], 2), ([[1, 2], [1, 2], [1, 2]], nil, [1, 2], 2),
            ([[1], [2], [3]], 3, [1, 2, 3], 3), ([], nil, [], 1),
        ] as [([[Int]], Int?, [Int], Int)])
    func `a list ends with a short page, the announced number or a repetition`(
        pages: [[Int]], total: Int?, items: [Int], asked: Int
    ) {
        let result = read(pages, total: total)
        #expect(result.items == items && result.numbers == Array(1...asked))
    }
}

@Suite struct PercentEncodingTests {
    @Test(arguments: [
        ("AZaz09-._~", "", "AZaz09-._~"), ("a b/c", "", "a%20b%2Fc"), ("é", "", "%C3%A9"), ("a,b*", ",*", "a,b*"),
        ("\u{0}\n", "", "%00%0A"),
    ])
    func `all but unreserved and kept characters are encoded`(text: String, kept: String, encoded: String) {
        #expect(PercentEncoding.encode(text, keeping: kept) == encoded)
    }
}
