import Documents
import Grafana
import Lab
import Prometheus
import Testing

@testable import Components

@Suite struct RegistryTests {
    private let registry = StackFixture.registry

    @Test func `every check name in a profile is known and unique`() {
        #expect(Set(registry.names).count == registry.names.count)
        for list in registry.profiles.values { #expect(Set(list).isSubset(of: registry.names)) }
        #expect(registry.names.contains("sla"))
    }

    @Test func `checks for components that are not configured are skipped with a reason`() async {
        let results = await CheckRunner(pool: StackFixture.pool, timeLimit: Patience.long).run(
            registry.checks(registry.profiles["full"] ?? [], of: CheckedStack(components: [])))
        #expect(results.count == registry.names.count - 1)
        #expect(results.allSatisfy { $0.verdict == .skipped && $0.detail?.isEmpty == false })
    }

    @Test func `an unknown name fails`() async {
        let results = await StackFixture.run("promethius", CheckedStack(components: []))
        #expect(results.map(\.verdict) == [.failed])
    }

    @Test func `the alias is three checks each once`() {
        let checks = registry.checks(["sla_throughput", "sla"], of: CheckedStack(components: []))
        #expect(checks.map(\.name) == ["sla_throughput", "sla_availability", "sla_latency_p95"])
    }

    @Test func `one check to each component of a kind`() {
        let stack = CheckedStack(
            components: ["east", "west"].map { CheckedComponent(PrometheusComponent(), StackFixture.context(of: $0)) })
        #expect(registry.checks(["prometheus_ready"], of: stack).map(\.component) == ["east", "west"])
    }

    @Test func `a component without its secret has failed`() async {
        var grafana = GrafanaComponent()
        grafana.access.url = "http://127.0.0.1:1"
        grafana.access.username = "admin"
        grafana.access.password = Secret(.environment("P"), location: Location(file: "dr.yaml"))
        let component = CheckedComponent(grafana, StackFixture.context(of: "grafana"))
        let results = await StackFixture.run("grafana_healthy", CheckedStack(components: [component]))
        #expect(results.map(\.verdict) == [.failed] && results[0].detail?.contains("P") == true)
    }

    @Test func `the report counts as the runbook does`() {
        let results = [
            CheckResult("a", component: nil, .passed, measured: "", target: ""),
            CheckResult("b", component: nil, .failed, isCritical: false, measured: "", target: ""),
            CheckResult("c", component: nil, .skipped, measured: "", target: ""),
        ]
        let degraded = CheckReport(stack: "s", timestamp: "t", set: nil, results: results).summary
        #expect(degraded.total == 2 && degraded.healthy == 1 && degraded.skipped == 1)
        #expect(degraded.overallStatus == .degraded && degraded.criticalFailures == 0)
        let critical = results + [CheckResult("d", component: nil, .failed, measured: "", target: "")]
        let report = CheckReport(stack: "s", timestamp: "t", set: nil, results: critical)
        #expect(report.summary.overallStatus == .unhealthy && report.hasCriticalFailure)
    }
}
