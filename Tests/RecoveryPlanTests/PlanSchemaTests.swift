import Foundation
import Lab
import ShippedPlans
import Testing

@testable import RecoveryPlan

/// Tests that `docs/plan.schema.json` agrees with the parser.
@Suite struct PlanSchemaTests {
    private static let file = Checkout.url("docs/plan.schema.json")

    /// `DR_UPDATE_GOLDEN=1` regenerates the file.
    @Test func theSchemaInTheDocsIsCurrent() throws {
        let schema = PlanSchema.json()
        if ProcessInfo.processInfo.environment["DR_UPDATE_GOLDEN"] == "1" {
            try schema.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: Self.file, encoding: .utf8) == schema)
    }

    private static let bad = [
        "scenario: s", "scenario: s\nsteps: x", "scenario: a b\nsteps: [{id: a, manual: x}]",
        "scenario: s\nsteps: [{id: a}]", "scenario: s\nsteps: [{id: a, run: [x], wait: 5s}]",
        "scenario: s\nsteps: [{id: a, run: systemctl}]", "scenario: s\nsteps: [{id: a, run: []}]",
        "scenario: s\nsteps: [{id: a, rn: [x]}]", "scenario: s\nsteps: [{id: a, manual: x, on_failure: stop}]",
        "scenario: s\nsteps: [{id: a, manual: x, timeout: 5}]",
        "scenario: s\nsteps: [{id: a, manual: x, retry: {attempts: 0}}]",
        "scenario: s\nsteps: [{id: a, manual: x, stop: [{rn: [x]}]}]",
        "scenario: s\nsteps: [{id: a, manual: x, verify: [{restore: loki}]}]",
        "scenario: s\nsteps: [{id: a, notify: {event: nothing}}]",
        "scenario: s\nsteps: [{id: a, http: {url: 'ftp://x'}}]",
        "scenario: s\nsteps: [{id: a, http: {url: 'http://x', expect: {status: 2}}}]",
        "scenario: s\nparameters: {A: x}\nsteps: [{id: a, manual: x}]",
    ]
    private static let good = [
        "scenario: s\nsteps: [{id: a, restore: loki, when: {component: loki}}]",
        "scenario: s\nparameters: {t: 5m, n: 3, c: [x], r: }\nsteps:\n  - id: a\n    run: ${c}\n    timeout: ${t}\n"
            + "    retry: {attempts: '${n}'}\n    stop: [{run: '${c}', when: {n: '3'}}]\n",
        "scenario: s\nsteps: [{id: a, wait: {for: {http: {url: '${prometheus.url}/x'}}, every: 1s}}]",
        "scenario: s\nsteps: [{id: a, run: {shell: 'x', accept: [0, 1], environment: {T: {env: X}, U: 1}}}]",
    ]

    /// The schema and the parser reject the same plans, except for references and cycles, which a schema cannot check.
    @Test func itAgreesWithTheParser() async throws {
        let folder = try TemporaryFolder("schema")
        let plans = ShippedPlan.all.map(\.text) + Self.good + Self.bad
        for (index, text) in plans.enumerated() {
            try Data(text.utf8).write(to: folder.url.appending(path: "\(index).yaml"))
        }
        let script = """
            import json, sys, jsonschema, yaml
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft7Validator.check_schema(schema)
            validator = jsonschema.Draft7Validator(schema)
            for index in range(int(sys.argv[3])):
                plan = yaml.safe_load(open(f"{sys.argv[2]}/{index}.yaml"))
                print("good" if validator.is_valid(plan) else "bad")
            """
        let run = try await CommandRun.run(
            try LabTool.path("python"), ["-c", script, Self.file.path, folder.path, "\(plans.count)"])
        let verdicts = run.output.split(separator: "\n").map(String.init)
        #expect(verdicts.count == plans.count, "\(run.errors)")
        for (text, verdict) in zip(plans, verdicts) {
            let complaints = PlanFixture.complaints(text, PlanFixture.scope(.look, run: nil))
            let isRefused = Self.bad.contains(text)
            #expect((verdict == "bad") == isRefused, "the schema, of \(text)")
            if !ShippedPlan.all.map(\.text).contains(text) {
                #expect(!complaints.isEmpty == isRefused, "the parser, of \(text): \(complaints)")
            }
        }
    }
}
