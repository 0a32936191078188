import BackupRepository
import Documents
import Foundation
import HTTP
import Lab
import Synchronization
import Testing

@testable import Grafana

/// Failures during an import and their consequences.
@Suite struct ImportFaultTests {
    private func exported() async throws -> ExportedTree { try await ImportSite(ImportSite.rich()).export() }
    private static let main = "Main Org."

    @Test func `too low a role is said, with the role that is needed`() async throws {
        let tree = try await exported()
        var target = try await ImportSite(.empty())
        target.token = GrafanaState.viewerToken
        let error = await #expect(throws: ComponentError.self) { _ = try await target.import(tree) }
        #expect(error?.hint?.contains("service account of role Admin") == true)
        #expect(target.writes == [])
        target.token = "glsa_unknown"
        let refusal = await #expect(throws: ComponentError.self) { _ = try await target.import(tree) }
        #expect(refusal?.detail.contains("401") == true && refusal?.hint?.contains("bearer token") == true)
    }

    @Test func `an Admin of one organisation brings that one back, and says what is missing`() async throws {
        let tree = try await exported()
        var target = try await ImportSite(.empty())
        target.token = GrafanaState.adminToken
        let objects = try await target.import(tree)
        let lab = try #require(objects.of("organization", "Lab").first)
        #expect(lab.outcome == .failed && lab.detail?.contains("server admin's user and password") == true)
        #expect(objects.of("user", "ann").first?.outcome == .failed)
        #expect(objects.of("dashboard", "Main Org.").allSatisfy { $0.outcome == .create })
        #expect(try target.organization(Self.main).dashboards.count == 6)
        #expect(target.grafana.server.violations == [])
    }

    @Test func `secrets that are not given are reported, and never written as they are shown`() async throws {
        let tree = try await exported()
        var target = try await ImportSite(.empty())
        target.secrets = ImportSecrets(
            [:], unavailable: ["contact-point/cp-slack/url": "environment variable 'SLACK' is not set"])
        let preview = try await target.import(tree, dryRun: true)
        let objects = try await target.import(tree)
        for objects in [preview, objects] {
            let source = try #require(objects.of("data source", "P1), organisation 'Main").first)
            #expect(source.outcome == .create)
            #expect(source.missingSecrets == ["data-source/P1/basicAuthPassword", "data-source/P1/httpHeaderValue1"])
            let slack = try #require(objects.of("contact point", "cp-slack").first)
            #expect(slack.outcome == .failed && slack.missingSecrets == ["contact-point/cp-slack/url"])
            #expect(slack.detail?.contains("'SLACK' is not set") == true)
            #expect(
                objects.of("contact point", "cp-hook").first?.missingSecrets == [
                    "contact-point/cp-hook/http_config.oauth2.client_secret", "contact-point/cp-hook/password",
                ])
            let policies = try #require(objects.of("notification policies", Self.main).first)
            #expect(policies.outcome == .failed && policies.detail?.contains("'Operators'") == true)
            let ann = try #require(objects.of("user", "'ann'").first)
            #expect(ann.missingSecrets.isEmpty && ann.detail?.contains("random password") == true)
            #expect(objects.of("service account", "backup").first?.detail == "tokens must be issued again: nightly")
        }
        let state = String(describing: target.grafana.state)
        #expect(!state.contains("[REDACTED]"))

        // Once they are given, the others are imported.
        target.secrets = ImportSecrets(ImportSite.secrets)
        let second = try await target.import(tree)
        #expect(second.unwhole == "")
        let main = try target.organization(Self.main)
        #expect(main.dataSources.first { $0.uid == "P1" }?.secrets.count == 2)
        #expect(main.policies["routes"]?.array?.count == 2)
    }

    /// In a drill: objects that refer to contact points must be restored, and no contact point may notify a receiver.
    @Test func `with a placeholder all comes back, and what lacks its secret is named`() async throws {
        let tree = try await exported()
        var target = try await ImportSite(.empty())
        target.secrets = ImportSecrets(placeholder: ImportSecrets.nowhere)
        let objects = try await target.import(tree)
        let slack = try #require(objects.of("contact point", "cp-slack").first)
        #expect(slack.outcome == .create && slack.missingSecrets == ["contact-point/cp-slack/url"])
        #expect(slack.detail?.contains("notifies no one") == true)
        #expect(objects.of("notification policies", Self.main).first?.outcome == .update)
        #expect(objects.allSatisfy { $0.outcome != .failed })
        let main = try target.organization(Self.main)
        #expect(String(describing: main).contains("https://withheld.invalid/"))
        #expect(main.policies["routes"]?.array?.count == 2)
        // A repeated step finds the object that it created.
        #expect(try await target.import(tree).of("contact point", "cp-slack").first?.outcome == .same)
    }

    /// After a total loss, with only an encrypted store.
    @Test(arguments: [GrafanaVersion.v10, .v11, .v12, .v13])
    func `contact points and policies come back with the secrets of the backup`(version: GrafanaVersion) async throws {
        let tree = try await ImportSite(ImportSite.rich(version: version)).export(contactPoints: .taken)
        var target = try await ImportSite(.empty(version: version))
        target.secrets = ImportSecrets()
        let objects = try await target.import(tree)
        #expect(objects.of("contact point").allSatisfy { $0.isWhole }, "\(objects.of("contact point").text)")
        #expect(objects.of("notification policies", Self.main).first?.outcome == .update)
        let points = try target.organization(Self.main).contactPoints
        #expect(points.first { $0["uid"] == "cp-slack" }?["settings"]?["url"] == "https://hooks.example.org/secret")
        let hook = try #require(points.first { $0["uid"] == "cp-hook" }?["settings"])
        #expect(hook["password"] == "hook-password")
        #expect(hook["http_config"]?["oauth2"]?["client_secret"] == "oauth-secret")
        // The secrets of data sources are not backed up.
        #expect(objects.of("data source", "P1").contains { !$0.missingSecrets.isEmpty })
        let again = try await target.import(tree)
        #expect(again.of("contact point").allSatisfy { $0.outcome == .same })
        #expect(target.grafana.server.violations == [])
    }

    @Test func `the secrets of the configuration count more than those of the backup`() async throws {
        let tree = try await ImportSite(ImportSite.rich()).export(contactPoints: .taken)
        var target = try await ImportSite(.empty())
        target.secrets = ImportSecrets(["contact-point/cp-slack/url": "https://hooks.example.org/new"])
        _ = try await target.import(tree)
        let points = try target.organization(Self.main).contactPoints
        #expect(points.first { $0["uid"] == "cp-slack" }?["settings"]?["url"] == "https://hooks.example.org/new")
        #expect(points.first { $0["uid"] == "cp-hook" }?["settings"]?["password"] == "hook-password")
    }

    /// In a drill: the secrets are in the set, and the drill's Grafana must not have them.
    @Test func `with a placeholder the secrets of the backup are not used`() async throws {
        let tree = try await ImportSite(ImportSite.rich()).export(contactPoints: .taken)
        var target = try await ImportSite(.empty())
        target.secrets = ImportSecrets(placeholder: ImportSecrets.nowhere)
        let objects = try await target.import(tree)
        #expect(objects.of("contact point", "cp-slack").first?.missingSecrets == ["contact-point/cp-slack/url"])
        let state = String(describing: target.grafana.state)
        for secret in ["hooks.example.org", "hook-password", "oauth-secret"] { #expect(!state.contains(secret)) }
        #expect(state.contains(ImportSecrets.nowhere))
    }

    /// A newer secret in the target stays; one that cannot be read there is replaced by the backup's.
    @Test(arguments: [(false, "newer"), (true, "hook-password")])
    func `an update keeps the secret of the target where it can be read`(
        hidesSecrets: Bool, password: String
    ) async throws {
        let tree = try await ImportSite(ImportSite.rich()).export(contactPoints: .taken)
        var target = try await ImportSite(ImportSite.rich())
        target.secrets = ImportSecrets()
        target.grafana.change { $0.hidesSecrets = hidesSecrets }
        target.change(Self.main) { organization in
            for index in organization.contactPoints.indices where organization.contactPoints[index]["uid"] == "cp-hook"
            {
                organization.contactPoints[index]["settings"]?["username"] = "other"
                organization.contactPoints[index]["settings"]?["password"] = "newer"
            }
        }
        let objects = try await target.import(tree)
        #expect(objects.of("contact point", "cp-hook").first?.outcome == .update, "\(objects.of("contact point").text)")
        let hook = try #require(try target.organization(Self.main).contactPoints.first { $0["uid"] == "cp-hook" })
        #expect(hook["settings"]?["username"] == "dr" && hook["settings"]?["password"]?.text == password)
    }

    /// Every number in an answer of the server is replaced: the program must not trap.
    @Test func `numbers of the server that cannot be cost at most the import`() async throws {
        let tree = try await exported()
        var target = try await ImportSite(ImportSite.rich())
        target.retries = RetryPolicy(attempts: 1)
        for number in StandInAnswer.oddNumbers {
            target.grafana.server.alter { request, answer in
                request.path.hasSuffix("/orgs") ? answer : answer.withNumbers(number)
            }
            do {
                _ = try await target.import(tree, dryRun: true)
            } catch { #expect(error is ComponentError, "\(number): \(error)") }
        }
    }

    @Test func `damaged secrets of a backup cost the others nothing`() async throws {
        let tree = try await ImportSite(ImportSite.rich()).export(contactPoints: .taken)
        try Data("{".utf8).write(to: URL(filePath: "\(tree.root)/secrets/contact-points.json"))
        var target = try await ImportSite(.empty())
        target.secrets = ImportSecrets()
        let objects = try await target.import(tree)
        #expect(objects.of("secrets").first?.outcome == .failed)
        #expect(objects.of("contact point", "cp-slack").first?.outcome == .failed)
        #expect(objects.of("dashboard", Self.main).allSatisfy { $0.outcome == .create })
    }

    @Test func `a contact point keeps the secret that the target has`() async throws {
        let tree = try await exported()
        var target = try await ImportSite(ImportSite.rich())
        target.secrets = ImportSecrets()
        target.change(Self.main) { organization in
            for index in organization.contactPoints.indices where organization.contactPoints[index]["uid"] == "cp-slack"
            {
                organization.contactPoints[index]["settings"]?["recipient"] = "#elsewhere"
                organization.contactPoints[index]["settings"]?["url"] = "https://hooks.example.org/newer"
            }
        }
        let objects = try await target.import(tree)
        #expect(
            objects.of("contact point", "cp-slack").first?.outcome == .update, "\(objects.of("contact point").text)")
        let slack = try #require(try target.organization(Self.main).contactPoints.first { $0["uid"] == "cp-slack" })
        #expect(slack["settings"]?["url"] == "https://hooks.example.org/newer")
        #expect(slack["settings"]?["recipient"] == "#ops")
        #expect(target.grafana.server.violations == [])
    }

    @Test func `one dashboard that the server refuses costs the others nothing`() async throws {
        let tree = try await exported()
        let target = try await ImportSite(.empty())
        target.grafana.server.fail { request in
            request.path == "/api/dashboards/db" && request.json?["dashboard"]?["uid"] == "disks"
                ? .json(422, ["message": "panel 3 is not what it should be"]) : nil
        }
        let objects = try await target.import(tree)
        let disks = try #require(objects.of("dashboard", "uid disks").first)
        #expect(disks.outcome == .failed && disks.detail?.contains("panel 3 is not") == true)
        #expect(objects.filter { !$0.isWhole }.count == 1, "\(objects.filter { !$0.isWhole }.text)")
    }

    @Test func `documents that do not parse cost only themselves`() async throws {
        let tree = try await exported()
        try Data("{\"dashboard\": {".utf8).write(
            to: URL(filePath: "\(tree.root)/organizations/1/dashboards/disks.json"))
        try tree.write("organizations/1/folders/net.json", "no object")
        let target = try await ImportSite(.empty())
        let objects = try await target.import(tree)
        let disks = try #require(objects.of("dashboard", "disks").first)
        #expect(disks.outcome == .failed && disks.detail?.contains("damaged: not valid JSON") == true)
        #expect(objects.of("folder", "net.json").first?.outcome == .failed)
        // Objects of the folder have no parent.
        #expect(objects.of("dashboard", "linux-net").first?.outcome == .failed)
        #expect(objects.of("dashboard", "uid home), organisation 'Main").first?.outcome == .create)
    }

    @Test func `a server that is restarted in between is waited for`() async throws {
        let tree = try await exported()
        let target = try await ImportSite(.empty())
        let (signal, continuation) = AsyncStream.makeStream(of: Void.self)
        let isDown = Mutex(false)
        target.grafana.server.fail { request in
            guard request.path == "/api/dashboards/db" else { return nil }
            isDown.withLock { isDown in
                if !isDown { continuation.yield() }
                isDown = true
            }
            return nil
        }
        let server = target.grafana.server
        async let restart: Void = {
            for await _ in signal { break }
            await server.stop()
            try await server.start()
        }()
        let objects = try await target.import(tree)
        try await restart
        #expect(objects.unwhole == "")
        #expect(try target.organization(Self.main).dashboards.count == 6)
        let again = try await target.import(tree)
        #expect(Set(again.outcomes.keys).subtracting([.same, .skipped]).isEmpty, "\(again.text)")
    }

    @Test func `a server that stays away ends the import`() async throws {
        let tree = try await exported()
        var target = try await ImportSite(.empty())
        target.retries = .init(attempts: 2, base: .milliseconds(1), cap: .milliseconds(1))
        target.grafana.server.fail {
            $0.path.contains("/folders") || $0.path == "/api/health" ? .text(503, "gone") : nil
        }
        let error = await #expect(throws: ComponentError.self) { _ = try await target.import(tree) }
        #expect(error?.reason == .unreachable)
    }

    /// A request succeeds and its answer is lost: the import detects it, and creates no duplicate.
    @Test(arguments: [
        ["/api/orgs", "/api/teams", "/api/folders", "/api/library-elements", "/api/annotations"],
        [
            "/api/admin/users", "/api/serviceaccounts", "/api/datasources", "/api/dashboards/db",
            "/api/v1/provisioning/mute-timings", "/api/v1/provisioning/contact-points", "/api/playlists",
            "/api/v1/provisioning/policies",
        ],
    ])
    func `an answer that is lost is no reason to do a thing twice`(paths: [String]) async throws {
        let tree = try await exported()
        let target = try await ImportSite(.empty())
        let lost = Mutex([String: Int]())
        target.grafana.server.lose { request in
            guard request.method != "GET", paths.contains(request.path) else { return false }
            return lost.withLock { $0[request.path, default: 0].take(upTo: 2) }
        }
        let objects = try await target.import(tree)
        #expect(lost.withLock { $0.count } == paths.count)
        #expect(objects.unwhole == "")
        let again = try await target.import(tree)
        #expect(
            Set(again.outcomes.keys).subtracting([.same, .skipped]).isEmpty,
            "\(again.filter { $0.outcome != .same }.text)")
        #expect(try target.organization(Self.main).annotations.count == 6)
        #expect(try target.organization(Self.main).playlists.count == 1)
    }

    @Test(arguments: [429, 500, 502, 503])
    func `a server that is busy is asked again`(status: Int) async throws {
        let tree = try await exported()
        let target = try await ImportSite(.empty())
        let count = Mutex(0)
        target.grafana.server.fail { request in
            guard request.path != "/api/health" else { return nil }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number % 7 == 0 ? .json(status, ["message": "database is locked"]) : nil
        }
        let objects = try await target.import(tree)
        #expect(objects.unwhole == "")
    }
}

extension Int {
    /// Counts, and returns true while the limit is not exceeded.
    fileprivate mutating func take(upTo limit: Int) -> Bool {
        self += 1
        return self <= limit
    }
}
