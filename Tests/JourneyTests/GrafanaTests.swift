import Documents
import Foundation
import Lab
import Testing

/// The built program against the stand-in for Grafana.
@Suite struct GrafanaTests {
    private struct Set: Decodable {
        struct Component: Decodable {
            struct Added: Decodable { var files: Int }
            var files: Int
            var damaged: Int
            var added: Added
        }
        var status: String
        var components: [String: Component]
        var reasons: [String]
    }

    private func started(
        _ state: GrafanaState = .rich(), password: String = GrafanaState.adminPassword, extra: String = ""
    ) async throws -> (Journey, GrafanaStandIn) {
        let grafana = try await GrafanaStandIn(state)
        let folder = try TemporaryFolder("grafana-journey")
        let secret = folder.url.appending(path: "password")
        try Data(password.utf8).write(to: secret)
        // What the seed's annotations are of lies at a fixed time.
        let journey = try await Journey(
            components: "grafana: {url: '\(grafana.url)', username: admin, password: {file: \(secret.path)}, "
                + "annotations: 50y}", extra: extra)
        journey.keep(folder)
        return (journey, grafana)
    }

    @Test func `a second backup of the same adds nothing`() async throws {
        let (journey, grafana) = try await started()
        #expect(try await journey.expect(0, "doctor").output.contains("2 organisations"))
        let first = try await journey.json(Set.self, "backup")
        let files = try #require(first.components["grafana"]).files
        #expect(first.status == "complete" && first.reasons == [] && files > 250)
        let second = try await journey.json(Set.self, "backup")
        #expect(second.components["grafana"]?.files == files && second.components["grafana"]?.added.files == 0)
        grafana.change { state in
            state.organizations[1]?.preferences["theme"] = "dark"
        }
        let third = try await journey.json(Set.self, "backup")
        #expect(third.components["grafana"]?.added.files == 1)
        let listing = try await journey.expect(0, "show", "--files").output
        for path in ["dashboards/rYdddlPWk.json", "folders/ops-twin.json", "notification-policies.json"] {
            #expect(listing.contains("grafana/organizations/1/\(path)"))
        }
        try await journey.expect(0, "verify", "--read-data")
        #expect(grafana.server.violations == [])
    }

    @Test func `a dashboard that does not parse makes the set partial each time`() async throws {
        var state = GrafanaState.rich()
        state.organizations[1]?.dashboards["home"]?.text = Array("{".utf8)
        // The requests that are counted are the backup's own, not those that record what the server answers.
        let (journey, grafana) = try await started(state, extra: "checks: {record: false}")
        for _ in 0..<2 {
            let run = try await journey.expect(3, "backup")
            #expect(run.errors.contains("damaged") || run.errors.contains("home.json"))
        }
        let listing = try await journey.expect(0, "show", "--files").output
        #expect(!listing.contains("1/dashboards/home.json") && listing.contains("1/dashboards/disks.json"))
        #expect(grafana.server.requests["GET /api/dashboards/uid/disks"] == 2)
    }

    @Test func `wrong and weak credentials are explained`() async throws {
        let (journey, grafana) = try await started(password: "wrong")
        let run = try await journey.expect(1, "backup")
        #expect(run.errors.contains("check username and password") && !run.errors.contains("wrong"))
        let folder = try TemporaryFolder("grafana-token")
        let token = folder.url.appending(path: "token")
        try Data(GrafanaState.viewerToken.utf8).write(to: token)
        let weak = try await Journey(
            components: "grafana: {url: '\(grafana.url)', bearer_token: {file: \(token.path)}}")
        #expect(try await weak.expect(1, "backup").errors.contains("role Admin"))
        #expect(try await weak.expect(1, "doctor").output.contains("role Admin"))
    }
}
