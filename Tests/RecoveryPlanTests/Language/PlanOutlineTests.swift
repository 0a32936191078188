import Documents
import Foundation
import Testing

@testable import RecoveryPlan

@Suite struct PlanOutlineTests {
    private static let plan = """
        scenario: loss
        about: the disk is gone
        objectives: {rto: 4h}
        parameters:
          platform: host
          address: {about: where, one_of: [a, b]}
        steps:
          - {id: stop, run: [systemctl, stop, "${platform}"]}
          - id: data
            needs: [stop]
            restore: prometheus
            timeout: 2h
        checks: [endpoints]

        """

    private func outline(_ text: String) throws -> PlanOutline {
        try PlanOutline(PlanText(text, file: "plans/loss.yaml", folder: "/etc/dr"))
    }

    private func changes(_ old: String, _ new: String) throws -> [String] {
        try outline(Self.plan.replacing(old, with: new)).changes(since: try outline(Self.plan))
    }

    @Test(arguments: [
        ("about: the disk is gone", "# a comment\nabout: the disk of the server is gone"),
        ("needs: [stop]\n    restore: prometheus", "restore: prometheus\n    needs: [stop]"),
        ("{about: where, one_of", "{about: the address, one_of"), ("[systemctl, stop,", "['systemctl',   \"stop\","),
    ])
    func `comments, descriptions and layout are no changes`(_ old: String, _ new: String) throws {
        #expect(Self.plan.contains(old))
        #expect(try changes(old, new) == [])
    }

    @Test(arguments: [
        ("timeout: 2h", "timeout: 3h\n    retry: {attempts: 2}", "step 'data' changed: retry, timeout"),
        ("restore: prometheus", "restore: loki", "step 'data' changed: restore"),
        ("[systemctl, stop,", "[systemctl, kill,", "step 'stop' changed: run"),
        ("platform: host", "platform: kubernetes", "parameter 'platform': 'kubernetes', before 'host'"),
        ("platform: host", "other: 1\n  platform: host", "parameter 'other' added: '1'"),
        ("rto: 4h", "rto: 2h", "setting 'rto': '2h', before '4h'"),
        ("rto: 4h", "rto: 4h, rpo: 1h", "setting 'rpo' added: '1h'"),
        ("[endpoints]", "[endpoints, sla]", "check 'sla' added"),
        ("[endpoints]", "[]", "check 'endpoints' removed"),
        ("checks:", "restores: all\nchecks:", "setting 'restores' added: 'all'"),
        ("steps:", "steps:\n  - {id: first, wait: 1s}", "step 'first' added"),
    ])
    func `each change has a line`(_ old: String, _ new: String, _ line: String) throws {
        #expect(Self.plan.contains(old))
        #expect(try changes(old, new) == [line])
    }

    @Test func `removed and renamed steps are named`() throws {
        #expect(try changes("{id: stop,", "{id: halt,") == ["step 'halt' added", "step 'stop' removed"])
    }

    @Test func `the outline survives a journal`() throws {
        let outline = try outline(Self.plan)
        #expect(try JSONDecoder().decode(PlanOutline.self, from: JSONEncoder().encode(outline)) == outline)
        #expect(outline.parameters == ["platform": "host", "address": ""] && outline.settings == ["rto": "4h"])
    }

    @Test func `a plan with other errors has an outline too`() throws {
        let broken = try outline("steps: 7\nparameters: [a]\nchecks: {a: b}\nobjectives: no\n")
        #expect(broken == PlanOutline(steps: []))
        #expect(throws: DocumentError.self) { try self.outline("a: [") }
    }

    // MARK: Changes since a test

    private func test(_ outline: PlanOutline?, digest: String = "old") -> RunRecord {
        var record = Rehearsal.record(startedAt: Date(timeIntervalSince1970: 1_800_000_000))
        record.outline = outline
        record.planDigest = digest
        return record
    }

    @Test func `the change since a test tells comments from another course`() throws {
        let now = try outline(Self.plan)
        let same = PlanChange(since: test(now), digest: "new", outline: now)
        #expect(same.changes == [] && !same.isSubstantive && same.text == "unchanged" && same.run == "run")
        var old = now
        old.checks = []
        let changed = PlanChange(since: test(old), digest: "new", outline: now)
        #expect(changed.isSubstantive && changed.text == "check 'endpoints' added")
        // Without the parts of the earlier plan, only the digest can show that it is the same.
        let unknown = PlanChange(since: test(nil), digest: "new", outline: now)
        #expect(unknown.changes == nil && unknown.isSubstantive)
        #expect(!PlanChange(since: test(nil), digest: "old", outline: now).isSubstantive)
    }
}
