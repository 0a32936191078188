import Lab
import Testing

@testable import Components
@testable import Prometheus

/// Each check against a server that is well, and against one that is broken in just the way it looks for.
@Suite struct BrokenServerTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var check: String
        var good: StackFixture.Pages
        /// Pages that replace the good ones.
        var broken: StackFixture.Pages
        /// What the broken server's result says.
        var says: String
        var facts: [String: String] = [:]
        var testDescription: String { "\(check): \(says)" }
    }

    private static let empty = #"{"status":"success","data":{"resultType":"vector","result":[]}}"#
    private static func vector(_ value: String) -> String {
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"\#(value)"]}]}}"#
    }
    private static let up = #"{"data":{"activeTargets":[{"health":"up","labels":{"job":"a","instance":"x:1"}}]}}"#
    private static let down =
        #"{"data":{"activeTargets":[{"health":"up","labels":{}},{"health":"down","labels":{"job":"a","instance":"x:1"},"lastError":"connection refused"}]}}"#
    private static let grafana: StackFixture.Pages = [
        "/api/health": (200, #"{"database":"ok","version":"11"}"#),
        "/api/orgs": (403, "{}"), "/api/search": (200, #"[{"uid":"a"},{"uid":"b"}]"#),
        "/api/dashboards/uid/a": (200, #"{"dashboard":{"uid":"a","title":"A"}}"#),
        "/api/datasources": (200, #"[{"uid":"p"}]"#), "/api/datasources/uid/p": (200, #"{"uid":"p"}"#),
    ]
    private static let loki: StackFixture.Pages = [
        "/ready": (200, "ready"), "/loki/api/v1/labels": (200, #"{"status":"success","data":["app"]}"#),
        "/loki/api/v1/label/app/values": (200, #"{"status":"success","data":["a"]}"#),
        "/loki/api/v1/query_range":
            (200, #"{"status":"success","data":{"result":[{"stream":{"app":"a"},"values":[["1","x"]]}]}}"#),
    ]
    private static let elasticsearch: StackFixture.Pages = [
        "/_cluster/health/": (200, #"{"status":"green","indices":{"jaeger-1":{"status":"green"}}}"#),
        "/jaeger-*/_count": (200, #"{"count":12,"_shards":{"failed":0}}"#),
    ]

    static let cases: [Case] = [
        Case(
            check: "prometheus_healthy", good: ["/-/healthy": (200, "ok")], broken: ["/-/healthy": (503, "sick")],
            says: "HTTP 503"),
        Case(
            check: "prometheus_ready", good: ["/-/ready": (200, "ok")],
            broken: ["/-/ready": (503, "Service Unavailable")], says: "Service Unavailable"),
        Case(
            check: "targets_up", good: ["/api/v1/targets": (200, up)], broken: ["/api/v1/targets": (200, down)],
            says: "a/x:1: connection refused"),
        Case(
            check: "targets_up", good: ["/api/v1/targets": (200, up)],
            broken: ["/api/v1/targets": (200, #"{"data":{"activeTargets":[]}}"#)], says: "scrapes nothing"),
        Case(
            check: "targets_up", good: ["/api/v1/targets": (200, #"{"data":{"activeTargets":[]}}"#)],
            broken: ["/api/v1/targets": (200, down)], says: "connection refused", facts: ["scrape pools": "0"]),
        Case(
            check: "targets_up", good: ["/api/v1/targets": (200, up)],
            broken: ["/api/v1/targets": (200, #"{"data":{"activeTargets":[]}}"#)], says: "scrapes nothing",
            facts: ["scrape pools": "2"]),
        Case(check: "grafana_healthy", good: grafana, broken: ["/api/health": (502, "")], says: "HTTP 502"),
        Case(
            check: "grafana_database_ok", good: grafana, broken: ["/api/health": (200, #"{"database":"failing"}"#)],
            says: "database: failing"),
        Case(check: "grafana_dashboards", good: grafana, broken: ["/api/search": (200, "[]")], says: "there are none"),
        Case(
            check: "grafana_dashboards", good: grafana, broken: ["/api/search": (200, #"[{"uid":"a"}]"#)],
            says: "the set has 2: the server has 1", facts: ["dashboards": "2"]),
        Case(
            check: "grafana_dashboards", good: grafana, broken: ["/api/dashboards/uid/a": (500, "no such table")],
            says: "no such table"),
        Case(
            check: "grafana_datasources", good: grafana, broken: ["/api/datasources": (200, "[]")],
            says: "there are none"),
        Case(
            check: "grafana_datasources", good: grafana, broken: ["/api/datasources/uid/p": (404, "lost")],
            says: "HTTP 404"),
        Case(
            check: "grafana_dashboards", good: grafana.merging(["/api/search": (200, "[]")]) { $1 },
            broken: ["/api/search": (500, "no such table")], says: "no such table", facts: ["dashboards": "0"]),
        Case(
            check: "grafana_datasources", good: grafana.merging(["/api/datasources": (200, "[]")]) { $1 },
            broken: ["/api/datasources": (401, "who are you")], says: "who are you", facts: ["data sources": "0"]),
        Case(
            check: "grafana_datasources", good: grafana, broken: ["/api/datasources": (200, "[]")],
            says: "there are none", facts: ["data sources": "1"]),
        Case(
            check: "loki_ready", good: loki, broken: ["/ready": (503, "Ingester not ready")], says: "Ingester not ready"
        ),
        Case(
            check: "loki_query", good: loki,
            broken: ["/loki/api/v1/query_range": (200, #"{"status":"success","data":{"result":[]}}"#)],
            says: "no line"),
        Case(check: "loki_query", good: loki, broken: ["/loki/api/v1/labels": (401, "no org id")], says: "no org id"),
        Case(
            check: "elasticsearch_green", good: elasticsearch,
            broken: [
                "/_cluster/health/": (200, #"{"status":"red","indices":{"jaeger-1":{"status":"red"}}}"#)
            ], says: "jaeger-1 is red"),
        Case(
            check: "elasticsearch_green", good: elasticsearch,
            broken: ["/_cluster/health/": (200, #"{"status":"green","indices":{}}"#)], says: "the set has 1",
            facts: ["indices": "1"]),
        Case(
            check: "elasticsearch_documents",
            good: elasticsearch.merging(["/jaeger-*/_count": (200, #"{"count":0,"_shards":{"failed":0}}"#)]) { $1 },
            broken: ["/jaeger-*/_count": (404, "no such index")], says: "no index exists", facts: ["documents": "0"]),
        Case(
            check: "elasticsearch_documents", good: elasticsearch,
            broken: ["/jaeger-*/_count": (200, #"{"count":0,"_shards":{"failed":0}}"#)], says: "there is no document"),
        Case(
            check: "elasticsearch_documents", good: elasticsearch,
            broken: ["/jaeger-*/_count": (200, #"{"count":11,"_shards":{"failed":0}}"#)], says: "the set has 12",
            facts: ["documents": "12"]),
        Case(
            check: "elasticsearch_documents", good: elasticsearch,
            broken: ["/jaeger-*/_count": (200, #"{"count":12,"_shards":{"failed":1}}"#)], says: "1 shards"),
        Case(
            check: "endpoints", good: ["/": (200, "all well")], broken: ["/": (200, "all sick")],
            says: "does not contain 'well'"),
        Case(check: "endpoints", good: ["/": (200, "well")], broken: ["/": (500, "well")], says: "HTTP 500"),
        Case(
            check: "sla_availability", good: ["/api/v1/query": (200, vector("99.95"))],
            broken: ["/api/v1/query": (200, vector("99.949"))], says: "99.949 %"),
        Case(
            check: "sla_latency_p95", good: ["/api/v1/query": (200, vector("2"))],
            broken: ["/api/v1/query": (200, vector("2.01"))], says: "2.01 s"),
        Case(
            check: "sla_throughput", good: ["/api/v1/query": (200, vector("45"))],
            broken: ["/api/v1/query": (200, vector("44.9"))], says: "44.9 per minute"),
        Case(
            check: "sla_throughput", good: ["/api/v1/query": (200, vector("45"))],
            broken: ["/api/v1/query": (200, empty)], says: "no data"),
        Case(
            check: "sla_latency_p95", good: ["/api/v1/query": (200, vector("1"))],
            broken: ["/api/v1/query": (200, vector("NaN"))], says: "not a number"),
    ]

    @Test(arguments: cases) func `fails for its own reason only`(_ each: Case) async throws {
        for (pages, isGood) in [(each.good, true), (each.good.merging(each.broken) { $1 }, false)] {
            let fixture = try StackFixture(pages)
            let stack = fixture.stack { stack in
                for index in stack.components.indices { stack.components[index].facts = each.facts }
                stack.endpoints = [
                    CheckedStack.Endpoint(name: "api", server: fixture.access, text: "well")
                ]
                stack.serviceLevel = ServiceLevel(
                    component: stack.components[0],
                    rules: [
                        .availability: .init(expression: "a[$window]", threshold: 99.95),
                        .latencyP95: .init(expression: "l", threshold: 2),
                        .throughput: .init(expression: "t", threshold: 45),
                    ], window: "1h")
            }
            let results = await StackFixture.run(each.check, stack)
            #expect(results.count == 1)
            let result = try #require(results.first)
            #expect(result.verdict == (isGood ? .passed : .failed), "\(result)")
            if !isGood { #expect("\(result.measured) \(result.detail ?? "")".contains(each.says), "\(result)") }
        }
    }

    private static let silent = #"{"status":"success","data":{"result":[]}}"#

    @Test func `where the set has no chunk no line is missed`() async throws {
        let fixture = try StackFixture(Self.loki.merging(["/loki/api/v1/query_range": (200, Self.silent)]) { $1 })
        func verdict(_ facts: [String: String]) async -> [CheckResult.Verdict] {
            let stack = fixture.stack { stack in
                for index in stack.components.indices { stack.components[index].facts = facts }
            }
            return await StackFixture.run("loki_query", stack).map(\.verdict)
        }
        #expect(await verdict(["chunks": "0"]) == [.skipped])
        #expect(await verdict(["chunks": "3"]) == [.failed])
        #expect(await verdict([:]) == [.failed])
    }

    /// A tenant that said nothing in the hour before the backup has said something before.
    @Test func `a tenant that was silent for an hour is looked for in the day`() async throws {
        let fixture = try StackFixture { request, _ in
            let start = request.target.split(separator: "&").first { $0.contains("start=") } ?? ""
            let isDay = start.hasSuffix("start=\(1_800_000_000_001 - 86_400_000)000000")
            let path = request.target.prefix { $0 != "?" }
            let page = Self.loki[String(path)]?.body ?? ""
            return .reply(.response(200, [], path.hasSuffix("query_range") && !isDay ? Self.silent : page))
        }
        let stack = fixture.stack { stack in
            for index in stack.components.indices { stack.components[index].watermark = 1_800_000_000_000 }
        }
        #expect(await StackFixture.run("loki_query", stack).map(\.verdict) == [.passed])
    }

    @Test(arguments: [
        "prometheus_ready", "ingestion", "targets_up", "grafana_database_ok", "grafana_dashboards", "loki_query",
        "elasticsearch_green", "elasticsearch_documents",
    ]) func `a server that is away is a failure`(_ name: String) async throws {
        let fixture = try StackFixture([:])
        let stack = fixture.stack()
        fixture.server.stop()
        let results = await StackFixture.run(name, stack)
        #expect(results.map(\.verdict) == [.failed])
    }

    @Test func `ingestion wants a rising counter`() async throws {
        func verdict(_ values: @escaping @Sendable (Int) -> Int) async throws -> CheckResult {
            let fixture = try StackFixture { _, number in
                .reply(
                    .response(
                        200, [],
                        """
                        prometheus_tsdb_head_samples_appended_total{type="float"} \(values(number))
                        prometheus_tsdb_head_samples_appended_total{type="histogram"} 7
                        """))
            }
            return try #require(await StackFixture.run("ingestion", fixture.stack()).first)
        }
        #expect(try await verdict { 1000 + 50 * $0 }.verdict == .passed)
        let still = try await verdict { _ in 1000 }
        #expect(still.verdict == .failed && still.measured == "0 samples in 2.0 seconds", "not merely more than none")
        let fallen = try await verdict { $0 == 0 ? 1000 : 3 }
        #expect(fallen.verdict == .failed && fallen.detail?.contains("restarted") == true)
    }

    @Test func `a hanging server costs its own time only`() async throws {
        let fixture = try StackFixture { request, _ in
            request.target.hasPrefix("/-/ready") ? .silence : .reply(.response(200, [], "ok"))
        }
        let runner = CheckRunner(pool: StackFixture.pool, timeLimit: .seconds(15))
        let results = await runner.run(
            StackFixture.registry.checks(["prometheus_ready", "prometheus_healthy"], of: fixture.stack()))
        #expect(results.map(\.verdict) == [.failed, .passed])
        #expect(results[0].measured.contains("no result within"))
    }

    @Test func `the block check fails on damaged blocks and is skipped if the set has no blocks`() async throws {
        let fixture = try StackFixture([:])
        func verdict(_ blocks: Int, _ damage: [String] = [], facts: [String: String] = [:]) throws
            -> CheckResult
            .Verdict
        {
            var component = fixture.component("prometheus")
            component.facts = facts
            return try BlocksIntact(component) { ExaminedBlocks(blocks: blocks, damage: damage) }.measure().verdict
        }
        #expect(try verdict(3) == .passed)
        #expect(try verdict(3, ["B/index: CRC"]) == .failed)
        #expect(try verdict(0, facts: ["blocks": "3"]) == .failed)
        #expect(try verdict(0) == .skipped)
        #expect(await StackFixture.run("prometheus_blocks_intact", fixture.stack()).map(\.verdict) == [.skipped])
    }
}
