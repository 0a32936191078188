import Documents
import Foundation
import Lab
import Testing

/// `dr plan`, as a user meets it.
@Suite struct PlanTests {
    private func journey(_ extra: String = "") async throws -> Journey {
        try await Journey(
            components: """
                tree: {kind: files, data: .}
                  prometheus: {url: "http://localhost:9090", data: prom, username: u, password: {env: SECRET}}
                """, extra: extra)
    }

    private func write(_ name: String, _ text: String, in journey: Journey) throws {
        let folder = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: folder.appending(path: name))
    }

    @Test func theProgramsOwnPlansNeedNoFile() async throws {
        let journey = try await journey()
        let list = try await journey.expect(0, "plan", "list")
        #expect(list.output.contains("complete_cluster_loss") && !list.output.contains("invalid"))
        let validated = try await journey.expect(0, "plan", "validate")
        #expect(validated.output.contains("incident_response: valid"))
        let shown = try await journey.expect(
            0, "plan", "show", "prometheus_corruption", "--param", "stop_prometheus=[stop-it, now]")
        #expect(shown.output.contains("run stop-it now") && shown.output.contains("\(journey.folder.path)/prom"))
        #expect(shown.output.contains("at most 58m") && !shown.output.contains("SECRET"))
        let graph = try await journey.expect(0, "plan", "show", "prometheus_corruption", "--dot")
        #expect(graph.output.contains(#""declare" -> "prometheus""#))
    }

    /// The source printed is the beginning of one's own.
    @Test func aPlanOfTheFolderCountsMore() async throws {
        let journey = try await journey()
        let source = try await journey.expect(0, "plan", "show", "namespace_deletion", "--source").output
        try write("monitoring_namespace_deletion.yaml", source.replacing("rto: 30m", with: "rto: 29m"), in: journey)
        let list = try await journey.expect(0, "plan", "list", "--json")
        let plans = try #require(try JSONValue(parsing: list.output)["plans"]?.array)
        let plan = try #require(plans.first { $0["scenario"]?.text == "monitoring_namespace_deletion" })
        #expect(plan["rto"]?.text == "29m" && plan["isBuiltIn"]?.bool == false && plan["isValid"]?.bool == true)
        #expect(plans.count == 5)
    }

    /// A plan that comes with the program and is for a component that this stack has not is nobody's mistake, until it is
    /// asked for. In a plan of one's own it is one.
    @Test func aPlanForAnotherStackIsNoMistake() async throws {
        let journey = try await Journey()
        let all = try await journey.expect(0, "plan", "validate")
        #expect(
            all.output.contains("prometheus_data_corruption: not for this stack, which has no prometheus")
                && all.output.contains("complete_cluster_loss: valid") && !all.output.contains("error:"))
        let report = try await journey.expect(0, "plan", "validate", "--json").output
        let plan = try #require(
            try JSONValue(parsing: report)["plans"]?.array?.first {
                $0["scenario"]?.text == "prometheus_data_corruption"
            })
        #expect(plan["lacks"]?.array?.map(\.text) == ["prometheus"] && plan["isValid"]?.bool == true)
        let list = try await journey.expect(0, "plan", "list").output
        #expect(list.contains("(not for this stack: no prometheus)") && !list.contains("invalid"))
        let named = try await journey.expect(2, "plan", "validate", "prometheus_corruption")
        #expect(named.output.contains("there is no component 'prometheus'") && named.output.contains("INVALID"))
        let source = try await journey.expect(0, "plan", "show", "incident_response", "--source").output
        try write(
            "incident_response.yaml",
            source.replacing(
                "{violation: availability, platform: host, component: grafana}",
                with: "{violation: availability, platform: host}"), in: journey)
        let own = try await journey.expect(2, "plan", "validate")
        #expect(own.output.contains("there is no component 'grafana'"))
        #expect(try await journey.expect(0, "plan", "list").output.contains("(invalid: dr plan validate incident"))
    }

    @Test func everyMistakeIsFoundWithItsPlaceAndTheCodeIs2() async throws {
        let journey = try await journey("plans: plans")
        try write(
            "mine.yaml",
            """
            scenario: mine
            objectives: {rto: 10m}
            parameters: {name: x}
            steps:
              - {id: a, restore: promethus, timeout: 20m}
              - {id: b, needs: [a], run: [no-such-program]}
            """, in: journey)
        try write("broken.yaml", "scenario: [", in: journey)
        let all = try await journey.expect(2, "plan", "validate")
        let file = "\(journey.folder.path)/plans/mine.yaml"
        #expect(
            all.output.contains("\(file):5:22: error: there is no component 'promethus' (did you mean 'prometheus'?)"))
        #expect(all.output.contains("\(file):5:5: error: with its time-outs and retries a → b may take 50m"))
        #expect(all.output.contains("\(file):6:30: warning: 'no-such-program' is not in the PATH"))
        #expect(all.output.contains("broken.yaml: INVALID") && all.output.contains("mine: INVALID"))
        try await journey.expect(2, "plan", "validate", "mine", "--param", "nmae=y")
        try await journey.expect(0, "plan", "validate", "incident_response", "--param", "violation=latency")
        let unknown = try await journey.expect(2, "plan", "show", "incident_responze")
        #expect(unknown.errors.contains("mine.yaml") || unknown.errors.contains("broken.yaml"))
    }

    @Test(arguments: [["plan", "list"], ["plan", "show", "incident_response"], ["plan", "validate"]])
    func whatIsPrintedForProgramsFitsItsSchema(_ command: [String]) async throws {
        let journey = try await Journey()
        let run = try await journey.dr(command + ["--json"])
        #expect(run.status == 0)
        let answer = journey.folder.url.appending(path: "answer.json")
        try Data(run.output.utf8).write(to: answer)
        let check = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1]))
            schema["$ref"] = "#/$defs/" + sys.argv[2]
            jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[3])))
            """
        let schema = Journey.checkout.appending(path: "docs/output.schema.json").path
        let verdict = try await CommandRun.run(
            try LabTool.path("python"), ["-c", check, schema, command.prefix(2).joined(separator: " "), answer.path])
        #expect(verdict.status == 0, "\(verdict.errors)\n\(run.output)")
    }
}
