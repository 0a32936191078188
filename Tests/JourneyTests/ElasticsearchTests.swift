import Foundation
import Lab
import Testing

/// The built program against stand-ins for Jaeger's clusters that share a repository.
@Suite struct ElasticsearchTests {
    /// A cluster with Jaeger's indices, one that is empty, and a place that backs up the first.
    private struct Sites {
        let old: ElasticsearchStandIn
        let new: ElasticsearchStandIn
        let journey: Journey

        init(_ options: ElasticsearchStandInOptions) async throws {
            let contract = try APIContract(
                contentsOf: Journey.checkout.appending(path: "fixtures/contracts/elasticsearch.json"))
            let shelf = try SnapshotShelf()
            old = try await ElasticsearchStandIn(options, shelf: shelf, contract: contract)
            new = try await ElasticsearchStandIn(options, shelf: shelf, contract: contract)
            let now = Int(Date().timeIntervalSince1970 * 1000)
            old.with { $0.addJaeger(newest: now - 60_000) }
            journey = try await Journey(components: Self.component(old), extra: "objectives: {rpo: 1h}")
        }

        static func component(_ cluster: ElasticsearchStandIn) -> String {
            "jaeger: {kind: elasticsearch, url: '\(cluster.url)', indices: 'jaeger-*', timeout: 10m, "
                + "repository: {type: fs, location: /mnt/backups/jaeger}}"
        }

        /// The old cluster is gone: from now on the configuration names the new one.
        func moveOn() async throws {
            await old.server.stop()
            let file = journey.folder.url.appending(path: "dr.yaml")
            let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
            try Data(text.replacing(old.url, with: new.url).utf8).write(to: file)
        }

        func expectNoViolations(sourceLocation: SourceLocation = #_sourceLocation) {
            #expect(old.server.violations + new.server.violations == [], sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: [
        ElasticsearchStandInOptions.elasticsearch("7.17.9"), .elasticsearch("9.2.0"), .opensearch("3.1.0"),
    ])
    func `a cluster dies and another takes its place`(options: ElasticsearchStandInOptions) async throws {
        let sites = try await Sites(options), journey = sites.journey
        try await journey.expect(0, "doctor")
        try await journey.expect(0, "backup")
        try await journey.expect(0, "status")
        let shown = try await journey.expect(0, "show").output
        #expect(shown.contains("documents: 1557") && shown.contains("repository: dr"))
        try await journey.expect(0, "verify", "--read-data")
        try await sites.moveOn()
        let plan = try await journey.expect(0, "restore", "--component", "jaeger", "--dry-run").output
        #expect(plan.contains("create\tindex 'jaeger-span-000002'") && plan.contains("would be: 8 create"))
        #expect(sites.new.with { $0.indices.isEmpty })
        let restored = try await journey.expect(0, "restore", "--component", "jaeger").output
        #expect(restored.contains("8 create"))
        #expect(sites.new.with { $0.indices.values.map(\.documents).reduce(0, +) } == 1557)
        let again = try await journey.expect(0, "restore", "--component", "jaeger").output
        #expect(again.contains("8 same"))
        // Two clusters must not write to one repository: the new one is told so before it does.
        let refused = try await journey.expect(1, "backup")
        #expect(refused.errors.contains("read-only"))
        sites.expectNoViolations()
    }

    @Test func `restore reports existing indices as conflicts and replaces them only on request`() async throws {
        let sites = try await Sites(ElasticsearchStandInOptions()), journey = sites.journey
        try await journey.expect(0, "backup")
        try await sites.moveOn()
        sites.new.with { $0.add("jaeger-span-000001", documents: 5, shards: 2) }
        let conflict = try await journey.expect(3, "restore", "--component", "jaeger")
        #expect(conflict.output.contains("--replace closes it") && conflict.output.contains("1 conflict"))
        #expect(sites.new.with { $0.indices["jaeger-span-000001"]?.documents } == 5)
        try await journey.expect(0, "restore", "--component", "jaeger", "--prefix", "old-")
        #expect(sites.new.with { $0.indices["old-jaeger-span-000001"]?.documents } == 1200)
        try await journey.expect(0, "restore", "--component", "jaeger", "--replace")
        #expect(sites.new.with { $0.indices["jaeger-span-000001"]?.documents } == 1200)
        sites.expectNoViolations()
    }

    @Test func `a partial snapshot is a partial set`() async throws {
        let sites = try await Sites(ElasticsearchStandInOptions()), journey = sites.journey
        sites.old.with { $0.indices["jaeger-span-000001"]?.lostShards = [1: "node left"] }
        let backup = try await journey.expect(3, "backup")
        #expect(backup.errors.contains("jaeger-span-000001/1") && backup.errors.contains("node left"))
        #expect(try await journey.expect(0, "show").output.contains("shards: 4 of 5"))
        try await sites.moveOn()
        let restore = try await journey.expect(3, "restore", "--component", "jaeger")
        #expect(restore.output.contains("1 failed") && restore.output.contains("600 documents"))
        sites.expectNoViolations()
    }

    @Test func `a snapshot that was deleted is explained`() async throws {
        let sites = try await Sites(ElasticsearchStandInOptions()), journey = sites.journey
        try await journey.expect(0, "backup")
        try await sites.moveOn()
        sites.new.shelf.change(at: "fs:/mnt/backups/jaeger") { $0 = [:] }
        let gone = try await journey.expect(1, "restore", "--component", "jaeger")
        #expect(gone.errors.contains("no longer has this snapshot") && gone.errors.contains("hint: choose another set"))
        // The description can be had without any cluster.
        await sites.new.server.stop()
        try await journey.expect(0, "restore", "--component", "jaeger", "--to", "out")
        let summary = try Data(contentsOf: journey.folder.url.appending(path: "out/snapshot.json"))
        #expect(String(decoding: summary, as: UTF8.self).contains(#""name": "dr""#))
    }

    /// The shell commands of docs/elasticsearch.md, as they stand there.
    @Test(.enabled(if: LabTool.isInstalled("jq") && LabTool.isInstalled("curl")))
    func `the documented commands bring it back without dr`() async throws {
        let shelf = try SnapshotShelf()
        let old = try await ElasticsearchStandIn(shelf: shelf), new = try await ElasticsearchStandIn(shelf: shelf)
        old.with { $0.addJaeger() }
        let journey = try await Journey(components: Sites.component(old))
        try await journey.expect(0, "backup")
        try await journey.expect(0, "restore", "--component", "jaeger", "--to", "out")
        let page = String(
            decoding: try Data(contentsOf: Journey.checkout.appending(path: "docs/elasticsearch.md")), as: UTF8.self)
        let block = try #require(page.components(separatedBy: "```sh\n").last?.components(separatedBy: "```").first)
        let script = block.replacing("http://localhost:9200", with: new.url)
        let run = try await CommandRun.run(
            "/bin/bash", ["-euo", "pipefail", "-c", script], in: journey.folder.url.appending(path: "out"))
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("jaeger-span-000001: 1200 of 1200"))
        #expect(new.with { $0.policies.keys.sorted() } == ["jaeger-ilm-policy"])
        #expect(new.with { $0.templates["_index_template"]?.keys.sorted() } == ["jaeger-span"])
        #expect(new.with { $0.indices["jaeger-span-000002"]?.aliases.count } == 2)
    }

    @Test func `backup and doctor report problems with the server`() async throws {
        var options = ElasticsearchStandInOptions()
        options.denied = ["cluster:admin/snapshot/create"]
        let sites = try await Sites(options), journey = sites.journey
        let weak = try await journey.expect(1, "backup")
        #expect(weak.errors.contains("'create_snapshot'"))
        await sites.old.server.stop()
        let away = try await journey.expect(1, "backup")
        #expect(away.errors.contains(sites.old.url))
        try await journey.expect(1, "doctor")
    }
}
