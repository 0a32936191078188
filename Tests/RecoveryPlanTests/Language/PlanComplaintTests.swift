import Documents
import Testing

@testable import RecoveryPlan

/// Tests that one pass reports all errors in a plan, each with its location.
@Suite struct PlanComplaintTests {
    @Test(arguments: [
        ("- {id: a, rn: [x]}", "4:13: unknown key 'rn' (did you mean 'run'?)"),
        ("- {id: a}", "4:5: step 'a' has no action"),
        ("- {id: a, run: [x], wait: 5s}", "4:23: step 'a' has two actions, 'run' and 'wait'"),
        ("- {run: [x]}", "4:5: required key 'id' is missing"),
        ("- {id: a b, run: [x]}", "4:10: 'a b' is not a valid name"),
        ("- {id: a, run: [x]}\n- {id: a, run: [y]}", "5:5: duplicate step 'a': line 4 already defines it"),
        ("- {id: a, run: [x], needs: [b]}", "4:5: step 'a' needs 'b', but there is no such step (did you mean 'a'?)"),
        ("- {id: a, run: [x], needs: [a]}", "4:23: step 'a' needs itself"),
        (
            "- {id: a, run: [x], needs: [c]}\n- {id: b, run: [x], needs: [a]}\n- {id: c, run: [x], needs: [b]}",
            "4:5: steps depend on each other in a cycle: a needs c needs b needs a"
        ),
        ("- {id: a, run: systemctl stop x}", "4:18: expected a list with a program and its arguments, found text"),
        ("- {id: a, run: {accept: 0}}", "4:18: 'run' needs either 'argv' or 'shell'"),
        (
            "- {id: a, run: [x], verify: [{restore: loki}]}",
            "4:32: this 'restore' is not a condition: it changes something"
        ),
        (
            "- {id: a, run: [x], verify: [{http: {url: 'http://x', method: POST}}]}",
            "4:32: this 'http' is not a condition: it changes something"
        ),
        (
            "- {id: a, run: [x], verify: [{wait: 5s}]}",
            "4:32: this 'wait' is not a condition: it changes something"
        ),
        ("- {id: a, run: [x], stop: [{wiat: 5s}]}", "4:31: unknown action 'wiat' (did you mean 'wait'?)"),
        (
            "- {id: a, wait: {for: {manual: Go.}}}",
            "4:25: this 'manual' is not a condition: it changes something"
        ),
        ("- {id: a, http: {url: 'ftp://x'}}", "4:25: the URL does not start with http:// or https://"),
        ("- {id: a, http: {url: 'http://user:pw@x'}}", "4:25: the URL contains a user name or password"),
        ("- {id: a, http: {url: 'http://x', expect: {status: 2000}}}", "4:54: 2000 is out of range: 100 to 599"),
        ("- {id: a, notify: {event: disaster}}", "4:29: unknown value 'disaster'"),
        ("- {id: a, run: [\"${nmae}\"]}", "4:19: unknown reference '${nmae}' (did you mean 'name'?)"),
        ("- {id: a, run: [\"${name\"]}", "4:19: '${' without a closing '}'"),
        (
            "- {id: a, run: [\"${jeager.url}\"]}",
            "4:19: '${jeager.url}': there is no component 'jeager' (known here: loki, prometheus)"
        ),
        (
            "- {id: a, run: [\"${prometheus.uri}\"]}",
            "4:19: component 'prometheus' has no plain setting 'uri' (did you mean 'url'?)"
        ),
        ("- {id: a, run: [\"x ${words}\"]}", "4:19: '${words}' is a list and cannot be part of a text"),
        (
            "- {id: a, run: [x], when: {nmae: x}}",
            "4:29: unknown parameter 'nmae' in 'when' (did you mean 'name'?)"
        ),
        ("- {id: a, run: [x], when: {one: c}}", "4:29: 'c' is not a valid value of parameter 'one'"),
        ("- {id: a, run: [x], timeout: 5}", "4:32: '5' has no unit"),
        // Also in skipped steps.
        ("- {id: a, rn: [x], when: {one: b}}", "4:13: unknown key 'rn' (did you mean 'run'?)"),
        ("- {id: a, run: [x], when: {component: jaeger}, timeout: x}", "4:59: 'x' is not a length of time"),
        ("- {id: a, run: [x], stop: [{rn: [x], when: {one: b}}]}", "4:31: unknown action 'rn'"),
    ])
    func `a mistake is named with its place`(_ step: String, _ complaint: String) throws {
        let text = PlanFixture.plan(
            steps: step, parameters: "{name: x, words: [a, b], one: {value: a, one_of: [a, b]}}")
        let complaints = PlanFixture.complaints(text)
        #expect(complaints.contains { $0.hasPrefix(complaint) }, "\(complaints)")
    }

    @Test(arguments: [
        ("scenario: s", "1:1: required key 'steps' is missing"),
        ("- a", "1:1: expected a mapping of keys, found a list"),
        ("scenario: s\nsteps: []", "0:0: the plan has no steps"),
        ("scenario: s\nstep: []", "2:1: unknown key 'step' (did you mean 'steps'?)"),
        ("scenario: [", "not valid YAML"), ("", "is empty"),
        ("scenario: s\nparameters: {run: x}\nsteps: []", "2:14: 'run' is reserved"),
        ("scenario: s\nparameters: {A: x}\nsteps: []", "2:14: 'A' is not a valid parameter name"),
        ("scenario: s\nparameters: {a: \"${b}\"}\nsteps: []", "2:17: a parameter's value cannot contain references"),
        (
            "scenario: s\nparameters: {a: {value: c, one_of: [a, b]}}\nsteps: []",
            "2:18: 'c' is not one of the values of 'one_of'"
        ),
    ])
    func `a plan is a mapping of its keys`(_ text: String, _ complaint: String) {
        let complaints = PlanFixture.complaints(text)
        #expect(complaints.contains { $0.contains(complaint) }, "\(complaints)")
    }

    @Test func `a plan of which nothing remains is refused`() {
        let text = PlanFixture.plan(steps: "- {id: a, run: [x], when: {p: q}}", parameters: "{p: r}")
        #expect(PlanFixture.complaints(text) == ["0:0: the run would skip every step: 'a' because p is r, not q"])
    }

    @Test func `the command line is held to the plan`() {
        let text = PlanFixture.plan(
            steps: "- {id: a, run: [x]}", parameters: "{name: x, one: {value: a, one_of: [a, b]}}")
        #expect(
            PlanFixture.complaints(text, PlanFixture.scope(.run, ["nmae": "y"]))
                == ["0:0: the plan has no parameter 'nmae' (did you mean 'name'?)"])
        #expect(
            PlanFixture.complaints(text, PlanFixture.scope(.run, ["one": "c"]))
                == ["2:23: 'c' is not a valid value for parameter 'one' (did you mean 'a'?)"])
    }

    @Test func `every mistake is found at once in the order of the file`() {
        let text = PlanFixture.plan(
            steps: """
                - {id: a, rn: [x]}
                - {id: b, run: ["${x}"], timeout: soon}
                - {id: c, restore: {componnet: loki}, when: {p: q}}
                """, parameters: "{p: r}")
        let lines = PlanFixture.complaints(text).map { $0.prefix { $0 != ":" } }
        #expect(lines == ["4", "5", "5", "6", "6"], "\(PlanFixture.complaints(text))")
    }
}
