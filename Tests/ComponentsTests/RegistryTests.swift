import Testing

@testable import Components

@Suite struct RegistryTests {
    @Test func everyNameOfAProfileIsKnownAndNoneTwice() {
        #expect(Set(CheckRegistry.knownNames).count == CheckRegistry.knownNames.count)
        for list in CheckRegistry.profiles.values { #expect(Set(list).isSubset(of: CheckRegistry.knownNames)) }
        #expect(CheckRegistry.knownNames.contains("sla"))
    }

    @Test func whatIsNotConfiguredIsSkippedAndSaysWhy() async {
        let results = await CheckRunner(pool: StackFixture.pool, timeLimit: .seconds(5)).run(
            CheckRegistry(CheckedStack(components: [])).checks(CheckRegistry.profiles["full"] ?? []))
        #expect(results.count == CheckRegistry.knownNames.count - 1)
        #expect(results.allSatisfy { $0.verdict == .skipped && $0.detail?.isEmpty == false })
    }

    @Test func anUnknownNameFails() async {
        let results = await StackFixture.run("promethius", CheckedStack(components: []))
        #expect(results.map(\.verdict) == [.failed])
    }

    @Test func theAliasIsThreeChecksEachOnce() {
        let checks = CheckRegistry(CheckedStack(components: [])).checks(["sla_throughput", "sla"])
        #expect(checks.map(\.name) == ["sla_throughput", "sla_availability", "sla_latency_p95"])
    }

    @Test func oneCheckToEachComponentOfAKind() {
        let stack = CheckedStack(components: ["east", "west"].map { .init(name: $0, kind: "prometheus") })
        #expect(CheckRegistry(stack).checks(["prometheus_ready"]).map(\.component) == ["east", "west"])
    }

    @Test func aComponentWithoutItsSecretHasFailed() async {
        var component = CheckedStack.Component(name: "grafana", kind: "grafana")
        component.obstacle = "environment variable 'P' is not set"
        let results = await StackFixture.run("grafana_healthy", CheckedStack(components: [component]))
        #expect(results.map(\.verdict) == [.failed] && results[0].detail?.contains("'P'") == true)
    }

    @Test func theReportCountsAsTheRunbookDoes() {
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
