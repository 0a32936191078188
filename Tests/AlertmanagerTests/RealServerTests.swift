import BackupRepository
import Documents
import Foundation
import Lab
import Logging
import Platform
import Testing

@testable import Alertmanager

/// Export and import over the API of a real Alertmanager.
@Suite(.enabled(if: AlertmanagerSite.isInstalled)) struct RealServerTests {
    private static let down = Matcher("alertname", "Down")
    private static let configuration = """
        global: {smtp_auth_password: topsecret}
        route: {receiver: hook}
        receivers:
        - name: hook
          webhook_configs:
          - url: http://127.0.0.1:1/x
            http_config: {basic_auth: {username: u, password: hidden}}
        """

    /// One active, one pending, one that was ended, and one with all forms of matchers.
    private func filled() async throws -> AlertmanagerSite {
        let site = try await AlertmanagerSite(configuration: Self.configuration)
        try site.silence([Self.down], "power \u{1F50C} \"off\"\nsecond line")
        try site.silence([Self.down, Matcher("job", "node.*", isRegex: true)], from: 30, to: 90, by: "bob")
        try site.api.expire(try site.silence([Matcher("job", "gone")]))
        try site.silence([
            Matcher("a", "1"), Matcher("b", "2", isEqual: false), Matcher("c", "3|4", isRegex: true),
            Matcher("d", "5.*", isRegex: true, isEqual: false),
        ])
        return site
    }

    @Test func `an export has every silence and the configuration without its secrets`() async throws {
        let site = try await filled()
        let tree = try await site.export()
        let files = try tree.files()
        #expect(files.keys.filter { $0.hasPrefix("silences/") }.count == 4)
        let text = try tree.text("alertmanager.yml")
        #expect(RunningConfiguration(text).isWhole && !text.contains("topsecret") && !text.contains("hidden"))
        #expect(
            tree.capture.withheld.map(\.object) == [
                "global.smtp_auth_password of the configuration",
                "receivers[hook].webhook_configs[0].http_config.basic_auth.password of the configuration",
            ])
        let facts = tree.capture.facts
        #expect(facts["active silences"] == "2" && facts["pending silences"] == "1")
        #expect(facts["expired silences"] == "1" && facts["cluster"] == "disabled")
        #expect(facts["version"]?.first?.isNumber == true)
        #expect(tree.capture.damage == [] && tree.capture.watermark == nil)
        let restorer = AlertmanagerRestorer(pool: AlertmanagerSite.pool)
        #expect(try await restorer.examine(restored: tree.root) == [])
    }

    @Test func `a second export of an unchanged server touches no file`() async throws {
        let site = try await filled()
        let first = try await site.export()
        let before = try first.files()
        #expect(try await site.export(first.folder).files() == before)
        let id = try site.silence([Matcher("job", "new")])
        let after = try await site.export(first.folder).files()
        #expect(after.keys.filter { before[$0] == nil } == ["silences/\(id).json"])
        #expect(before.allSatisfy { after[$0.key] == $0.value })
    }

    @Test func `an empty server gets the silences that have not ended, and each new id is reported`() async throws {
        let (site, target) = (try await filled(), try await AlertmanagerSite())
        let tree = try await site.export()
        let preview = try await target.import(tree, dryRun: true)
        #expect(try target.silences == [])
        let objects = try await target.import(tree)
        #expect(preview.map(\.outcome) == objects.map(\.outcome) && preview.map(\.name) == objects.map(\.name))
        #expect(objects.count(.create) == 3 && objects.count(.skipped) == 1)
        #expect(try target.live.seen == site.live.seen)
        for silence in try site.live {
            let object = try #require(objects.silences.first { $0.name.contains("(id \(silence.id))") })
            let copy = try #require(try target.live.first { $0.matchers == silence.matchers })
            #expect(object.detail == "its new id is \(copy.id)" && copy.id != silence.id)
        }
        let skipped = try #require(objects.silences.first { $0.outcome == .skipped })
        #expect(skipped.detail?.contains("it ended at") == true && skipped.isWhole)
        let configuration = try #require(objects.configuration)
        #expect(configuration.outcome == .skipped && configuration.detail?.contains("receivers, route") == true)
    }

    @Test func `a second import changes nothing`() async throws {
        let (site, target) = (try await filled(), try await AlertmanagerSite())
        let tree = try await site.export()
        _ = try await target.import(tree)
        let before = try target.silences
        let objects = try await target.import(tree, replaces: true)
        #expect(objects.count(.same) == 3 && objects.count(.skipped) == 1)
        #expect(objects.silences.filter { $0.outcome == .same }.allSatisfy { $0.detail?.contains("its id is") == true })
        #expect(try target.silences == before)
    }

    @Test func `the server of the backup itself needs nothing`() async throws {
        let site = try await filled()
        let before = try site.silences
        let objects = try await site.import(try await site.export())
        #expect(objects.count(.same) == 3 && objects.count(.skipped) == 1)
        #expect(objects.configuration?.outcome == .same)
        #expect(try site.silences == before)
    }

    @Test func `silences changed or ended since the backup are left alone, unless asked`() async throws {
        let site = try await AlertmanagerSite()
        let (longer, ended) = (try site.silence([Self.down]), try site.silence([Matcher("job", "x")]))
        let tree = try await site.export()
        let start = try site.silences.first { $0.id == longer }?.document["startsAt"]?.text
        let id = try site.silence([Self.down], to: 120, id: longer, startsAt: start)
        #expect(id == longer)
        try site.api.expire(ended)
        let before = try site.silences
        let objects = try await site.import(tree)
        #expect(objects.count(.conflict) == 2)
        #expect(objects.silences.allSatisfy { !$0.isWhole && $0.detail?.contains("--replace") == true })
        #expect(try site.silences == before)

        let replaced = try await site.import(tree, replaces: true)
        #expect(replaced.count(.update) == 1 && replaced.count(.create) == 1)
        #expect(try site.live.count == 2)
        #expect(try await site.import(tree).count(.same) == 2)
    }

    @Test(.timeLimit(.minutes(10))) func `a thousand silences are restored`() async throws {
        let (site, target) = (try await AlertmanagerSite(), try await AlertmanagerSite())
        for number in 0..<1_000 { try site.silence([Matcher("instance", "host-\(number)")], to: 60 + number) }
        let tree = try await site.export()
        #expect(tree.capture.facts["active silences"] == "1000")
        #expect(try await target.import(tree).count(.create) == 1_000)
        #expect(try target.live.seen == site.live.seen)
        #expect(try await target.import(tree).count(.same) == 1_000)
        #expect(try target.silences.count == 1_000)
    }

    @Test func `each backup rewrites the one canary silence, and a restore gives the canary of its set`() async throws {
        let (site, target) = (try await AlertmanagerSite(), try await AlertmanagerSite())
        let canary = site.canary("alerts")
        _ = try canary.write("dr-1")
        let id = try #require(try site.silences.first).id
        #expect(try site.silences.first.map { $0.startsAt <= AlertmanagerSite.now() } == true)
        let tree = try await site.export()
        _ = try canary.write("dr-2")
        #expect(try site.silences.map(\.id) == [id])
        #expect(try canary.values(around: 0) == ["dr-2"])

        #expect(try target.canary("alerts").values(around: 0) == [])
        _ = try await target.import(tree)
        #expect(try target.canary("alerts").values(around: 0) == ["dr-1"])
        #expect(try target.canary("others").values(around: 0) == [])
        // For a restore into the same server, the set's canary counts.
        #expect(try await site.import(tree).count(.update) == 1)
        #expect(try canary.values(around: 0) == ["dr-1"])
        #expect(try await site.import(tree).count(.same) == 1)
    }

    @Test func `damaged documents fail alone`() async throws {
        let (site, target) = (try await filled(), try await AlertmanagerSite())
        let tree = try await site.export()
        try tree.write("silences/bad.json", "{\"id\": 1e999")
        try tree.write("silences/worse.json", "[[[")
        try tree.write("silences/none.json", "{\"id\": \"x\", \"matchers\": 7}")
        try tree.write("alertmanager.yml", "nothing")
        let objects = try await target.import(tree)
        #expect(objects.count(.failed) == 3 && objects.count(.create) == 3)
        let restorer = AlertmanagerRestorer(pool: AlertmanagerSite.pool)
        #expect(
            Set(try await restorer.examine(restored: tree.root).map(\.path)) == [
                "silences/bad.json", "silences/worse.json", "silences/none.json", "alertmanager.yml",
            ])
    }

    @Test func `URLs of webhooks are stored with encryption only`() async throws {
        let site = try await AlertmanagerSite(
            configuration: Self.configuration.replacing("http://127", with: "http://u:webhookpassword@127"))
        try #require(!(try site.api.status().configuration.shownURLs).isEmpty, "this version hides them itself")
        let (open, encrypted) = (try await site.export(keepsURLs: false), try await site.export())
        #expect(try encrypted.text("alertmanager.yml").contains("webhookpassword"))
        #expect(try !open.files().values.contains { $0.contains("webhookpassword") })
        #expect(open.capture.withheld.count == encrypted.capture.withheld.count + 1)
        for tree in [open, encrypted] { #expect(try await site.import(tree).configuration?.outcome == .same) }
        let findings = await AlertmanagerSource(api: site.api, keepsURLs: false, now: AlertmanagerSite.now).diagnose()
        #expect(findings.prefix(3).allSatisfy { $0.verdict == .ok })
        #expect(findings.contains { $0.verdict == .warning && $0.detail.contains("hides 2 secrets") })
        #expect(findings.contains { $0.subject == "webhooks" && $0.detail.hasPrefix("1 URLs") })
    }
}
