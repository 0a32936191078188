import Foundation
import Lab
import Testing

/// Drills by the built program: each damage turns one red, and one that cannot fail proves nothing.
@Suite struct DrillTests {
    private static let plan = """
        scenario: loss
        objectives: {rto: 4h, rpo: 1h}
        steps:
          - {id: tree, restore: tree, timeout: 5m}
        checks: [canaries]

        """

    private struct Outcome: Decodable {
        struct Control: Decodable {
            var damage: String, red: [String], expected: [String], noticed: Bool, why: [String]
        }
        var verdict: String
        var reasons: [String]
        var negativeControl: Control?
        var liveStackUntouched: Bool?
    }

    private func started(drill: String = "", plan: String = DrillTests.plan) async throws -> Journey {
        let journey = try await Journey(
            extra: "checks: {canaries: {tree: {}}}\n" + (drill.isEmpty ? "" : "drill: \(drill)\n"))
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        try journey.write("a", String(repeating: "content ", count: 200))
        try await journey.expect(0, "backup")
        try journey.write("b", "more")
        try await Journey.nextSecond()
        try await journey.expect(0, "backup")
        return journey
    }

    @Test(arguments: [
        ("flipped_byte", "tree", "tree/packs/"),
        ("missing_pack", "tree", "removed for the negative control"),
        ("old_set", "canaries", "an older backup was restored"),
    ])
    func `each damage is noticed`(_ control: String, _ by: String, _ why: String) async throws {
        let journey = try await started()
        let before = try FileManager.default.subpathsOfDirectory(atPath: journey.data.path).sorted()
        let outcome = try await journey.json(Outcome.self, "drill", "--scenario", "loss", "--inject", control)
        #expect(outcome.verdict == "passed", "\(outcome.reasons)")
        #expect(outcome.negativeControl?.noticed == true)
        #expect(outcome.negativeControl?.red.contains(by) == true, "\(outcome.negativeControl?.red ?? [])")
        let said = outcome.negativeControl?.why.filter { $0.hasPrefix("\(by): ") && $0.contains(why) } ?? []
        #expect(said.count == 1, "\(outcome.negativeControl?.why ?? [])")
        #expect(outcome.liveStackUntouched == true)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: journey.data.path).sorted() == before)
        let drills = journey.folder.url.appending(path: "state/drills").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: drills) == [])
        #expect(try await journey.expect(0, "list").output.contains("202"))
    }

    @Test func `a drill that cannot fail is void`() async throws {
        // There is nothing to look at for this check.
        let journey = try await started(drill: "{checks: [endpoints]}")
        let run = try await journey.expect(4, "drill", "--scenario", "loss", "--inject", "old_set")
        #expect(run.output.contains("INCONCLUSIVE") && run.output.contains("no check ran"), "\(run.output)")
    }

    @Test func `a real damage fails the drill itself`() async throws {
        let journey = try await started()
        let packs = journey.repository.appending(path: "tree/packs")
        for name in try FileManager.default.contentsOfDirectory(atPath: packs.path) where name.hasSuffix(".tar.gz") {
            try FileManager.default.removeItem(at: packs.appending(path: name))
        }
        let run = try await journey.expect(4, "drill", "--scenario", "loss")
        #expect(run.output.contains("FAILED") && run.output.contains("step 'tree' failed"))
    }

    @Test func `a drill with a partial restore fails`() async throws {
        let plan = Self.plan.replacing(
            "checks:",
            with:
                "  - {id: late, http: {url: \"http://127.0.0.1:1/\", within: 1s}, timeout: 1m, on_failure: continue}\nchecks:"
        )
        let journey = try await started(plan: plan)
        let run = try await journey.expect(4, "drill", "--scenario", "loss", "--inject", "missing_pack")
        #expect(run.output.contains("FAILED") && run.output.contains("late"), "\(run.output)")
    }

    @Test func `a plan that reaches the live stack is refused`() async throws {
        let plan = """
            scenario: loss
            objectives: {rto: 4h, rpo: 1h}
            steps:
              - {id: tree, restore: {component: tree, to: "/tmp"}, timeout: 5m}
              - {id: touch, run: [touch, /tmp/x], timeout: 1m}

            """
        let journey = try await started(plan: plan)
        let text = try String(contentsOf: journey.folder.url.appending(path: "plans/loss.yaml"), encoding: .utf8)
        try Data(text.replacing("/tmp\"", with: "\(journey.data.path)\"").utf8)
            .write(to: journey.folder.url.appending(path: "plans/loss.yaml"))
        let run = try await journey.expect(1, "drill", "--scenario", "loss")
        #expect(run.errors.contains("same directory") && run.errors.contains("step 'touch' runs a program"))
        #expect(run.errors.contains("nothing was changed"))
    }
}
