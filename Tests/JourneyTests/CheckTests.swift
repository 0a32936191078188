import Documents
import Foundation
import Lab
import Synchronization
import Components
import Testing

/// `dr check` as a user runs it.
@Suite struct CheckTests {
    private func vector(_ value: String) -> String {
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"\#(value)"]}]}}"#
    }

    private func started(extra: String = "") async throws -> (Journey, ScriptedServer) {
        let server = try ScriptedServer { request, _ in
            let page: (Int, String) =
                switch request.target.prefix(while: { $0 != "?" }) {
                case "/-/healthy", "/-/ready", "/well": (200, "well")
                case "/api/v1/query" where request.target.contains("availability"): (200, vector("99.97"))
                case "/api/v1/query" where request.target.contains("latency"): (200, vector("2.5"))
                case "/api/v1/query": (200, vector("60"))
                default: (500, "broken")
                }
            return .reply(.response(page.0, [], page.1))
        }
        let journey = try await Journey(
            components: "prometheus: {url: '\(server.url)', data: /nowhere}",
            extra: """
                checks:
                  profiles: {mine: [prometheus_ready, endpoints]}
                  endpoints:
                    - {name: api, url: '\(server.url)/well', contains: well}
                    - {name: extra, url: '\(server.url)/sick', critical: false}
                  sla:
                    availability: {query: 'availability[$window]'}
                    latency_p95: {query: latency}
                    throughput: {query: throughput}
                """)
        return (journey, server)
    }

    @Test func `the check report has the content that the runbook requires`() async throws {
        let (journey, server) = try await started()
        defer { server.stop() }
        let report = try await journey.json(CheckReport.self, "check", "--profile", "mine")
        #expect(report.summary.total == 3 && report.summary.unhealthy == 1 && report.summary.criticalFailures == 0)
        #expect(report.summary.overallStatus == .degraded)
        let table = try await journey.expect(0, "check", "--profile", "mine").output
        #expect(table.contains("failed (not critical)") && table.contains("endpoints (extra): broken"))
        let failed = try await journey.expect(4, "check", "sla")
        #expect(failed.output.contains("2.5 s") && failed.output.contains("≤ 2 s"))
        let all = try await journey.json(CheckReport.self, "check")
        #expect(all.results.contains { $0.name == "loki_ready" && $0.verdict == .skipped })
        #expect(all.results.contains { $0.name == "canaries" && $0.detail?.contains("--at") == true })
    }

    @Test func `an unknown check or profile is refused with the nearest known name`() async throws {
        let (journey, server) = try await started()
        defer { server.stop() }
        #expect(try await journey.expect(2, "check", "prometheus_redy").errors.contains("prometheus_ready"))
        #expect(try await journey.expect(2, "check", "--profile", "mime").errors.contains("mine"))
    }

    @Test func `the daily report judges each promise`() async throws {
        let (journey, server) = try await started()
        defer { server.stop() }
        let text = try await journey.expect(4, "check", "--report", "daily").output
        #expect(text.contains("missed") && text.contains("99.97 %") && text.contains("24h"))
        // One number answers all, so that one minute seems to be measured.
        #expect(text.contains("not all of that time was measured"))
        let report = try await journey.json(ComplianceReport.self, "check", "--report", "daily")
        #expect(report.objectives.map(\.isMet) == [true, false, true] && !report.isCompliant)
        #expect(server.requests.contains { $0.target.contains("24h") }, "the window is a day")
    }

    @Test func `a health report on some components refuses names without a health check`() async throws {
        let (journey, server) = try await started()
        defer { server.stop() }
        let all = try await journey.json(HealthReport.self, "check", "--report", "health")
        #expect(all.components.map(\.name) == ["prometheus", "api", "extra"])
        let one = try await journey.json(
            HealthReport.self, "check", "--report", "health", "--component", "api", "--component", "extra")
        #expect(one.components.map(\.name) == ["api", "extra"])
        let unknown = try await journey.expect(2, "check", "--report", "health", "--component", "apis")
        #expect(unknown.errors.contains("'apis'") && unknown.errors.contains("prometheus, api, extra"))
        for wrong in [["loki"], ["--component", "loki"], ["--profile", "mine"], ["--at", "latest"]] {
            let run = try await journey.dr(["check", "--report", "health"] + wrong)
            #expect(run.status == 2 && run.output.isEmpty, "\(wrong): \(run.errors)")
        }
        try await journey.expect(2, "check", "--report", "daily", "--component", "api")
    }

    @Test func `a component without a server is refused in a health report`() async throws {
        let (journey, server) = try await started()
        defer { server.stop() }
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacing("components:\n", with: "components:\n  loki: {data: /nowhere}\n")
        try Data(text.utf8).write(to: file)
        let run = try await journey.expect(2, "check", "--report", "health", "--component", "loki")
        #expect(run.errors.contains("'loki'") && run.errors.contains("'url'"), "\(run.errors)")
    }

    @Test func `without a service level the daily report is on the recovery objectives`() async throws {
        let journey = try await Journey(extra: "objectives: {rpo: 1h}")
        try journey.write("a", "one")
        let missed = try await journey.expect(4, "check", "--report", "daily")
        #expect(missed.output.contains("tree: no backup") && missed.output.contains("recovery objectives of"))
        try await journey.expect(0, "backup")
        let met = try await journey.expect(0, "check", "--report", "daily", "--to", "reports", "--json")
        #expect(
            try await journey.objections(
                to: Data(met.output.utf8), schema: "output.schema.json", "check --report daily") == "")
        let reports = journey.folder.url.appending(path: "reports")
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: reports.path).first)
        let report = try Data(contentsOf: reports.appending(path: name))
        #expect(try await journey.objections(to: report, schema: "daily_sla.schema.json") == "")
        #expect(try JSONValue(parsing: [UInt8](report))["sla_metrics"]?["rpo_seconds"]?["compliant"] == true)
        let bare = try await Journey()
        let refused = try await bare.expect(2, "check", "--report", "daily")
        #expect(refused.errors.contains("'checks: sla:'") && refused.errors.contains("objectives:"))
    }

    @Test func `a threshold of a latency is a number of seconds or a length of time`() async throws {
        for (threshold, status) in [("2s", 0), ("0.5", 4), ("1m", 0), ("soon", 2), ("'-1s'", 2)] as [(String, Int32)] {
            let server = try ScriptedServer { request, _ in .reply(.response(200, [], vector("1.5"))) }
            defer { server.stop() }
            let journey = try await Journey(
                components: "prometheus: {url: '\(server.url)', data: /nowhere}",
                extra: "checks: {sla: {latency_p95: {query: latency, threshold: \(threshold)}}}", initialize: false)
            let run = try await journey.dr(["check", "sla_latency_p95", "--no-notify"])
            #expect(run.status == status, "\(threshold): \(run.output)\(run.errors)")
        }
    }

    @Test func `report files may be read by every user, and an unwritable folder is named`() async throws {
        let (journey, server) = try await started()
        defer { server.stop() }
        let reports = journey.folder.url.appending(path: "new/reports")
        try await journey.expect(0, "check", "--report", "health", "--to", "new/reports", "--no-notify")
        try await journey.expect(4, "check", "--report", "daily", "--to", "new/reports", "--no-notify")
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: reports.path)
        #expect(files.count == 2)
        for file in files { #expect(try mode(reports.appending(path: file).path) == 0o644, "\(file)") }
        #expect(try mode(reports.path) == 0o755)
        for place in ["/proc/nope", "\(journey.folder.path)/dr.yaml", "\(journey.folder.path)/dr.yaml/below"] {
            let failed = try await journey.expect(1, "check", "--report", "health", "--to", place, "--no-notify")
            let errors = failed.errors
            #expect(errors.contains("'\(place)") && errors.contains("cannot be written"), "\(errors)")
            // The report itself is printed all the same.
            #expect(failed.output.contains("HEALTHY"))
        }
    }

    @Test func `failures are sent to the channels, unless the command says not to`() async throws {
        let server = try ScriptedServer { request, _ in
            let isWell = request.target.hasPrefix("/-/healthy") || request.target == "/hook"
            return .reply(.response(isWell ? 200 : 503, [], "x"))
        }
        defer { server.stop() }
        let journey = try await Journey(
            components: "prometheus: {url: '\(server.url)', data: /nowhere}",
            extra: """
                notifications: {webhooks: [{url: {file: hook}}]}
                checks: {sla: {}}
                """)
        try Data("\(server.url)/hook\n".utf8).write(to: journey.folder.url.appending(path: "hook"))
        func sent() throws -> [JSONValue] {
            try server.requests.filter { $0.target == "/hook" }.map { try JSONValue(parsing: $0.body) }
        }
        try await journey.expect(0, "check", "prometheus_healthy")
        try await journey.expect(4, "check", "prometheus_ready", "--no-notify")
        #expect(try sent().isEmpty)
        try await journey.expect(4, "check", "prometheus_ready", "prometheus_healthy")
        try await journey.expect(4, "check", "--report", "daily")
        let health = try await journey.expect(4, "check", "--report", "health", "--json")
        #expect(try JSONValue(parsing: health.output)["overall_health"] == "UNHEALTHY")
        let objections = try await journey.objections(
            to: Data(health.output.utf8), schema: "output.schema.json", "check --report health")
        #expect(objections == "")
        let notices = try sent()
        #expect(
            notices.map { $0["event"]?.text }
                == ["check_failed", "sla_missed", "sla_missed", "sla_missed", "component_down"])
        #expect(notices[0]["message"] == "1 of 2 checks failed: prometheus_ready (prometheus)")
        #expect(notices[0]["severity"] == "critical" && notices[1]["severity"] == "critical")
        #expect(notices[4]["facts"]?["component"] == "prometheus" && notices[4]["severity"] == "critical")
    }

    @Test func `the runbook's receiver, files and exit codes are served`() async throws {
        let isSick = Mutex(true)
        let server = try ScriptedServer { request, _ in
            let page: (Int, String) =
                switch request.target.prefix(while: { $0 != "?" }) {
                case "/-/healthy", "/-/ready", "/well": (200, "well")
                case "/sick": (isSick.withLock { $0 } ? 503 : 200, "x")
                case "/hook": (200, "")
                case "/api/v1/query" where request.target.contains("availability"): (200, vector("99.9"))
                case "/api/v1/query" where request.target.contains("latency"): (200, vector("2.5"))
                case "/api/v1/query": (200, vector("60"))
                default: (500, "broken")
                }
            return .reply(.response(page.0, [], page.1))
        }
        defer { server.stop() }
        let journey = try await Journey(
            components: "prometheus: {url: '\(server.url)', data: /nowhere}",
            extra: """
                notifications: {webhooks: [{url: {file: hook}, template: runbook}]}
                checks:
                  endpoints: [{name: 'a "b"', url: '\(server.url)/sick'}]
                  sla:
                    availability: {query: 'availability[$window]'}
                    latency_p95: {query: latency}
                    throughput: {query: throughput}
                """)
        try Data("\(server.url)/hook\n".utf8).write(to: journey.folder.url.appending(path: "hook"))
        func sent() throws -> [JSONValue] {
            try server.requests.filter { $0.target == "/hook" }.map { try JSONValue(parsing: $0.body) }
        }
        let reports = journey.folder.url.appending(path: "reports")
        try await journey.expect(1, "check", "--report", "health", "--to", "reports", "--runbook-exit-codes")
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: reports.path).first)
        #expect(name.wholeMatch(of: /component_health_\d{8}_\d{6}\.json/) != nil)
        let health = try Data(contentsOf: reports.appending(path: name))
        #expect(try await journey.objections(to: health, schema: "component_health.schema.json") == "")
        let document = try JSONValue(parsing: [UInt8](health))
        let down = document["component_details"]?.array?.first { $0["name"] == #"a "b""# }
        #expect(down?["status"] == "unhealthy" && down?["status_code"] == 503)
        #expect(document["component_details"]?.array?.contains { $0["error"] == .null } == true)
        let alert = try #require(try sent().last)
        #expect(alert["alert_type"] == "component_health_failure" && alert["severity"] == "critical")
        #expect(alert["source"] == "component_health_monitor" && alert["metadata"]?["critical"] == true)
        #expect(alert["message"]?.text?.hasPrefix(#"Component a "b" failed health check: "#) == true)
        #expect(alert["timestamp"]?.text?.wholeMatch(of: /[-0-9]{10}T[:0-9]{8}\.\d{3}Z/) != nil)
        isSick.withLock { $0 = false }
        try await journey.expect(0, "check", "--report", "health")
        #expect(try sent().last?["alert_type"] == "component_recovered")
        let count = try sent().count
        try await journey.expect(0, "check", "--report", "health")
        #expect(try sent().count == count, "a recovery is reported once")

        try Data("{}".utf8).write(to: reports.appending(path: "daily_sla_2020-01-01.json"))
        try await journey.expect(1, "check", "--report", "daily", "--to", "reports", "--runbook-exit-codes")
        let daily = try #require(
            try FileManager.default.contentsOfDirectory(atPath: reports.path).filter { $0.hasPrefix("daily_sla_") }
                .max())
        let report = try Data(contentsOf: reports.appending(path: daily))
        #expect(try await journey.objections(to: report, schema: "daily_sla.schema.json") == "")
        let metrics = try JSONValue(parsing: [UInt8](report))["sla_metrics"]
        #expect(
            metrics?["availability"] == ["measured": .number("99.9"), "target": .number("99.95"), "compliant": false])
        #expect(metrics?["latency_p95_ms"] == ["measured": 2500, "target": 2000, "compliant": false])
        #expect(metrics?["throughput_per_min"] == ["measured": 60, "target": 45, "compliant": true])
        let alerts = try sent().suffix(3)
        #expect(
            alerts.map { $0["alert_type"]?.text }
                == ["availability_sla_violation", "latency_sla_violation", "report_missing"])
        #expect(alerts.first?["message"] == "Availability: 99.9%, Target: 99.95%")
        #expect(alerts.first?["metadata"] == nil && alerts.first?["severity"] == "warning")
        try await journey.expect(2, "check", "--to", "reports")
        // A folder that cannot be written fails the command, after the notifications.
        let failed = try await journey.expect(1, "check", "--report", "health", "--to", "/proc/nope")
        #expect(failed.errors.contains("/proc/nope"))
    }

    @Test func `a template that does not make JSON is refused when the configuration is read`() async throws {
        let journey = try await Journey(
            extra: """
                notifications: {webhooks: [{url: {file: hook}, template: '{"text": {{message}}}'}]}
                """, initialize: false)
        let run = try await journey.expect(2, "doctor")
        #expect(run.errors.contains("dr.yaml:") && run.errors.contains("does not make valid JSON"))
    }
}
