import Foundation
import Lab
import Testing

/// `dr gap` against a real Prometheus and stand-ins.
@Suite struct GapTests {
    private struct Answer: Decodable {
        struct Row: Decodable {
            var component: String
            var object: String
            var why: String
            var remedy: String
        }
        struct Unknown: Decodable {
            var component: String
            var reason: String
        }
        var gaps: [Row]
        var unknown: [Unknown]

        func objects(_ component: String) -> [String] { gaps.filter { $0.component == component }.map(\.object) }
    }

    private func answer(_ journey: Journey, status: Int32 = 0) async throws -> Answer {
        let run = try await journey.dr(["gap", "--json"])
        #expect(run.status == status, "\(run.errors)\n\(run.output)")
        return try JSONDecoder().decode(Answer.self, from: Data(run.output.utf8))
    }

    @Test func `dr reports uncovered Prometheus files and other running services until they are covered`() async throws
    {
        let folder = try TemporaryFolder("gap")
        let configuration = folder.url.appending(path: "configuration")
        for name in ["rules", "targets", "secret"] {
            let place = configuration.appending(path: name)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        }
        try Data("groups: [{name: g, rules: [{record: a, expr: vector(1)}]}]\n".utf8).write(
            to: configuration.appending(path: "rules/one.yml"))
        try Data("password".utf8).write(to: configuration.appending(path: "secret/password"))
        // A program that keeps something, as its metrics betray it.
        let gateway = try ScriptedServer { _, _ in
            .reply(.response(200, [], "pushgateway_build_info{version=\"1\"} 1\n"))
        }
        let file = configuration.appending(path: "prometheus.yml")
        let text = """
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            rule_files: [rules/*.yml]
            alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:1']}]}]}
            scrape_configs:
            - job_name: gateway
              basic_auth: {username: u, password_file: secret/password}
              static_configs: [{targets: ['127.0.0.1:\(gateway.port)']}]
            - job_name: listed
              file_sd_configs: [{files: [targets/*.json]}]

            """
        try Data(text.utf8).write(to: file)
        let data = folder.url.appending(path: "tsdb")
        var options = PrometheusServer.Options()
        options.configuration = file
        let server = try await PrometheusServer.start(data: data, folder: folder.url, options)
        try await server.waitForSeries("pushgateway_build_info")
        let component = "prometheus: {url: '\(server.url)', data: \(data.path)}"
        let journey = try await Journey(components: component)

        let bare = try await answer(journey).objects("prometheus").joined(separator: "\n")
        for found in [
            "configuration: \(file.path)", "rules: \(configuration.path)/rules/one.yml",
            "targets: \(configuration.path)/targets/*.json", "credentials: \(configuration.path)/secret/password",
            "Alertmanager: http://127.0.0.1:1", "1 running pushgateway",
        ] {
            #expect(bare.contains(found), "\(found) is not in\n\(bare)")
        }
        // Beside the data directory.
        #expect(try await answer(journey).objects("host").contains("directory '\(configuration.path)'"))
        try await journey.expect(4, "gap", "--fail-on-gap")

        let whole = try await Journey(
            components: "\(component)\n  rules: {kind: files, data: \(configuration.path)}"
                + "\n  alertmanager: {kind: files, data: \(configuration.path)/rules}"
                + "\n  pushgateway: {kind: files, data: \(configuration.path)/targets}")
        let rest = try await answer(whole)
        #expect(rest.objects("prometheus") == [] && rest.unknown.isEmpty)
        #expect(!rest.objects("host").contains { $0.contains(configuration.path) })
        try await server.stop()
        gateway.stop()
        // What cannot be asked is not passed off as whole.
        let away = try await answer(whole, status: 3)
        #expect(away.unknown.map(\.component) == ["prometheus"])
    }

    @Test func `Grafana's other organisations and secrets, and unmatched indices, are named`() async throws {
        let grafana = try await GrafanaStandIn(.rich())
        let cluster = try await ElasticsearchStandIn(.elasticsearch("9.2.0"), shelf: try SnapshotShelf(), contract: nil)
        cluster.with { cluster in
            cluster.addJaeger()
            cluster.add("orders-2026", documents: 3)
            cluster.add(".kibana_1", documents: 3)
        }
        let folder = try TemporaryFolder("gap-secrets")
        let password = folder.url.appending(path: "password")
        try Data(GrafanaState.adminPassword.utf8).write(to: password)
        let journey = try await Journey(
            components: """
                grafana: {url: '\(grafana.url)', username: admin, password: {file: \(password.path)}}
                  jaeger: {kind: elasticsearch, url: '\(cluster.url)', indices: 'jaeger-*', timeout: 10m, repository: {type: fs, location: /mnt/x}}
                """)
        let before = try await answer(journey)
        #expect(before.objects("jaeger").contains("1 indices that 'jaeger-*' does not match: orders-2026"))
        #expect(before.objects("jaeger").contains("1 system indices: .kibana_1"))
        #expect(!before.objects("grafana").contains { $0.contains("secrets") })
        try await journey.expect(0, "backup", "--component", "grafana")
        let after = try await answer(journey)
        let secrets = try #require(after.gaps.first { $0.component == "grafana" && $0.object.contains("secrets of") })
        #expect(secrets.remedy.contains("data-source/"))
        #expect(after.gaps.allSatisfy { !$0.why.isEmpty && !$0.remedy.isEmpty })

        let schema = Journey.checkout.appending(path: "docs/output.schema.json").path
        let run = try await journey.dr(["gap", "--json"])
        let json = folder.url.appending(path: "gap.json")
        try Data(run.output.utf8).write(to: json)
        let check = """
            import json, jsonschema, sys
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft202012Validator({**schema, "$ref": "#/$defs/gap"}).validate(json.load(open(sys.argv[2])))
            """
        let verdict = try await CommandRun.run(try LabTool.path("python"), ["-c", check, schema, json.path])
        #expect(verdict.status == 0, "\(verdict.errors)")
    }
}
