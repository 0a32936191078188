import Foundation
import Lab
import Components
import Synchronization
import Testing

/// Whether what came back is the backup that was asked for, whole: recorded results and canaries, through the program.
@Suite struct SameDataTests {
    private struct SetName: Decodable { var name: String }

    /// From now on the configuration names another server.
    private func move(_ journey: Journey, from old: String, to new: String) throws {
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        try Data(text.replacing(old, with: new).utf8).write(to: file)
    }

    private func verdicts(_ journey: Journey, _ arguments: String...) async throws -> [String: CheckResult] {
        let run = try await journey.dr(["check", "--json"] + arguments)
        let report = try JSONDecoder().decode(CheckReport.self, from: Data(run.output.utf8))
        #expect(run.status == (report.hasCriticalFailure ? 4 : 0))
        return Dictionary(report.results.map { ($0.name, $0) }) { $1 }
    }

    @Test func `Grafana`() async throws {
        let old = try await GrafanaStandIn(.rich())
        let folder = try TemporaryFolder("same-grafana")
        let secret = folder.url.appending(path: "password")
        try Data(GrafanaState.adminPassword.utf8).write(to: secret)
        let journey = try await Journey(
            components: "grafana: {url: '\(old.url)', username: admin, password: {file: \(secret.path)}}",
            extra: "checks: {canaries: {grafana: {}}}")
        journey.keep(folder)
        let first = try await journey.json(SetName.self, "backup").name
        try await Journey.nextSecond()
        let run = try await journey.expect(0, "backup", "--json")
        let second = try JSONDecoder().decode(SetName.self, from: Data(run.output.utf8)).name
        #expect(!run.errors.contains("recorded") && !run.errors.contains("canary"), "\(run.errors)")
        #expect(old.server.violations == [])
        let names = ["grafana_dashboards", "grafana_datasources", "data_equality", "canaries"]
        var now = try await verdicts(journey, "--at", second, names[0], names[1], names[2], names[3])
        for name in names { #expect(now[name]?.verdict == .passed, "\(String(describing: now[name]))") }

        // The same again out of the backup, in another Grafana.
        let new = try await GrafanaStandIn(.empty(firstID: 5000))
        try move(journey, from: old.url, to: new.url)
        _ = try await journey.dr(["restore", "--component", "grafana", "--at", second])
        now = try await verdicts(journey, "--at", second, "data_equality", "canaries")
        #expect(now["canaries"]?.verdict == .passed, "\(String(describing: now["canaries"]))")
        #expect(now["data_equality"]?.verdict == .passed, "\(String(describing: now["data_equality"]))")

        new.change { $0.organizations[1]?.dashboards["disks"] = nil }
        now = try await verdicts(journey, "--at", second, "data_equality", "canaries")
        #expect(now["data_equality"]?.verdict == .failed && now["canaries"]?.verdict == .passed)
        #expect(now["data_equality"]?.detail?.contains("no such dashboard") == true)

        // An older backup in its place.
        let third = try await GrafanaStandIn(.empty(firstID: 9000))
        try move(journey, from: new.url, to: third.url)
        _ = try await journey.dr(["restore", "--component", "grafana", "--at", first])
        now = try await verdicts(journey, "--at", second, "canaries")
        #expect(now["canaries"]?.verdict == .failed)
        #expect(now["canaries"]?.detail?.contains("an older backup was restored") == true)
        // And one that did not take part is not asked about.
        let other = try await verdicts(journey, "--at", first, "canaries")
        #expect(other["canaries"]?.verdict == .passed)
    }

    @Test func `Prometheus`() async throws {
        let folder = try TemporaryFolder("same-prometheus")
        let data = folder.url.appending(path: "tsdb")
        let end = Int(Date().timeIntervalSince1970) / 7200 * 7200 - 7200
        // Longer than 6 h before any run: dr asks for the time 6 h before the newest datum.
        _ = try await OpenMetricsHistory(interval: end - 6 * 3600...end, step: 60, instances: 2).makeBlocks(in: data)
        let page = Mutex("")
        let pushgateway = try ScriptedServer { request, _ in
            if request.method == "PUT" {
                page.withLock { $0 = String(decoding: request.body, as: UTF8.self) }
                return .reply(.response(200))
            }
            return .reply(
                .response(200, [(name: "Content-Type", value: "text/plain; version=0.0.4")], page.withLock { $0 }))
        }
        defer { pushgateway.stop() }
        var options = PrometheusServer.Options()
        options.targets = ["127.0.0.1:\(pushgateway.port)"]
        let server = try await PrometheusServer.start(data: data, folder: folder.url, options)
        let journey = try await Journey(
            components: "prometheus: {url: '\(server.url)', data: \(data.path)}",
            extra: "checks: {interval: 2m, canaries: {prometheus: {pushgateway: '\(pushgateway.url)'}}}")
        journey.keep(folder)
        func backUp() async throws -> String {
            let run = try await journey.expect(0, "backup", "--json")
            #expect(!run.errors.contains("recorded"), "\(run.errors)")
            return try JSONDecoder().decode(SetName.self, from: Data(run.output.utf8)).name
        }
        let first = try await backUp()
        try await Journey.nextSecond()
        let second = try await backUp()
        var now = try await verdicts(
            journey, "--at", second, "prometheus_ready", "ingestion", "prometheus_blocks_intact", "data_equality",
            "canaries")
        for result in now.values { #expect(result.verdict == .passed, "\(result)") }
        try await server.stop()

        try await journey.expect(
            0, "restore", "--component", "prometheus", "--at", first, "--to", data.path, "--replace")
        let again = try await PrometheusServer.start(data: data, folder: folder.url, options)
        try move(journey, from: server.url, to: again.url)
        now = try await verdicts(journey, "--at", first, "data_equality", "canaries")
        for result in now.values { #expect(result.verdict == .passed, "\(result)") }
        now = try await verdicts(journey, "--at", second, "canaries")
        #expect(now["canaries"]?.detail?.contains("an older backup was restored") == true, "\(now)")
        try await again.stop()

        // A block is lost: the server starts without a word.
        for name in try FileManager.default.contentsOfDirectory(atPath: data.path) where name.count == 26 {
            try FileManager.default.removeItem(at: data.appending(path: name))
        }
        let empty = try await PrometheusServer.start(data: data, folder: folder.url, options)
        try move(journey, from: again.url, to: empty.url)
        now = try await verdicts(journey, "--at", first, "prometheus_ready", "data_equality")
        #expect(now["prometheus_ready"]?.verdict == .passed && now["data_equality"]?.verdict == .failed)
        try await empty.stop()
    }

    @Test func `Elasticsearch`() async throws {
        let contract = try APIContract(
            contentsOf: Journey.checkout.appending(path: "fixtures/contracts/elasticsearch.json"))
        let shelf = try SnapshotShelf()
        let old = try await ElasticsearchStandIn(shelf: shelf, contract: contract)
        let new = try await ElasticsearchStandIn(shelf: shelf, contract: contract)
        old.with { $0.addJaeger() }
        let journey = try await Journey(
            components: "jaeger: {kind: elasticsearch, url: '\(old.url)', indices: 'jaeger-*', timeout: 10m, "
                + "repository: {type: fs, location: /mnt/backups/jaeger}}",
            extra: "checks: {canaries: {jaeger: {}}}")
        try await journey.expect(0, "backup")
        await old.server.stop()
        try move(journey, from: old.url, to: new.url)
        try await journey.expect(0, "restore", "--component", "jaeger")
        let names = ["elasticsearch_green", "elasticsearch_documents", "data_equality", "canaries"]
        var now = try await verdicts(journey, "--at", "latest", names[0], names[1], names[2], names[3])
        for name in names { #expect(now[name]?.verdict == .passed, "\(String(describing: now[name]))") }
        new.with { $0.indices["jaeger-span-000001"]?.documents = 1199 }
        now = try await verdicts(journey, "--at", "latest", names[1], names[2], names[3])
        #expect(now["elasticsearch_documents"]?.verdict == .failed && now["data_equality"]?.verdict == .failed)
        #expect(now["data_equality"]?.detail?.contains("1200 documents then, 1199 documents now") == true)
        #expect(old.server.violations + new.server.violations == [])
    }

    @Test func `Loki`() async throws {
        let folder = try TemporaryFolder("same-loki")
        let data = folder.url.appending(path: "loki")
        var options = LokiStandIn.Options()
        options.isMultitenant = false
        let loki = try await LokiStandIn(
            data: data,
            contract: try APIContract(contentsOf: Journey.checkout.appending(path: "fixtures/contracts/loki.json")),
            options)
        let start = Int(Date().timeIntervalSince1970) - 1800
        let lines = (0..<20).map {
            LokiChunk.Line(time: (start + $0) * 1_000_000_000, text: Array("line \($0)".utf8))
        }
        try loki.store.push(tenant: "fake", labels: ["app": "a"], lines: lines)
        try loki.store.flush()
        try loki.store.ship()
        let journey = try await Journey(
            components: "loki: {url: '\(loki.url)', data: \(data.path), flush: true}",
            extra: "checks: {canaries: {loki: {}}}")
        journey.keep(folder)
        try await journey.expect(0, "backup")
        #expect(loki.server.violations == [])
        await loki.stop()
        try await journey.expect(0, "restore", "--component", "loki", "--to", "out")
        let restored = journey.folder.url.appending(path: "out")
        let again = try await LokiStandIn(data: restored, options)
        try move(journey, from: loki.url, to: again.url)
        var now = try await verdicts(
            journey, "--at", "latest", "loki_ready", "loki_query", "data_equality", "canaries")
        for result in now.values { #expect(result.verdict == .passed, "\(result)") }
        await again.stop()

        // Chunks are gone: a Loki says success, and leaves the lines out.
        let emptied = try await LokiStandIn(data: folder.url.appending(path: "empty"), options)
        try move(journey, from: again.url, to: emptied.url)
        now = try await verdicts(journey, "--at", "latest", "loki_ready", "loki_query", "data_equality", "canaries")
        #expect(now["loki_ready"]?.verdict == .passed)
        for name in ["loki_query", "data_equality", "canaries"] { #expect(now[name]?.verdict == .failed) }
        await emptied.stop()
    }

    @Test func `a failed recording is a warning and files have canaries too`() async throws {
        let journey = try await Journey(extra: "checks: {canaries: {tree: {file: stamp}}}")
        try journey.write("a.txt", "one")
        try await journey.expect(0, "backup")
        let now = try await verdicts(journey, "--at", "latest", "data_equality", "canaries")
        #expect(now["canaries"]?.verdict == .passed && now["data_equality"]?.verdict == .skipped)
        try journey.write("stamp", "dr-20200101T000000Z-aaaaaaaaaaaa\n")
        let older = try await verdicts(journey, "--at", "latest", "canaries")
        #expect(older["canaries"]?.detail?.contains("20200101T000000Z") == true)
        try FileManager.default.removeItem(at: journey.data.appending(path: "stamp"))
        try FileManager.default.createDirectory(
            at: journey.data.appending(path: "stamp/in-the-way"), withIntermediateDirectories: true)
        let run = try await journey.expect(0, "backup")
        #expect(run.errors.contains("warning: the canary of 'tree'"))
    }
}
