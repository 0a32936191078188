import BackupRepository
import Documents
import Foundation
import Lab
import Testing

@testable import Grafana

/// Imports into a Grafana with other objects and with conflicts.
@Suite struct LivingGrafanaTests {
    private func pair(_ version: GrafanaVersion = .v11) async throws -> (tree: ExportedTree, target: ImportSite) {
        let state = ImportSite.rich(version: version)
        let tree = try await ImportSite(state).export()
        return (tree, try await ImportSite(state))
    }

    private static let main = "Main Org."

    @Test func `restore leaves unchanged objects untouched`() async throws {
        let (tree, target) = try await pair()
        let objects = try await target.import(tree)
        #expect(objects.outcomes.keys.allSatisfy { $0 == .same }, "\(objects.text)")
        #expect(target.writes == [])
    }

    @Test func `a folder known by its title alone keeps its place and description`() async throws {
        let (tree, target) = try await pair()
        target.change(Self.main) { organization in
            for index in organization.folders.indices where organization.folders[index].uid == "net" {
                organization.folders[index].parentUid = "ops"
                organization.folders[index].description = "Kept"
            }
        }
        try tree.write(
            "organizations/1/folders/net.json",
            ["uid": "net", "title": "Network of now", "unknown": ["description", "parentUid"]])
        #expect(try await target.import(tree).of("folder", "uid net)").first?.outcome == .update)
        let folder = try #require(target.organization(Self.main).folders.first { $0.uid == "net" })
        #expect(folder.title == "Network of now" && folder.parentUid == "ops" && folder.description == "Kept")
        #expect(try await target.import(tree).of("folder", "uid net)").first?.outcome == .same)
    }

    @Test func `restore reverts changed objects and keeps new ones`() async throws {
        let (tree, target) = try await pair()
        target.change(Self.main) { organization in
            organization.dashboards["disks"]?.text = Array(#"{"uid":"disks","title":"Broken","version":3,"id":1}"#.utf8)
            organization.dashboards["home"]?.folderUid = "ops"
            organization.dashboards["rYdddlPWk"]?.permissions = []
            organization.folders[1].parentUid = "net"
            organization.folders[0].title = "Renamed"
            organization.folders[0].permissions.append(.init(role: "Editor", 2))
            organization.dataSources[1].content["url"] = "http://elsewhere:3100"
            organization.muteTimings[0]["time_intervals"] = []
            organization.templates[0]["template"] = "x"
            organization.contactPoints.removeAll { $0["uid"]?.text == "cp-mail" }
            organization.intervals["ops/hosts / all"] = 10
            organization.playlists[0]["interval"] = "1h"
            organization.preferences = ["theme": "dark"]
            organization.libraryElements[1]["name"] = "Other"
            organization.annotations.removeLast(3)
            organization.teams[0].members = [:]
            organization.correlations[0]["description"] = "changed"
            // New, and without effect on the import.
            organization.dashboards["new"] = organization.dashboards["twin-a"]
            organization.dashboards["new"]?.uid = "new"
        }
        let preview = try await target.import(tree, dryRun: true)
        #expect(target.writes == [])
        let objects = try await target.import(tree)
        #expect(objects.outcomes[.conflict] == nil && objects.outcomes[.failed] == nil, "\(objects.text)")
        #expect(
            Set(preview.map { "\($0.kind) \($0.name) \($0.outcome)" })
                == Set(objects.map { "\($0.kind) \($0.name) \($0.outcome)" }))
        #expect(objects.outcomes[.update] == 14, "\(objects.filter { $0.outcome != .same }.text)")
        #expect(objects.outcomes[.create] == 4)  // a contact point and three annotations
        // For a list that is replaced completely, the report names the removed elements.
        #expect(
            preview.of("folder", "uid ops)").first?.detail?.contains("removes that of role Editor (Edit)") == true)
        let after = try target.organization(Self.main)
        #expect(after.dashboards["new"] != nil)
        #expect(after.dashboards["home"]?.folderUid == nil && after.dashboards["disks"]?.title == "Disks")
        let again = try await target.import(tree)
        #expect(again.outcomes.keys.allSatisfy { $0 == .same }, "\(again.filter { $0.outcome != .same }.text)")
        #expect(target.grafana.server.violations == [])
    }

    @Test func `a data source with a different type, uid or name in the target is a conflict`() async throws {
        let (tree, target) = try await pair()
        target.change(Self.main) { organization in
            organization.dataSources[0].content["type"] = "graphite"
            organization.dataSources[1].content["uid"] = "other"
            organization.dataSources[2].content["url"] = "http://changed"
        }
        for dryRun in [true, false] {
            let objects = try await target.import(tree, dryRun: dryRun).of("data source", "Main Org.")
            #expect(objects.map(\.outcome) == [.conflict, .conflict, .conflict], "\(objects.text)")
            let details = objects.compactMap(\.detail).joined(separator: "\n")
            #expect(
                details.contains("type 'graphite'") && details.contains("uid 'other'")
                    && details.contains("provisioning file"))
        }
        #expect(try target.organization(Self.main).dataSources[0].content["type"] == "graphite")
    }

    @Test func `a data source with another name is replaced only with --replace`() async throws {
        var (tree, target) = try await pair()
        target.change(Self.main) { $0.dataSources[1].content["name"] = "Tempo" }
        #expect(try await target.import(tree).of("data source", "loki-1").first?.outcome == .conflict)
        target.replaces = true
        #expect(try await target.import(tree).of("data source", "loki-1").first?.outcome == .update)
        #expect(try target.organization(Self.main).dataSources[1].content["name"] == "Loki")
    }

    @Test func `restore keeps routes and rules that exist only in the target`() async throws {
        var (tree, target) = try await pair()
        target.change(Self.main) { organization in
            var routes = organization.policies["routes"]?.array ?? []
            routes.append(["receiver": "Mail", "object_matchers": [["team", "=", "new"]]])
            organization.policies["routes"] = .array(routes)
            var rule = organization.rules[0]
            rule["uid"] = "own"
            rule["title"] = "Own"
            organization.rules.append(rule)
            organization.rules[1]["for"] = "1h"
        }
        let objects = try await target.import(tree)
        let policies = try #require(objects.of("notification policies", Self.main).first)
        #expect(policies.outcome == .conflict && policies.detail?.contains("{team=new} to 'Mail'") == true)
        let group = try #require(objects.of("alert rule group", "hosts / all").first)
        #expect(group.outcome == .update && group.detail?.contains("keeps the rules 'Own'") == true)
        #expect(try target.organization(Self.main).rules.contains { $0["uid"] == "own" })
        #expect(try target.organization(Self.main).rules.contains { $0["uid"] == "r2" && $0["for"] == "5m" })

        target.replaces = true
        let preview = try await target.import(tree, dryRun: true)
        #expect(
            preview.of("notification policies", Self.main).first?.detail?.contains("removes the routes {team=new}")
                == true)
        #expect(
            preview.of("alert rule group", "hosts / all").first?.detail?.contains("removes the rules 'Own'") == true)
        _ = try await target.import(tree)
        #expect(try !target.organization(Self.main).rules.contains { $0["uid"] == "own" })
        #expect(try target.organization(Self.main).policies["routes"]?.array?.count == 2)
    }

    @Test func `restore keeps the provenance of alerting objects`() async throws {
        let tree = try await ImportSite(ImportSite.rich()).export()
        let target = try await ImportSite(.empty(firstID: 700))
        _ = try await target.import(tree)
        let main = try target.organization(Self.main)
        func provenance(_ list: [JSONValue], _ key: String) -> [String: String] {
            Dictionary(list.map { ($0[key]?.text ?? "", $0["provenance"]?.text ?? "?") }) { $1 }
        }
        #expect(provenance(main.rules, "uid") == ["r1": "", "r2": "", "r3": "api"])
        #expect(
            provenance(main.contactPoints, "uid")["cp-mail"] == "api"
                && provenance(main.contactPoints, "uid")["cp-hook"] == "")
        #expect(
            provenance(main.muteTimings, "name") == ["Weekends": ""]
                && provenance(main.templates, "name") == ["ops.title": ""])
        #expect(main.policies["provenance"] == "")
    }

    @Test func `restore leaves objects provisioned by a file in the target untouched`() async throws {
        let (tree, target) = try await pair()
        target.change(Self.main) { organization in
            organization.muteTimings[0]["provenance"] = "file"
            organization.muteTimings[0]["time_intervals"] = []
            organization.templates[0]["provenance"] = "file"
            organization.dashboards["disks"]?.isProvisioned = true
            organization.dashboards["disks"]?.folderUid = nil
        }
        let objects = try await target.import(tree)
        #expect(
            objects.of("mute timing").map(\.outcome) == [.conflict] && objects.of("template").map(\.outcome) == [.same])
        let dashboard = try #require(objects.of("dashboard", "uid disks").first)
        #expect(dashboard.outcome == .conflict && dashboard.detail?.contains("provisioning file") == true)
    }

    @Test func `an existing title is a conflict where titles must be unique`() async throws {
        let (tree, target) = try await pair(.v10)
        target.change(Self.main) { organization in
            organization.folders[0].uid = "other-ops"
            organization.dashboards["double"] = organization.dashboards["home"]
            organization.dashboards["double"]?.uid = "double"
            organization.dashboards["home"] = nil
        }
        for dryRun in [true, false] {
            let objects = try await target.import(tree, dryRun: dryRun)
            #expect(objects.of("folder", "uid ops), organisation 'Main").first?.outcome == .conflict, "\(objects.text)")
            let dashboard = try #require(objects.of("dashboard", "uid home), organisation 'Main").first)
            #expect(dashboard.outcome == .conflict && dashboard.detail?.contains("'double'") == true)
        }
        #expect(try target.organization(Self.main).dashboards["double"] != nil)
    }

    @Test func `two folders with the same title are restored as two folders`() async throws {
        let tree = try await ImportSite(ImportSite.rich()).export()
        let target = try await ImportSite(.empty())
        let folders = try await target.import(tree).of("folder", "'Operations'")
        #expect(folders.map(\.outcome) == [.create, .create, .create], "\(folders.text)")
        #expect(
            Set(try target.organization(Self.main).folders.filter { $0.title == "Operations" }.map(\.uid)) == [
                "ops", "ops-twin",
            ])
    }

    @Test func `restore recreates a deleted organisation`() async throws {
        let (tree, target) = try await pair()
        target.grafana.change { state in state.organizations = state.organizations.filter { $0.key == 1 } }
        let objects = try await target.import(tree)
        #expect(objects.of("organization", "'Lab / Ops'").map(\.outcome) == [.create])
        #expect(objects.unwhole == "")
        let lab = try target.organization("Lab / Ops")
        #expect(lab.dashboards["home"]?.title == "Lab" && lab.members.count == 2 && lab.id != 1)
        #expect(lab.dataSources.first?.secrets == ["password": "lab-password"])
    }
}
