import BackupRepository
import Documents
import Foundation
import Lab
import Testing

@testable import Grafana

/// From one Grafana into an empty one, and again.
@Suite struct RoundTripTests {
    /// Removes members that Grafana assigns again or never returns: the only differences between an export and that of
    /// its import.
    private static func withoutWhatCannotComeBack(_ documents: [String: JSONValue]) -> [String: JSONValue] {
        var result: [String: JSONValue] = [:]
        for (path, value) in documents {
            let kind = path.split(separator: ": ", maxSplits: 1).last?.split(separator: "/").first ?? ""
            switch kind {
            case "organization.json": result[path] = value.removing(["id"])
            case "teams": result[path] = value.removing(["id", "uid"])
            case "service-accounts": result[path] = value.removing(["tokens", "login"])
            case "data-sources": result[path] = value.removing(["readOnly"])  // of provisioned ones
            case "annotations":
                result["\(path.prefix { $0 != "/" }) \(value["text"]?.text ?? "")"] =
                    value.removing(["id", "login"])
            case "playlists":
                result["\(path.prefix { $0 != "/" }) \(value["name"]?.text ?? "")"] =
                    value.removing(["uid"])
            case "members" where value["login"]?.text == "eve", "users" where value["login"]?.text == "eve": break
            case "grafana.json": break
            default: result[path] = value
            }
        }
        return result
    }

    @Test(arguments: GrafanaVersion.allCases)
    func `what was exported comes back into an empty Grafana`(version: GrafanaVersion) async throws {
        let old = try await ImportSite(
            version == .v11 ? .rich() : ImportSite.rich(version: version))
        let tree = try await old.export()
        let new = try await ImportSite(.empty(version: version, firstID: 5000))
        let preview = try await new.import(tree, dryRun: true)
        #expect(new.writes == [])
        let first = try await new.import(tree)
        #expect(first.allSatisfy { [.create, .update, .same, .skipped].contains($0.outcome) }, "\(first.text)")
        #expect(first.unwhole == "")
        // The dry run predicted each outcome, except for objects that Grafana creates in a new organisation or for a
        // new user.
        func told(_ objects: [ImportedObject]) -> Set<String> {
            Set(
                objects.filter { !["member", "notification policies"].contains($0.kind) }
                    .filter { !$0.name.contains("grafana-default-email") }
                    .map { "\($0.kind) \($0.name) \($0.outcome)" })
        }
        #expect(told(preview) == told(first), "\(told(preview).symmetricDifference(told(first)))")

        let before = Self.withoutWhatCannotComeBack(try tree.documents())
        let after = Self.withoutWhatCannotComeBack(try await new.export().documents())
        #expect(Set(before.keys) == Set(after.keys), "\(Set(before.keys).symmetricDifference(after.keys))")
        for (path, document) in before where after[path] != document {
            Issue.record(
                "\(path):\n\(String(decoding: document.document, as: UTF8.self))\n\(String(decoding: after[path]?.document ?? [], as: UTF8.self))"
            )
        }
        // Secrets came from where secrets are kept.
        let main = try new.organization("Main Org.")
        #expect(main.dataSources.first { $0.uid == "P1" }?.secrets["basicAuthPassword"] == "p1-password")
        let hook = main.contactPoints.first { $0["uid"]?.text == "cp-hook" }
        #expect(hook?["settings"]?["password"] == "hook-password")
        #expect(hook?["settings"]?["http_config"]?["oauth2"]?["client_secret"] == "oauth-secret")
        #expect(new.grafana.state.user("ann")?.password == "ann-secret")
        #expect(new.grafana.state.user("bob@example.org")?.password.count == 32)

        // A second run writes nothing.
        let writes = new.grafana.server.requests.filter { !$0.key.hasPrefix("GET ") }
        let second = try await new.import(tree)
        #expect(Set(second.outcomes.keys).subtracting([.same, .skipped]).isEmpty, "\(second.text)")
        #expect(new.grafana.server.requests.filter { !$0.key.hasPrefix("GET ") } == writes)
        #expect(old.grafana.server.violations == [] && new.grafana.server.violations == [])
    }
}
