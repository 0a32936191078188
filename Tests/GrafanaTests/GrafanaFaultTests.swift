import BackupRepository
import Documents
import Foundation
import Grafana
import HTTP
import Lab
import Synchronization
import Testing

@Suite struct GrafanaFaultTests {
    // MARK: Credentials

    @Test func aTokenShowsItsOrganisationAndSaysSo() async throws {
        let fixture = try await Fixture(.rich())
        let source = fixture.source(Fixture.token(GrafanaState.secondToken), login: nil)
        let capture = try await fixture.capture(source)
        #expect(capture.warnings.contains { $0.contains("'Lab / Ops' only") } && capture.damage == [])
        let documents = try Fixture.documents(capture)
        #expect(documents.keys.allSatisfy { !$0.hasPrefix("users/") && !$0.hasPrefix("organizations/1/") })
        #expect(documents.keys.contains { $0.hasSuffix("/dashboards/home.json") })
        #expect(fixture.grafana.server.violations == [])
        #expect(await source.diagnose().contains { $0.verdict == .warning && $0.subject == "credentials" })
    }

    @Test func tooWeakARoleIsSaidWithTheRoleNeeded() async throws {
        let fixture = try await Fixture(.rich())
        let source = fixture.source(Fixture.token(GrafanaState.viewerToken), login: nil)
        let error = await #expect(throws: ComponentError.self) { try await fixture.capture(source) }
        #expect(error?.reason == .misconfigured && error?.hint?.contains("role Admin") == true)
        #expect(await source.diagnose().contains { $0.verdict == .failed && $0.detail.contains("role Admin") })
    }

    @Test func wrongCredentialsAreNotTriedAgain() async throws {
        let fixture = try await Fixture(.rich())
        let source = fixture.source(.basic(user: "admin", password: "wrong"))
        let error = await #expect(throws: ComponentError.self) { try await fixture.capture(source) }
        #expect(error?.reason == .misconfigured && error?.hint?.contains("password") == true)
        // Five failures block the user.
        #expect(fixture.grafana.server.requests["GET /api/orgs"] == 1)
    }

    @Test(arguments: GrafanaVersion.allCases)
    func anOrganisationThatTheAdminIsNoMemberOf(_ version: GrafanaVersion) async throws {
        var state = GrafanaState.rich(version: version)
        let admin = try #require(state.user("admin")).id
        let second = try #require(state.organizations.keys.max())
        state.organizations[second]?.members[admin] = nil
        let fixture = try await Fixture(state)
        let capture = try await fixture.capture()
        #expect(capture.damage.map(\.path) == ["organizations/\(second)"])
        #expect(capture.damage[0].reason.contains("join_organizations"))
        #expect(try Fixture.documents(capture).keys.contains("organizations/1/dashboards/home.json"))
        #expect(await fixture.source().diagnose().contains { $0.verdict == .failed })
        // With permission to join, it is exported completely, and its members are unchanged afterwards.
        let joined = try await fixture.capture(fixture.source(joins: true))
        #expect(joined.damage == [])
        let documents = try Fixture.documents(joined)
        #expect(documents["organizations/\(second)/dashboards/home.json"] != nil)
        #expect(documents["organizations/\(second)/members/admin.json"] == nil)
        #expect(fixture.grafana.state.organizations[second]?.members[admin] == nil)
        #expect(fixture.grafana.server.violations == [])
    }

    // MARK: Objects

    @Test func aDashboardThatDoesNotParseCostsNoOther() async throws {
        var state = GrafanaState.rich()
        state.organizations[1]?.dashboards["home"]?.text = Array(#"{"title":"Home","panels":[}"#.utf8)
        let fixture = try await Fixture(state)
        let capture = try await fixture.capture()
        #expect(capture.damage.map(\.path) == ["organizations/1/dashboards/home.json"])
        #expect(capture.damage[0].reason.contains("does not parse"))
        #expect(capture.facts["dashboards"] == "\((state.organizations[1]?.dashboards.count ?? 0))")
        #expect(try Fixture.documents(capture)["organizations/1/dashboards/disks.json"] != nil)
    }

    @Test func anObjectThatTheServerFailsToGiveIsDamage() async throws {
        let fixture = try await Fixture(.rich())
        fixture.grafana.server.fail { request in
            request.path.hasSuffix("/datasources/uid/loki-1") ? .json(500, ["message": "database is locked"]) : nil
        }
        let capture = try await fixture.capture(fixture.source(attempts: 2))
        #expect(capture.damage.map(\.path) == ["organizations/1/data-sources/loki-1.json"])
    }

    @Test func aDashboardThatIsDeletedMeanwhileIsNoted() async throws {
        let fixture = try await Fixture(.rich())
        fixture.grafana.server.fail { request in
            request.path.hasSuffix("/dashboards/uid/disks") ? .json(404, ["message": "Dashboard not found"]) : nil
        }
        let capture = try await fixture.capture()
        #expect(capture.damage == [] && capture.warnings.contains { $0.contains("1 of the dashboards") })
    }

    // MARK: The server

    @Test func anOrganisationDeletedInMidExportIsNoted() async throws {
        let fixture = try await Fixture(.rich())
        let second = try #require(fixture.grafana.state.organizations.keys.max())
        let grafana = fixture.grafana
        fixture.grafana.server.fail { request in
            // At the request for its dashboards.
            if request.path == "/api/search", request.headers["x-grafana-org-id"] == "\(second)" {
                grafana.change { $0.organizations[second] = nil }
            }
            return nil
        }
        let capture = try await fixture.capture()
        #expect(
            capture.damage == []
                && capture.warnings == ["organisation 'Lab / Ops' (\(second)) was deleted during the export"])
        let documents = try Fixture.documents(capture)
        #expect(documents.keys.allSatisfy { !$0.hasPrefix("organizations/\(second)/") })
        #expect(documents["organizations/1/dashboards/home.json"] != nil)
        #expect(capture.withheld.allSatisfy { documents[$0.path] != nil })
    }

    @Test func aServerRestartedInMidExportIsSurvived() async throws {
        let fixture = try await Fixture(.rich())
        let whole = try Fixture.documents(try await fixture.capture())
        let other = try await Fixture(.rich())
        let server = other.grafana.server
        let isDown = Mutex(false)
        server.fail { request in
            guard request.path.hasSuffix("/dashboards/uid/disks") else { return nil }
            let isFirst = isDown.withLock { isDown in
                defer { isDown = true }
                return !isDown
            }
            if isFirst {
                Task {
                    await server.stop()
                    try await server.start()
                }
            }
            return nil
        }
        let capture = try await other.capture(other.source(attempts: 20))
        #expect(isDown.withLock { $0 } && capture.damage == [])
        #expect(try Fixture.documents(capture) == whole)
    }

    @Test func aServerThatStaysAwayFailsTheExport() async throws {
        let fixture = try await Fixture(.rich())
        let server = fixture.grafana.server
        server.fail { request in
            if request.path.hasSuffix("/dashboards/uid/disks") { Task { await server.stop() } }
            return nil
        }
        let error = await #expect(throws: ComponentError.self) {
            try await fixture.capture(fixture.source(attempts: 3))
        }
        #expect(error?.reason == .unreachable)
    }

    @Test func anExportThatHasFarLessThanTheServerCountsIsWarnedOf() async throws {
        let fixture = try await Fixture(.rich())
        fixture.grafana.server.fail { request in
            request.path == "/api/search" ? .json(200, []) : nil
        }
        let capture = try await fixture.capture()
        #expect(capture.warnings.contains { $0.hasPrefix("the server counts 7 dashboards, and this export has 0") })
    }
}
