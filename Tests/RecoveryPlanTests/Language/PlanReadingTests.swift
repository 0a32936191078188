import Documents
import Testing

@testable import RecoveryPlan

/// Tests of the plans that the parser reads from text.
@Suite struct PlanReadingTests {
    @Test func `every key of a plan is read`() throws {
        let plan = try PlanFixture.read(
            """
            scenario: complete_cluster_loss
            aliases: [gone]
            procedure: full_cluster_restore
            about: Everything is gone.
            objectives: {rto: 4h, rpo: 1h, rto_from: failed}
            parameters:
              namespace: monitoring
              replicas: {value: 2, about: How many.}
            steps:
              - id: declare
                notify: {event: disaster_declared, status_page: major_outage}
              - id: prometheus
                about: Brings it back.
                needs: [declare]
                restore: {component: prometheus, to: there, paths: [a, b], replace: false}
                stop: [{run: [systemctl, stop, prometheus]}]
                start: [{run: [systemctl, start, prometheus]}]
                timeout: 90m
                retry: {attempts: 3, backoff: 5s}
                verify: [{http: {url: "${prometheus.url}/-/ready"}}]
                on_failure: rollback
                rollback: [{manual: Put it back.}]
            checks: [prometheus_ready, sla]
            """)
        #expect(plan.names == ["complete_cluster_loss", "gone"] && plan.procedure == "full_cluster_restore")
        #expect(plan.objectives.rto == .hours(4) && plan.objectives.rtoFrom == .failed)
        #expect(plan.parameters == ["namespace": "monitoring", "replicas": "2"])
        #expect(plan.checks == ["prometheus_ready", "sla"])
        let step = try #require(plan.steps.last)
        #expect(step.id == "prometheus" && step.needs == ["declare"] && step.location.line == 12)
        let restore = try #require(step.action?.action as? RestoreAction)
        #expect(restore.to == "/etc/dr/there" && restore.paths == ["a", "b"] && !restore.replace)
        #expect(step.timeout == .minutes(90) && step.retry.attempts == 3 && step.retry.backoff == .seconds(5))
        #expect(step.onFailure == .rollback)
        #expect(step.actions.map(\.keyword) == ["run", "restore", "run", "http", "manual"])
        let ready = try #require(step.verify.first?.action as? HTTPAction)
        #expect(ready.url == .text("http://prometheus:9090/-/ready"))
    }

    @Test func `a step aborts once unless it says otherwise`() throws {
        let step = try #require(
            try PlanFixture.read(PlanFixture.plan(steps: "- {id: a, restore: loki}")).steps.first)
        #expect(step.onFailure == .abort && step.retry.attempts == 1 && step.timeout == .minutes(30))
        #expect((step.action?.action as? RestoreAction)?.component == "loki")
    }

    // MARK: References

    @Test(arguments: [
        ("${namespace}", "monitoring"), ("a ${namespace}/${prometheus.data} b", "a monitoring//prometheus b"),
        ("${stack}-${run}-${scenario}", "shop-r1-s"), ("${set}", "20260101T000000Z"),
        ("$${namespace}", "${namespace}"), ("$5 $x ${truth}", "$5 $x yes"), ("$", "$"),
    ])
    func `references are replaced`(_ text: String, _ value: String) throws {
        let plan = try PlanFixture.read(
            PlanFixture.plan(
                steps: "- {id: a, run: [echo, \"\(text)\"]}", parameters: "{namespace: monitoring, truth: yes}"))
        #expect((plan.steps[0].action?.action as? RunAction)?.words == ["echo", value])
    }

    /// A reference takes the type of its key: text, number, period, Boolean, word.
    @Test func `a reference is valid wherever its value is valid`() throws {
        let plan = try PlanFixture.read(
            PlanFixture.plan(
                steps: """
                    - id: a
                      restore: {component: "${name}", replace: "${flag}"}
                      timeout: ${time}
                      retry: {attempts: "${count}"}
                      on_failure: ${policy}
                    """,
                parameters: "{name: 7, flag: false, time: 5m, count: 4, policy: continue}"))
        let step = plan.steps[0]
        let restore = try #require(step.action?.action as? RestoreAction)
        #expect(restore.component == "7" && !restore.replace)
        #expect(step.timeout == .minutes(5) && step.retry.attempts == 4 && step.onFailure == .continue)
    }

    @Test func `a list stands for itself or for elements`() throws {
        let plan = try PlanFixture.read(
            PlanFixture.plan(
                steps: """
                    - {id: a, run: "${stop}"}
                    - {id: b, run: [sudo, "${stop}", now]}
                    """, parameters: "{stop: [systemctl, stop, x]}"))
        let words = plan.steps.map { ($0.action?.action as? RunAction)?.words }
        #expect(words == [["systemctl", "stop", "x"], ["sudo", "systemctl", "stop", "x", "now"]])
        #expect(plan.parameters["stop"] == #"["systemctl","stop","x"]"#)
    }

    @Test func `a step or key whose parameter is empty is skipped`() throws {
        let plan = try PlanFixture.read(
            PlanFixture.plan(
                steps: """
                    - id: a
                      restore: {component: loki, to: "${nowhere}"}
                      stop: [{run: "${stop}"}]
                    - {id: b, needs: [a], run: "${stop}"}
                    - {id: c, needs: [b], run: [echo, "${nowhere}", x]}
                    """, parameters: #"{nowhere: "", stop: []}"#))
        #expect(plan.steps.map(\.id) == ["a", "c"])
        #expect((plan.steps[0].action?.action as? RestoreAction)?.to == nil && plan.steps[0].stop.isEmpty)
        #expect((plan.steps[1].action?.action as? RunAction)?.words == ["echo", "x"])
        #expect(plan.leftOut.map(\.reason) == ["its 'run' is empty"])
        #expect(plan.steps[1].needs == ["a"])
    }

    @Test func `a shell has its own references`() throws {
        let plan = try PlanFixture.read(
            PlanFixture.plan(
                steps: "- id: a\n  run: {shell: 'echo ${HOME} ${name}', directory: \"${name}\"}",
                parameters: "{name: x}"))
        let run = try #require(plan.steps[0].action?.action as? RunAction)
        #expect(run.shell == "echo ${HOME} ${name}" && run.directory == "/etc/dr/x")
        let variables = plan.variables(
            of: RunIdentity(id: "r1", stack: "shop", scenario: "s", set: "20260101T000000Z"))
        #expect(variables["DR_PARAM_NAME"] == "x" && variables["DR_RUN"] == "r1" && variables["DR_SCENARIO"] == "s")
    }

    // MARK: The command line

    @Test func `the command line counts more`() throws {
        let text = PlanFixture.plan(
            steps: "- {id: a, run: [\"${a}\", \"${b}\", \"${c}\"]}", parameters: "{a: [x], b: [y], c: }")
        let plan = try PlanFixture.read(
            text, PlanFixture.scope(.run, ["a": "[\"p q\", 01]", "b": "r s", "c": "[not a list"]))
        #expect((plan.steps[0].action?.action as? RunAction)?.words == ["p q", "01", "r", "s", "[not a list"])
    }

    @Test func `a parameter without a value is asked for only by a run`() throws {
        let text = PlanFixture.plan(
            steps: "- {id: a, restore: \"${which}\", timeout: 5m, about: \"${run}\"}", parameters: "{which: }")
        #expect(PlanFixture.complaints(text) == ["4:22: parameter 'which' has no value"])
        let plan = try PlanFixture.read(text, PlanFixture.scope(.look, run: nil))
        #expect((plan.steps[0].action?.action as? RestoreAction)?.component == "${which}")
        #expect(plan.steps[0].about == "${run}")
        // A value that is not text cannot be read without its parameter.
        let typed = PlanFixture.plan(steps: "- {id: a, wait: \"${time}\"}", parameters: "{time: }")
        #expect(
            PlanFixture.complaints(typed, PlanFixture.scope(.look)) == ["0:0: cannot be read without time"])
    }

    // MARK: When

    @Test func `steps and actions belong where their condition holds`() throws {
        let text = PlanFixture.plan(
            steps: """
                - {id: start, manual: Begin.}
                - {id: host, needs: [start], when: {platform: host}, run: [a]}
                - {id: cluster, needs: [start], when: {platform: kubernetes}, run: [b]}
                - {id: traces, needs: [host], when: {component: jaeger}, http: {url: "${jaeger.url}/"}, timeout: 5m}
                - id: end
                  needs: [host, cluster, traces]
                  manual: End.
                  stop:
                    - {run: [c], when: {platform: host}}
                    - {run: [d], when: {component: loki.url, platform: host}}
                    - {http: {url: "${loki.url}/"}, when: {component: loki.url}}
                """, parameters: "{platform: {value: host, one_of: [host, kubernetes]}}")
        let plan = try PlanFixture.read(text)
        #expect(plan.steps.map(\.id) == ["start", "host", "end"])
        #expect(plan.steps[2].needs == ["host", "start"] && plan.steps[2].stop.map(\.keyword) == ["run"])
        #expect(plan.steps[1].when == ["platform": "host"])
        #expect(
            plan.leftOut.map(\.reason) == ["platform is host, not kubernetes", "the configuration has no jaeger"])
        let cluster = try PlanFixture.read(text, PlanFixture.scope(.run, ["platform": "kubernetes"]))
        #expect(cluster.steps.map(\.id) == ["start", "cluster", "end"] && cluster.steps[2].stop.isEmpty)
    }
}
