import BackupRepository
import Documents
import Foundation
import Grafana
import HTTP
import Lab
import Synchronization
import Testing

@Suite struct GrafanaSourceTests {
    @Test(arguments: GrafanaVersion.allCases)
    func everyKindOfObjectIsExported(_ version: GrafanaVersion) async throws {
        let fixture = try await Fixture(.rich(version: version))
        let capture = try await fixture.capture()
        #expect(fixture.grafana.server.violations == [])
        #expect(capture.damage == [] && capture.warnings == [] && capture.isFrozen)
        let documents = try Fixture.documents(capture)
        #expect(documents["grafana.json"]?["version"]?.text == version.text)
        let kinds = Set(documents.keys.filter { $0.hasPrefix("organizations/1/") }.map { $0.split(separator: "/")[2] })
        #expect(
            kinds.sorted() == [
                "alert-rules", "annotations", "contact-points", "correlations", "dashboards", "data-sources", "folders",
                "library-elements", "members", "mute-timings", "notification-policies.json", "organization.json",
                "playlists", "preferences.json", "service-accounts", "teams", "templates",
            ])
        let state = fixture.grafana.state
        let main = try #require(state.organizations[1])
        func count(_ folder: String) -> Int { documents.keys.count { $0.hasPrefix("organizations/1/\(folder)/") } }
        #expect(count("dashboards") == main.dashboards.count && count("folders") == main.folders.count)
        #expect(count("annotations") == main.annotations.count && count("members") == main.members.count)
        #expect(count("contact-points") == main.contactPoints.count && count("teams") == 2)
        #expect(documents.keys.count { $0.hasPrefix("users/") } == state.users.count)
        #expect(capture.facts["organizations"] == "2" && capture.facts["version"] == version.text)
    }

    @Test func documentsHoldWhatTheLayoutSays() async throws {
        let fixture = try await Fixture(.rich(version: .v13))
        let documents = try Fixture.documents(try await fixture.capture())
        func one(_ path: String) throws -> JSONValue { try #require(documents["organizations/1/\(path)"], "\(path)") }
        let nodes = try one("dashboards/rYdddlPWk.json")
        #expect(
            nodes["folderUid"] == "ops" && nodes["dashboard"]?["id"] == nil && nodes["dashboard"]?["version"] == nil)
        // Numbers are written as they were read.
        #expect(nodes["dashboard"]?["weekStart"] == .number("1e21"))
        #expect(nodes["dashboard"]?["iteration"] == .number("9007199254740993"))
        #expect(
            nodes["permissions"] == [
                ["permission": 1, "role": "Viewer"], ["permission": 2, "team": "Operators / on call"],
            ])
        #expect(
            try one("dashboards/home.json")["publicDashboard"]?["accessToken"] == "0f1e2d3c4b5a69788796a5b4c3d2e1f0")
        #expect(try one("dashboards/home.json")["folderUid"] == nil)
        let dynamic = try one("dashboards/dynamic.json")
        #expect(dynamic["dashboard"]?["apiVersion"] == "dashboard.grafana.app/v2beta1" && dynamic["folderUid"] == "ops")
        #expect(dynamic["dashboard"]?["metadata"] == ["name": "dynamic"])
        #expect(try one("folders/ops-linux-disks.json")["parentUid"] == "ops-linux")
        #expect(try one("folders/ops.json")["description"] == "Everything that runs")
        // Grafana derives inherited permissions.
        #expect(try one("folders/ops-linux.json")["permissions"] == [])
        // Two of one title are two documents.
        #expect(try one("folders/ops.json")["title"] == one("folders/ops-twin.json")["title"])
        let group = try one("alert-rules/ops/hosts%20%2F%20all.json")
        #expect(group["interval"] == 60 && group["rules"]?.array?.count == 2)
        #expect(try one("teams/Operators%20%2F%20on%20call.json")["members"]?.array?.count == 2)
        #expect(try one("preferences.json")["homeDashboardUID"] == "home")
        let annotations = documents.filter { $0.key.contains("/annotations/2026-09-21/") }
        #expect(!annotations.isEmpty && annotations.values.allSatisfy { $0["dashboardUID"] != nil })
        let second = try #require(documents.keys.first { $0.hasSuffix("organization.json") && !$0.contains("/1/") })
        #expect(documents[second]?["name"] == "Lab / Ops" && documents[second]?["address"]?["city"] == "Bern")
    }

    @Test func thatThereIsNoneIsWrittenDown() async throws {
        let capture = try await Fixture(.empty()).capture()
        #expect(capture.facts["dashboards"] == "0" && capture.facts["data sources"] == "0")
    }

    @Test func whatGrafanaNeverShowsIsListedAndNowhereStored() async throws {
        let fixture = try await Fixture(.rich())
        let capture = try await fixture.capture()
        let secrets = capture.withheld.flatMap(\.secrets)
        #expect(
            Set(secrets) == [
                "data-source/P1/basicAuthPassword", "data-source/P1/httpHeaderValue1", "data-source/P1/password",
                "contact-point/cp-slack/url", "contact-point/cp-hook/password",
                "contact-point/cp-hook/http_config.oauth2.client_secret", "user/admin/password", "user/ann/password",
                "user/bob@example.org/password",
            ])
        #expect(capture.withheld.contains { $0.object.contains("tokens of service account 'backup'") })
        let documents = try Fixture.documents(capture)
        #expect(capture.withheld.allSatisfy { documents[$0.path] != nil })
        let text = documents.values.map { String(decoding: $0.compact, as: UTF8.self) }.joined()
        for secret in ["p1-password", "p1-header", "hook-password", "oauth-secret", "lab-password", "ann-secret"] {
            #expect(!text.contains(secret))
        }
    }

    @Test func anUnchangedGrafanaGivesUnchangedDocuments() async throws {
        let fixture = try await Fixture(.rich())
        let first = try Fixture.documents(try await fixture.capture())
        // Grafana's own counters are not a change.
        fixture.grafana.change { state in
            for index in state.organizations[1]?.folders.indices ?? 0..<0 {
                state.organizations[1]?.folders[index].version += 1
            }
        }
        #expect(try Fixture.documents(try await fixture.capture()) == first)
        fixture.grafana.change { $0.organizations[1]?.dashboards["home"] = nil }
        let third = try Fixture.documents(try await fixture.capture())
        #expect(Set(first.keys).subtracting(third.keys) == ["organizations/1/dashboards/home.json"])
    }

    /// Pages that the server makes shorter than requested.
    @Test func noPagingLimitLosesAnything() async throws {
        var state = GrafanaState.empty()
        state.longestPage = 100
        var main = try #require(state.organizations[1])
        for number in 0..<230 {
            main.folders.append(.init(id: state.nextID(), uid: "f\(number)", title: "F"))
            state.add("d\(number)", "D", in: "f\(number)", content: ["title": "D"], to: &main)
            main.libraryElements.append(
                ["uid": .string("l\(number)"), "name": .string("L\(number)"), "kind": 1, "version": 1, "model": [:]])
            let user = state.add(login: "u\(number)", name: "U", password: "pass")
            main.members[user] = "Viewer"
            state.organizations[1000 + number] = .init(id: 1000 + number, name: "O\(number)")
        }
        state.organizations[1] = main
        let fixture = try await Fixture(state)
        let capture = try await fixture.capture()
        for kind in ["folders", "dashboards", "library elements"] { #expect(capture.facts[kind] == "230", "\(kind)") }
        #expect(capture.facts["users"] == "231")
        // The admin is a member of the first organisation only.
        #expect(capture.damage.count == 230 && fixture.grafana.server.violations == [])
    }
}
