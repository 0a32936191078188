import Foundation
import Lab
import Testing

@Suite struct APIContractTests {
    private func contract() throws -> APIContract {
        let folder = try TemporaryFolder("contract")
        let file = folder.url.appending(path: "contract.json")
        try Data(
            #"""
            {"operations": [
              {"method": "GET", "path": "/api/orgs/{id}", "query": {"page": "integer", "q": "string"},
               "answers": {"200": {"id": "integer", "name": "string", "address?": "object|null"}, "4xx": {"message": "string"}}},
              {"method": "GET", "path": "/api/orgs/name", "answers": {"200": [{"id": "integer"}]}},
              {"method": "POST", "path": "/api/orgs", "body": {"name": "string"}, "answers": {"204": "none"}}]}
            """#.utf8
        ).write(to: file)
        return try APIContract(contentsOf: file)
    }

    private func request(_ method: String, _ path: String, _ query: [String: String] = [:], _ body: String = "")
        -> StandInRequest
    {
        StandInRequest(method: method, path: path, query: query, body: Array(body.utf8))
    }

    @Test func `a literal segment counts more`() throws {
        let contract = try contract()
        #expect(contract.operation("GET", "/api/orgs/name")?.path == "/api/orgs/name")
        #expect(contract.operation("GET", "/api/orgs/a%2Fb")?.path == "/api/orgs/{id}")
        #expect(contract.operation("PUT", "/api/orgs/1") == nil)
    }

    @Test func `the contract validates requests`() throws {
        let contract = try contract()
        #expect(contract.violations(request("GET", "/api/orgs/1", ["page": "2"])).isEmpty)
        #expect(contract.violations(request("GET", "/api/orgs/1", ["page": "two"])).count == 1)
        #expect(contract.violations(request("GET", "/api/orgs/1", ["pages": "2"])).count == 1)
        #expect(contract.violations(request("DELETE", "/api/orgs/1")).count == 1)
        #expect(contract.violations(request("POST", "/api/orgs", [:], #"{"name": "x", "more": 1}"#)).isEmpty)
        #expect(contract.violations(request("POST", "/api/orgs", [:], #"{"nam": "x"}"#)).count == 1)
        #expect(contract.violations(request("POST", "/api/orgs", [:], "name=x")).count == 1)
    }

    @Test(arguments: [
        (200, #"{"id": 1, "name": "a", "address": null}"#, 0), (200, #"{"id": "1", "name": "a"}"#, 1),
        (200, #"{"id": 1.5}"#, 2), (200, "[]", 1), (404, #"{"message": "gone"}"#, 0), (404, "{}", 1), (500, "{}", 1),
    ])
    func `the contract validates responses`(status: Int, body: String, violations: Int) throws {
        let answer = StandInAnswer(status, body: Array(body.utf8))
        #expect(try contract().violations(answer, to: request("GET", "/api/orgs/1")).count == violations)
    }
}
