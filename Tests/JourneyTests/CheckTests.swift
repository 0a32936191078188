import Documents
import Foundation
import Lab
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

    @Test func theReportSaysWhatTheRunbookWants() async throws {
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

    @Test func whatIsNotKnownIsRefusedWithTheNearest() async throws {
        let (journey, server) = try await started()
        defer { server.stop() }
        #expect(try await journey.expect(2, "check", "prometheus_redy").errors.contains("prometheus_ready"))
        #expect(try await journey.expect(2, "check", "--profile", "mime").errors.contains("mine"))
    }

    @Test func theDailyReportJudgesEachPromise() async throws {
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
        #expect(notices.map { $0["event"]?.text } == ["check_failed", "sla_missed", "check_failed"])
        #expect(notices[0]["message"] == "1 of 2 checks failed: prometheus_ready (prometheus)")
        #expect(notices[0]["severity"] == "critical" && notices[1]["severity"] == "warning")
    }
}
