import Documents
import Testing

@testable import RecoveryPlan

/// Tests of the findings before a plan runs that need more than its text.
@Suite struct PlanReviewTests {
    private func findings(
        _ text: String, file: String = "s.yaml", checks: [String]? = ["ready"], rto: Period? = nil
    ) -> [String] {
        PlanReview(
            PlanText(text, file: file, folder: "/etc/dr"), in: PlanFixture.scope(.look, run: nil),
            PlanReview.Surroundings(
                components: ["loki", "prometheus"], checks: checks, environment: ["PATH": "/usr/bin:/bin"], rto: rto)
        ).findings.map { "\($0.diagnostic.location.line): \($0.severity): \($0.diagnostic.message)" }
    }

    @Test(
        arguments: [
            ("- {id: a, restore: lokki}", "4: error: there is no component 'lokki' (did you mean 'loki'?)"),
            ("- {id: a, restore: jaeger, when: {component: jaeger}}\n- {id: b, run: [ls]}", nil),
            ("- {id: a, check: raedy}", "4: error: there is no check 'raedy' (did you mean 'ready'?)"),
            ("- {id: a, run: [ls], verify: [{wait: {for: {check: [never]}}}]}", "4: error: there is no check 'never'"),
            ("- {id: a, run: [no-such-program]}", "4: warning: 'no-such-program' is not in the PATH"),
            (
                "- {id: a, run: {argv: [ls], environment: {PATH: /nowhere}}}", "4: warning: 'ls' is not in the PATH"
            ),
            ("- {id: a, run: {argv: [ls], environment: {PATH: {env: TOOLS}}}}", nil),
            ("- {id: a, run: {argv: [env], directory: /usr, environment: {PATH: bin}}}", nil),
            ("- {id: a, run: [/etc/passwd]}", "4: warning: this user is not allowed to run '/etc/passwd'"),
            ("- {id: a, run: [/nowhere/x]}", "4: warning: there is no program '/nowhere/x' on this machine"),
            ("- {id: a, run: {shell: 'echo ${x}'}}", "4: warning: '${x}' in a shell script is the shell's variable"),
            (
                "- {id: a, restore: \"${open}\", stop: [{run: \"${open}\"}, {http: {url: \"${open}\"}}], verify: [{check: \"${open}\"}]}",
                nil
            ),
            ("- {id: a, thaw: {}, timeout: 5h}", nil),
            ("- {id: a, thaw: {}}", "4: warning: a thaw at speed Standard takes up to 5h in class GLACIER"),
            ("- {id: a, thaw: {tier: Bulk}, timeout: 6h}", "4: warning: a thaw at speed Bulk takes up to 12h"),
            (
                "- {id: a, thaw: {components: [lokki]}, timeout: 6h}",
                "4: error: there is no component 'lokki' (did you mean 'loki'?)"
            ),
            ("- {id: a, wait: x}", "4: error: 'x' is not a length of time"),
        ] as [(String, String?)])
    func `validate reports references to things that do not exist`(_ step: String, _ finding: String?) {
        let found = findings(PlanFixture.plan(steps: step, parameters: "{x: y, open: }"))
        if let finding {
            #expect(found.count == 1 && found.allSatisfy { $0.hasPrefix(finding) }, "\(found)")
        } else {
            #expect(found.isEmpty)
        }
    }

    @Test func `the plans own checks must be there too`() {
        let text = PlanFixture.plan(steps: "- {id: a, run: [ls]}") + "checks: [readdy]\n"
        #expect(findings(text) == ["0: error: there is no check 'readdy' (did you mean 'ready'?)"])
        #expect(findings(text, checks: nil) == [])
    }

    /// a and c run concurrently; b has two attempts of ten minutes each, with 20 s between them.
    @Test(arguments: [("31m", false), ("30m", true)])
    func `times that cannot be kept are refused`(_ rto: String, _ isRefused: Bool) throws {
        let steps = """
            - {id: a, run: [ls], timeout: 10m}
            - {id: b, run: [ls], needs: [a], timeout: 10m, retry: {attempts: 2, backoff: 20s}}
            - {id: c, run: [ls], timeout: 30m}
            """
        let text = PlanFixture.plan(steps: steps) + "objectives: {rto: \(rto)}\n"
        let refusal =
            "4: error: with its time-outs and retries a → b may take 30m20s, which exceeds the RTO of 30m"
        #expect(findings(text) == (isRefused ? [refusal] : []))
        // The configuration's RTO applies only if the plan has none.
        #expect(findings(text, rto: .minutes(1)) == (isRefused ? [refusal] : []))
        #expect(findings(PlanFixture.plan(steps: steps), rto: .minutes(1)).count == 1)
    }

    @Test func `attempts and doubling waits add up`() {
        var step = Step()
        step.timeout = .minutes(1)
        step.retry.attempts = 4
        step.retry.backoff = .seconds(10)
        #expect(step.longestDuration == 4 * 60 + 10 + 20 + 40)
    }

    @Test func `a file is named after its scenario`() {
        let text = PlanFixture.plan(steps: "- {id: a, run: [ls]}")
        #expect(findings(text, file: "/x/other.yaml") == ["0: warning: the file is not named after its scenario"])
        #expect(findings("aliases: [other]\n" + text, file: "/x/other.yaml") == [])
    }

    @Test func `only errors keep a plan from being run`() throws {
        let plan = PlanFixture.plan(steps: "- {id: a, run: [no-such-program]}")
        func review(_ text: String) -> PlanReview {
            PlanReview(
                PlanText(text, file: "s.yaml", folder: "/"), in: PlanFixture.scope(),
                PlanReview.Surroundings(components: [], checks: [], environment: ["PATH": "/bin"]))
        }
        #expect(try review(plan).checked().steps.count == 1)
        #expect(throws: DocumentError.self) { try review(plan + "checks: [x]\n").checked() }
        #expect(throws: DocumentError.self) { try review("scenario: s").checked() }
    }
}
