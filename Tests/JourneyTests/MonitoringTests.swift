import Documents
import Foundation
import Lab
import Metrics
import Testing

/// The shipped rules, routes and dashboard.
@Suite struct MonitoringTests {
    private static let folder = Checkout.url("monitoring")

    private static func files(_ path: String) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder.appending(path: path), includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }
    }

    private func dashboard() throws -> JSONValue {
        try JSONValue(parsing: [UInt8](Data(contentsOf: Self.folder.appending(path: "dashboards/dr.json"))))
    }

    /// The panels of the dashboard with the expressions of their queries.
    private func panels() throws -> [(title: String, expressions: [String])] {
        try (dashboard()["panels"]?.array ?? []).compactMap { panel in
            guard let targets = panel["targets"]?.array else { return nil }
            return (panel["title"]?.text ?? "", targets.compactMap { $0["expr"]?.text })
        }
    }

    @Test func `promtool accepts the rules and runs their tests`() async throws {
        let promtool = try LabTool.path("promtool")
        let rules = try (Self.files("alerts") + Self.files("rules")).map(\.path)
        #expect(rules.count == 4)
        let check = try await CommandRun.run(promtool, ["check", "rules", "--lint-fatal"] + rules)
        #expect(check.status == 0, "\(check.output)\(check.errors)")
        let run = try await CommandRun.run(promtool, ["test", "rules"] + Self.files("tests").map(\.path))
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }

    @Test func `every alert has a test that it fires and one that it does not`() throws {
        var tests: [String: (firing: Int, silent: Int)] = [:]
        for file in try Self.files("tests") {
            let document = try #require(
                JSONValue.documents(ofYAML: String(contentsOf: file, encoding: .utf8))?.first)
            for test in document["tests"]?.array ?? [] {
                for rule in test["alert_rule_test"]?.array ?? [] {
                    let name = try #require(rule["alertname"]?.text)
                    if rule["exp_alerts"]?.array?.isEmpty == false {
                        tests[name, default: (0, 0)].firing += 1
                    } else {
                        tests[name, default: (0, 0)].silent += 1
                    }
                }
            }
        }
        var names: Set<String> = []
        for file in try Self.files("alerts") {
            let document = try #require(
                JSONValue.documents(ofYAML: String(contentsOf: file, encoding: .utf8))?.first)
            for rule in (document["groups"]?.array ?? []).flatMap({ $0["rules"]?.array ?? [] }) {
                let name = try #require(rule["alert"]?.text)
                names.insert(name)
                #expect(tests[name].map { $0.firing > 0 && $0.silent > 0 } == true, "\(name)")
                #expect(rule["annotations"]?["summary"]?.text?.isEmpty == false, "\(name)")
            }
        }
        #expect(Set(tests.keys) == names)
    }

    @Test func `every alert links to a page, and has a heading on the monitoring page`() throws {
        let page = try String(contentsOf: Checkout.url("docs/monitoring.md"), encoding: .utf8)
        let headings = page.split(separator: "\n").filter { $0.hasPrefix("### ") }.map { $0.dropFirst(4) }
        let anchors = Set(headings.map { $0.lowercased() })
        var own = 0
        for file in try Self.files("alerts") {
            let document = try #require(
                JSONValue.documents(ofYAML: String(contentsOf: file, encoding: .utf8))?.first)
            for rule in (document["groups"]?.array ?? []).flatMap({ $0["rules"]?.array ?? [] }) {
                let name = try #require(rule["alert"]?.text)
                #expect(anchors.contains(name.lowercased()), "\(name)")
                let link = try #require(rule["annotations"]?["runbook_url"]?.text, "\(name)")
                guard let anchor = link.wholeMatch(of: /https:\/\/dr\.example\.com\/docs\/monitoring\/#(.+)/)?.1 else {
                    #expect(link.hasPrefix("https://runbook.nephoran.io/"), "\(name): \(link)")
                    continue
                }
                #expect(String(anchor) == name.lowercased(), "\(name): \(link)")
                own += 1
            }
        }
        #expect(own > 25)
    }

    @Test func `the documented command sets the address of the links once`() async throws {
        let page = try String(contentsOf: Checkout.url("docs/monitoring.md"), encoding: .utf8)
        let command = try #require(page.split(separator: "\n").first { $0.hasPrefix("sed -i ") })
        let folder = try TemporaryFolder("monitoring")
        let copy = folder.url.appending(path: "monitoring")
        try FileManager.default.copyItem(at: Self.folder, to: copy)
        let run = try await CommandRun.run("/bin/sh", ["-c", String(command)], in: folder.url)
        #expect(run.status == 0, "\(run.errors)")
        for name in ["alerts", "tests"] {
            for file in try FileManager.default.contentsOfDirectory(
                at: copy.appending(path: name), includingPropertiesForKeys: nil)
            {
                let text = try String(contentsOf: file, encoding: .utf8)
                #expect(!text.contains("dr.example.com"), "\(file.lastPathComponent)")
            }
        }
        let alerts = try String(contentsOf: copy.appending(path: "alerts/dr.yaml"), encoding: .utf8)
        #expect(alerts.contains("runbook_url: https://wiki.example.org/dr/monitoring/#drnoruns\n"))
        let tests = try FileManager.default.contentsOfDirectory(
            at: copy.appending(path: "tests"), includingPropertiesForKeys: nil)
        let check = try await CommandRun.run(
            try LabTool.path("promtool"), ["test", "rules"] + tests.map(\.path).sorted())
        #expect(check.status == 0, "\(check.output)\(check.errors)")
    }

    @Test(arguments: [
        ("service=dr severity=critical component=grafana", "component-critical"),
        ("service=dr severity=warning component=storage", "backup-warnings"),
        ("severity=critical component=availability", "sla-critical"),
        ("severity=critical component=latency", "sla-critical"),
        ("severity=critical component=throughput", "sla-critical"),
        ("severity=critical component=prometheus", "component-critical"),
        ("severity=critical component=grafana", "component-critical"),
        ("severity=critical component=jaeger", "component-critical"),
        ("severity=warning component=resource", "resource-warnings"),
        ("severity=warning component=storage", "resource-warnings"),
        ("severity=warning component=grafana", "default"),
        ("severity=critical component=latency-of-others", "default"), ("severity=info", "default"),
    ])
    func `an alert goes to its receiver`(labels: String, receiver: String) async throws {
        let file = Self.folder.appending(path: "alertmanager.yml").path
        let run = try await CommandRun.run(
            try LabTool.path("amtool"),
            ["config", "routes", "test", "--config.file=\(file)", "--verify.receivers=\(receiver)"]
                + labels.split(separator: " ").map(String.init))
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }

    @Test func `amtool accepts the configuration`() async throws {
        let file = Self.folder.appending(path: "alertmanager.yml").path
        let run = try await CommandRun.run(try LabTool.path("amtool"), ["check-config", file])
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }

    @Test func `rules and dashboard name only metrics that exist`() throws {
        let known = Set(
            MetricDefinition.all.flatMap { definition in
                definition.kind == .histogram
                    ? ["_bucket", "_sum", "_count"].map { definition.name + $0 } : [definition.name]
            })
        var texts = try (Self.files("alerts") + Self.files("rules") + Self.files("tests")).map {
            try String(contentsOf: $0, encoding: .utf8)
        }
        texts += try panels().flatMap(\.expressions)
        var used: Set<String> = []
        for text in texts {
            for match in text.matches(of: /\bdr_[a-z0-9_]+\b/) where !["dr_days"].contains(String(match.output)) {
                used.insert(String(match.output))
            }
        }
        let groups: Set = [
            "dr_recording", "dr_backups", "dr_sizes", "dr_proofs", "dr_copies", "dr_keys", "dr_operation",
        ]
        #expect(used.subtracting(known).subtracting(groups).isEmpty, "\(used.subtracting(known).subtracting(groups))")
        #expect(used.count > 30)
    }

    /// `dr restore` imports the dashboard into a Grafana; its queries run against a Prometheus that scraped a real `dr`.
    @Test func `the dashboard is imported, and its queries have data`() async throws {
        let grafana = try await GrafanaStandIn(.empty())
        let folder = try TemporaryFolder("monitoring")
        let secret = folder.url.appending(path: "password")
        try Data(GrafanaState.adminPassword.utf8).write(to: secret)
        let journey = try await Journey(
            components: """
                grafana: {url: '\(grafana.url)', username: admin, password: {file: \(secret.path)}}
                  tree: {kind: files, data: data}
                """, extra: "objectives: {rpo: 1h}\nmetrics: {textfile: dr.prom}\nchecks: {record: false}")
        try journey.write("a", "one")
        func curl(_ arguments: [String]) async throws -> JSONValue {
            let answer = try await LabTool.output(
                "/usr/bin/curl",
                ["-s", "--noproxy", "*", "-u", "admin:\(GrafanaState.adminPassword)"] + arguments)
            return try JSONValue(parsing: [UInt8](answer.utf8))
        }
        let body = folder.url.appending(path: "body.json")
        try Data(JSONValue.object(["dashboard": dashboard(), "overwrite": true]).compact).write(to: body)
        let created = try await curl(
            ["-H", "Content-Type: application/json", "-d", "@\(body.path)", "\(grafana.url)/api/dashboards/db"])
        #expect(created["uid"] == "dr-overview", "\(created)")
        try await journey.expect(0, "backup")
        _ = try await curl(["-X", "DELETE", "\(grafana.url)/api/dashboards/uid/dr-overview"])
        // The comparison below judges the result.
        _ = try await journey.dr(["restore", "--component", "grafana"])
        let restored = try await curl(["\(grafana.url)/api/dashboards/uid/dr-overview"])["dashboard"]
        #expect(try restored?["panels"] == dashboard()["panels"])
        #expect(try restored?["templating"] == dashboard()["templating"])
        try await journey.expect(0, "verify", "--read-data")
        try await journey.expect(0, "check", "--report", "health")

        let file = journey.folder.url.appending(path: "dr.prom")
        let exporter = try ScriptedServer { _, _ in
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            return .reply(.response(200, [(name: "Content-Type", value: "text/plain; version=0.0.4")], text))
        }
        defer { exporter.stop() }
        var options = PrometheusServer.Options()
        options.scrapesItself = false
        options.targets = ["127.0.0.1:\(exporter.port)"]
        let prometheus = try await PrometheusServer.start(
            data: folder.url.appending(path: "tsdb"), folder: folder.url, options)
        try await prometheus.waitForSeries("count_over_time(dr_build_info[1m]) > 2")
        // This stack has no drill, no certificates, no channels and no scenario.
        let mayBeEmpty: Set = [
            "Last drill passed", "Since the last drill", "Recovery time: forecast, objective, measured", "Readiness",
            "Time until a certificate expires", "Recovery keys tested within 90 days", "Notifications a day",
            "Service level is met",
        ]
        let panels = try panels()
        #expect(panels.count > 20)
        for panel in panels {
            for expression in panel.expressions {
                let query = expression.replacing("$stack", with: ".*")
                let answer = try await prometheus.query(query, at: Date().timeIntervalSince1970)
                #expect(answer.contains("resultType"), "\(panel.title): \(answer)")
                if !mayBeEmpty.contains(panel.title) {
                    #expect(answer.contains("\"value\""), "\(panel.title): \(query): \(answer)")
                }
            }
        }
        try await prometheus.stop()
    }
}
