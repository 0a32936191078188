import Documents
import Grafana
import HTTP
import Lab
import Platform
import Synchronization
import Testing

@Suite struct GrafanaAPITests {
    @Test(arguments: [429, 500, 502, 503, 504])
    func whatMayPassIsTriedAgain(_ status: Int) async throws {
        let fixture = try await Fixture(.empty())
        let left = Mutex(2)
        fixture.grafana.server.fail { _ in
            left.withLock { left in
                left -= 1
                return left >= 0 ? .text(status, "busy") : nil
            }
        }
        #expect(try await fixture.api().get(["org"])["name"] == "Main Org.")
    }

    @Test func aCallThatDoesSomethingIsSentOnceWhereItMayHaveBeenHeard() async throws {
        let fixture = try await Fixture(.empty())
        fixture.grafana.server.fail { _ in .text(503, "busy") }
        let request = GrafanaRequest("POST", ["orgs"], body: ["name": "New"])
        #expect(try await fixture.api().call(request).status == 503)
        #expect(fixture.grafana.server.requests["POST /api/orgs"] == 1)
    }

    @Test func aSlashInANameIsNoSeparator() async throws {
        let fixture = try await Fixture(.rich())
        let group = try await fixture.api().get(
            ["v1", "provisioning", "folder", "ops", "rule-groups", "hosts / all"], organization: 1)
        #expect(group["interval"] == 60 && group["rules"]?.array?.count == 2)
    }

    @Test(arguments: [
        (404, GrafanaAPIError.Reason.notFound), (412, .conflict), (302, .notGrafana), (406, .notAcceptable),
    ])
    func aRefusalIsUnderstood(_ status: Int, _ reason: GrafanaAPIError.Reason) async throws {
        let fixture = try await Fixture(.empty())
        fixture.grafana.server.fail { _ in .json(status, ["message": "no"]) }
        let error = await #expect(throws: GrafanaAPIError.self) { try await fixture.api().get(["org"]) }
        #expect(error?.reason == reason)
    }

    @Test func aServerThatIsAwayIsUnreachable() async throws {
        let fixture = try await Fixture(.empty())
        await fixture.grafana.server.stop()
        let error = await #expect(throws: GrafanaAPIError.self) {
            try await fixture.api(attempts: 2).get(["org"])
        }
        #expect(error?.reason == .unreachable)
    }

    /// 250 items: in pages of 100 that the server truncates, and from a server that returns the same page for every
    /// request.
    @Test(arguments: [true, false])
    func allPagesAreRead(_ knowsPages: Bool) async throws {
        let items = (0..<250).map { JSONValue.object(["id": JSONValue($0)]) }
        let server = try await StandInServer("lists", contract: nil) { request in
            let page = request.query["page"].flatMap { Int($0) } ?? 1
            return .json(200, .array(knowsPages ? Array(items.dropFirst((page - 1) * 100).prefix(100)) : items))
        }
        let api = GrafanaAPI(url: server.url, client: HTTPClient(), pool: Fixture.pool)
        let found = try await Fixture.pool.run { try api.list(["things"]) { "\($0["id"]?.integer ?? -1)" } }
        #expect(found == items)
        await server.stop()
    }
}
