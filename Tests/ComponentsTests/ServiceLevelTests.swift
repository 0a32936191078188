import BackupRepository
import Documents
import Foundation
import HTTP
import Lab
import Platform
import Testing

@testable import Components

@Suite struct ServiceLevelTests {
    private static func vector(_ value: String) -> String {
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"\#(value)"]}]}}"#
    }

    /// A server that was bad all day and is sound now.
    private func badDay(counted: String = "1440") throws -> StackFixture {
        try StackFixture { request, _ in
            let query = request.target.removingPercentEncoding ?? ""
            let value =
                switch query {
                case _ where query.contains("count_over_time"): counted
                case _ where query.contains("avg_over_time((availability)[24h:1m])"): "99.5"
                case _ where query.contains("max_over_time((latency)[24h:1m])"): "3.1"
                case _ where query.contains("avg_over_time((\nthroughput # a comment\n)[24h:1m])"): "20"
                case _ where query.contains("_over_time"): "NaN"
                case _ where query.contains("availability"): "99.99"
                case _ where query.contains("latency"): "0.8"
                default: "60"
                }
            return .reply(.response(200, [], Self.vector(value)))
        }
    }

    private func level(_ fixture: StackFixture) -> ServiceLevel {
        ServiceLevel(
            component: fixture.component("prometheus"),
            rules: [
                .availability: .init(expression: "availability", threshold: 99.95),
                .latencyP95: .init(expression: "latency", threshold: 2),
                .throughput: .init(expression: "throughput # a comment", threshold: 45),
            ], window: "1h")
    }

    private static let now = Timestamp(seconds: 1_795_401_000)

    /// The report blocks while it asks.
    private func report(_ fixture: StackFixture) async -> ComplianceReport {
        await StackFixture.pool.run { [level = level(fixture)] in ComplianceReport(level, stack: "s", at: Self.now) }
    }

    @Test func `the daily report measures the day where a query gives the present value`() async throws {
        let fixture = try badDay()
        let report = await report(fixture)
        #expect(report.objectives.map(\.value) == [99.5, 3.1, 20])
        #expect(report.objectives.map(\.isMet) == [false, false, false] && !report.isCompliant)
        #expect(report.objectives.map(\.coverage) == [1, 1, 1] && !report.hasGaps)
    }

    @Test func `a check without $window says that it is the present value`() async throws {
        let fixture = try badDay()
        let stack = fixture.stack { $0.serviceLevel = level(fixture) }
        #expect(await StackFixture.run("sla", stack).map(\.verdict) == [.passed, .passed, .passed])
        let strict = fixture.stack { stack in
            stack.serviceLevel = level(fixture)
            stack.serviceLevel?.rules[.latencyP95]?.threshold = 0.5
        }
        let failed = await StackFixture.run("sla_latency_p95", strict)
        #expect(failed.first?.detail?.contains("the present value") == true)
    }

    @Test func `the report states how much of a partly measured day has values`() async throws {
        let fixture = try badDay(counted: "125")
        let report = await report(fixture)
        #expect(report.hasGaps)
        #expect(report.objectives[0].detail == "only 2 h 5 min of the last 24h have values")
    }

    @Test func `the daily report has the members and units of the usual script`() async throws {
        let fixture = try badDay()
        let report = await report(fixture)
        let json = try JSONValue(parsing: [UInt8](try JSONEncoder().encode(report)))
        #expect(json["report_date"] == "2026-11-23")
        #expect(json["generation_timestamp"]?.integer == 1_795_401_000)
        #expect(json["overall_compliance"]?.bool == false)
        let latency = json["sla_metrics"]?["latency_p95_ms"]
        #expect(latency?["measured"]?.integer == 3100 && latency?["target"]?.integer == 2000)
        #expect(latency?["compliant"]?.bool == false)
        #expect(json["sla_metrics"]?["throughput_per_min"]?["target"]?.integer == 45)
        #expect(json["sla_metrics"]?["availability"]?["measured"] == .number("99.5"))
    }

    @Test(arguments: ["NaN", "+Inf", "-Inf", "1e308", "", "x"])
    func `no value of a server makes a report impossible`(value: String) async throws {
        let fixture = try StackFixture(["/api/v1/query": (200, Self.vector(value))])
        let report = await report(fixture)
        #expect(throws: Never.self) { try JSONEncoder().encode(report) }
        #expect(!report.isCompliant)
    }

    @Test func `the report names scalar and histogram results as such`() async throws {
        let scalar = try StackFixture([
            "/api/v1/query": (
                400,
                #"{"status":"error","error":"subquery is only allowed on instant vector, got scalar instead"}"#
            )
        ])
        let entry = try #require(await report(scalar).objectives.first)
        #expect(entry.detail?.contains("use $window") == true)
        let histogram = try StackFixture([
            "/api/v1/query": (
                200,
                #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"9"}]}]}}"#
            )
        ])
        let other = try #require(await report(histogram).objectives.first)
        #expect(other.detail?.contains("not a number: histogram with 9 observations") == true)
    }

    @Test func `the health report has the members and the errors of the usual script`() async throws {
        let fixture = try StackFixture(["/-/ready": (200, "ok"), "/ready": (503, "starting"), "/sick": (500, "boom")])
        var stack = CheckedStack(components: ["prometheus", "loki"].map { fixture.component($0) })
        let sick = CheckedServer(url: fixture.server.url + "/sick", client: .init())
        stack.endpoints = [.init(name: "api", server: sick, isCritical: false)]
        var results: [CheckResult] = []
        for name in StackFixture.registry.names(of: .health) { results += await StackFixture.run(name, stack) }
        let report = HealthReport(results, at: Self.now)
        let json = try JSONValue(parsing: [UInt8](try JSONEncoder().encode(report)))
        #expect(json["overall_health"] == "UNHEALTHY" && json["critical_failures"]?.integer == 1)
        #expect(json["total_components"]?.integer == 3 && json["healthy_components"]?.integer == 1)
        #expect(json["unhealthy_components"]?.integer == 2)
        let details = try #require(json["component_details"]?.array)
        #expect(details.map { $0["name"]?.text } == ["prometheus", "loki", "api"])
        #expect(details.map { $0["status_code"]?.integer } == [200, 503, 500])
        #expect(details[0]["status"] == "healthy" && details[1]["status"] == "unhealthy")
        let failures = try #require(json["failures"]?.array)
        #expect(failures.map { $0["critical"]?.bool } == [true, false])
        #expect(failures.map { $0["error"]?.text } == ["HTTP 503", "HTTP 500"])
    }
}
