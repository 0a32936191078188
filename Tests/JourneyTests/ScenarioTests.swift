import Foundation
import Lab
import Testing

/// Plans replayed by the built program, faults included.
@Suite struct ScenarioTests {
    private static let plan = """
        scenario: loss
        aliases: [tree_loss]
        objectives: {rto: 4h, rpo: 1h}
        parameters: {pause: 1s}
        steps:
          - {id: declare, notify: {event: disaster_declared, summary: "gone"}, timeout: 1m}
          - id: tree
            needs: [declare]
            restore: tree
            verify: [{run: [test, -f, "${tree.data}/a"]}]
            timeout: 5m
          - {id: wait, needs: [tree], wait: "${pause}", timeout: 1h}

        """

    /// - Parameters:
    ///   - checks: what the plan validates by; nothing where it is left out.
    ///   - extra: more lines for `dr.yaml`.
    private func started(checks: String = "", extra: String = "") async throws -> Journey {
        let journey = try await Journey(extra: extra)
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data((Self.plan + checks).utf8).write(to: plans.appending(path: "loss.yaml"))
        try journey.write("a", "one")
        try await journey.expect(0, "backup")
        return journey
    }

    /// Makes a backup of two components, and writes a plan.
    private func startedWithTwo(plan: String) async throws -> Journey {
        let journey = try await Journey(
            components: "tree: {kind: files, data: tree}\n  other: {kind: files, data: other}", initialize: false)
        for name in ["tree", "other"] {
            let folder = journey.folder.url.appending(path: name)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data("one".utf8).write(to: folder.appending(path: "a"))
        }
        try await journey.expect(0, "init")
        try await journey.expect(0, "backup")
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        return journey
    }

    private func lose(_ journey: Journey) throws { try FileManager.default.removeItem(at: journey.data) }

    private struct Outcome: Decodable {
        struct Objectives: Decodable { var rtoMet: Bool?, rpoMet: Bool?, sinceFailed: Double?, worstLoss: Double? }
        var verdict: String
        var validatedBy: String?
        var reasons: [String]
        var warnings: [String]
        var run: String
        var objectives: Objectives
        var journal: String
    }

    @Test func `the plan restores the lost data`() async throws {
        let journey = try await started()
        try lose(journey)
        let preview = try await journey.expect(0, "restore", "--scenario", "loss", "--dry-run").output
        #expect(preview.contains("restore tree") && preview.contains("nothing was changed"))
        #expect(!FileManager.default.fileExists(atPath: journey.data.path))
        let outcome = try await journey.json(
            Outcome.self, "restore", "--scenario", "tree_loss", "--yes", "--failed-at", "20m")
        #expect(outcome.verdict == "recovered" && outcome.validatedBy == "postconditions")
        #expect(outcome.objectives.rtoMet == true && outcome.objectives.rpoMet == true)
        #expect((outcome.objectives.sinceFailed ?? 0) > 1199)
        #expect(try String(contentsOf: journey.data.appending(path: "a"), encoding: .utf8) == "one")
    }

    @Test func `the result as JSON has the warnings of the restores`() async throws {
        let journey = try await started()
        try journey.write("a", "changed")
        let outcome = try await journey.json(Outcome.self, "restore", "--scenario", "loss", "--yes")
        #expect(outcome.warnings.count == 1, "\(outcome.warnings)")
        #expect(outcome.warnings.first?.hasPrefix("tree: the previous content is kept in ") == true)
    }

    @Test func `a late recovery is reported as such`() async throws {
        let hook = try ScriptedServer { _, _ in .reply(.response(200)) }
        let journey = try await started(extra: "notifications: {webhooks: [{url: {file: hook}}]}")
        try Data(hook.url.utf8).write(to: journey.folder.url.appending(path: "hook"))
        let run = try await journey.expect(5, "restore", "--scenario", "loss", "--yes", "--declared-at", "5h")
        #expect(run.output.contains("MISSED"))
        // It is over, which is no alarm; that it took too long is worth more than a word.
        let last = String(decoding: hook.requests.last?.body ?? [], as: UTF8.self)
        #expect(last.contains(#""event":"recovery_completed""#) && last.contains(#""severity":"warning""#), "\(last)")
        #expect(last.contains(#""status_page":"operational""#))
        hook.stop()
    }

    /// That each step did its part says nothing of the stack, which the plan wants looked at.
    @Test func `a recovery whose checks did not run is not validated`() async throws {
        let journey = try await started(checks: "checks: [endpoints, prometheus_ready]\n")
        let outcome = try await journey.json(Outcome.self, "restore", "--scenario", "loss", "--yes")
        #expect(outcome.verdict == "not_validated" && outcome.validatedBy == nil)
        #expect(outcome.reasons.first?.hasPrefix("no check ran") == true, "\(outcome.reasons)")
        #expect(outcome.objectives.rtoMet == nil)
        let again = try await journey.expect(4, "restore", "--scenario", "loss", "--yes", "--resume")
        #expect(again.output.contains("NOT VALIDATED") && again.output.contains("no check ran"))
    }

    /// A plan for the whole stack may have no step for a component: it must not call the stack recovered.
    @Test func `a component that no step restores makes a recovery of the whole stack partial`() async throws {
        let journey = try await startedWithTwo(
            plan: "scenario: loss\nrestores: all\nsteps:\n  - {id: tree, restore: tree, timeout: 5m}\n")
        let preview = try await journey.expect(0, "restore", "--scenario", "loss", "--dry-run")
        #expect(preview.output.contains("warning: other is not restored"), "\(preview.output)")
        let run = try await journey.expect(3, "restore", "--scenario", "loss", "--yes")
        #expect(run.errors.contains("other is not restored"), "\(run.errors)")
        #expect(run.output.contains("other was not restored: no step of the plan restores it"), "\(run.output)")
    }

    @Test func `a resumed run restores what its own parameters choose`() async throws {
        let signs = try TemporaryFolder("signs")
        let sign = signs.url.appending(path: "go")
        let plan = """
            scenario: loss
            parameters: {scope: part}
            steps:
              - {id: ready, run: [test, -f, \(sign.path)], timeout: 1m}
              - {id: tree, needs: [ready], restore: tree, timeout: 5m}
              - {id: other, needs: [ready], when: {scope: all}, restore: other, timeout: 5m}

            """
        let journey = try await startedWithTwo(plan: plan)
        for name in ["tree", "other"] {
            try FileManager.default.removeItem(at: journey.folder.url.appending(path: name))
        }
        try await journey.expect(1, "restore", "--scenario", "loss", "--yes", "--param", "scope=all")
        try Data().write(to: sign)
        let run = try await journey.dr(["restore", "--scenario", "loss", "--yes", "--resume"])
        let other = journey.folder.url.appending(path: "other/a")
        #expect(FileManager.default.fileExists(atPath: other.path), "\(run.output) \(run.errors)")
    }

    @Test(arguments: [["--failed-at", "2099-01-01T00:00:00Z"], ["--failed-at", "1h", "--declared-at", "2h"]])
    func `moments that cannot be are refused`(_ moments: [String]) async throws {
        let journey = try await started()
        let run = try await journey.dr(["restore", "--scenario", "loss", "--yes"] + moments)
        #expect(run.status == 2)
        #expect(run.errors.contains("future") || run.errors.contains("is after"))
    }

    @Test func `restore does not prompt without a terminal and requires --yes`() async throws {
        let journey = try await started()
        let run = try await journey.expect(2, "restore", "--scenario", "loss")
        #expect(run.errors.contains("--yes"))
    }

    @Test func `a killed run is resumed and nothing is done twice`() async throws {
        let journey = try await started()
        try lose(journey)
        try await killInLastStep(journey)
        #expect(try steps(journey) == ["declare", "tree"])
        let refused = try await journey.expect(
            2, "restore", "--scenario", "loss", "--yes", "--resume", "--param", "pause=1s")
        #expect(refused.errors.contains("other values of pause"))
        try await journey.expect(
            0, "restore", "--scenario", "loss", "--yes", "--resume", "--param", "pause=1s", "--allow-changed-plan")
        #expect(try self.steps(journey) == ["declare", "tree", "wait"])
        let nothing = try await journey.expect(2, "restore", "--scenario", "loss", "--yes", "--resume")
        #expect(nothing.errors.contains("there is no run to resume") || nothing.errors.contains("is finished"))
    }

    /// Starts a run and kills it in its last step, which does not end by itself.
    private func killInLastStep(_ journey: Journey) async throws {
        let run = try await ServerProcess(
            "dr", executable: Journey.program,
            arguments: ["restore", "--scenario", "loss", "--yes", "--param", "pause=3000s"],
            folder: journey.folder.url, environment: journey.environment)
        try await run.waitUntil { (try? steps(journey).contains("tree")) == true }
        run.end()
    }

    /// Steps that the only journal says are done.
    private func steps(_ journey: Journey) throws -> [String] {
        let runs = journey.folder.url.appending(path: "state/runs")
        let names = try FileManager.default.contentsOfDirectory(atPath: runs.path).filter { !$0.hasSuffix(".lock") }
        guard let run = names.first else { return [] }
        let text = try String(contentsOf: runs.appending(path: "\(run)/journal.jsonl"), encoding: .utf8)
        return text.matches(of: #/"step_finished":\{"result":\{.*?"outcome":"done".*?"step":"(\w+)"/#).map {
            String($0.1)
        }
    }

    @Test func `a second run at once is refused`() async throws {
        let journey = try await started()
        let (plan, end) = (journey.folder.url.appending(path: "plans/loss.yaml"), "\(journey.folder.path)/end")
        let text = Self.plan.replacing(
            "wait: \"${pause}\"", with: "run: {shell: \"until [ -e '\(end)' ]; do sleep 0.1; done\"}")
        try Data(text.utf8).write(to: plan)
        async let first = journey.dr(["restore", "--scenario", "loss", "--yes"])
        let lock = journey.folder.url.appending(path: "state/runs/loss.lock")
        while (try? Data(contentsOf: lock))?.isEmpty ?? true { try await Task.sleep(for: .milliseconds(50)) }
        let second = try await journey.expect(6, "restore", "--scenario", "loss", "--yes")
        #expect(second.errors.contains("is in progress"))
        try Data().write(to: URL(filePath: end))
        #expect(try await first.status == 0)
    }

    @Test func `an altered journal is not resumed`() async throws {
        let journey = try await started()
        try await killInLastStep(journey)
        let runs = journey.folder.url.appending(path: "state/runs")
        let run = try #require(
            FileManager.default.contentsOfDirectory(atPath: runs.path).first { !$0.hasSuffix(".lock") })
        let file = runs.appending(path: "\(run)/journal.jsonl")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(text.replacing("\"outcome\":\"done\"", with: "\"outcome\":\"dune\"").utf8).write(to: file)
        let refused = try await journey.expect(4, "restore", "--scenario", "loss", "--yes", "--resume")
        #expect(refused.errors.contains("the line was altered"))
    }

    private struct ScenarioSets: Decodable {
        struct PassedOver: Decodable { var set: String }
        var passedOver: [String: [PassedOver]]?
    }

    @Test func `of a damaged set the newest good one is offered`() async throws {
        let journey = try await started()
        try journey.write("a", "two")
        try await journey.expect(0, "backup")
        let sets = journey.repository.appending(path: "sets")
        let names = try FileManager.default.contentsOfDirectory(atPath: sets.path).filter { $0.hasSuffix(".json") }
            .sorted()
        let newest = sets.appending(path: try #require(names.last))
        try Data("{}".utf8).write(to: newest)
        let (good, bad) = (try #require(names.first).dropLast(5), try #require(names.last).dropLast(5))
        let named = try await journey.expect(7, "restore", "--scenario", "loss", "--yes", "--at", String(bad))
        #expect(named.errors.contains("--at \(good)"))
        // This machine made it, so it misses it as one that is gone.
        let refused = try await journey.expect(7, "restore", "--scenario", "loss", "--yes")
        #expect(refused.errors.contains("skipping set \(bad)") && refused.errors.contains("`dr repair`"))
        #expect(refused.errors.contains("--accept-older"))
        #expect(try await journey.expect(4, "status").errors.contains("which this machine committed, cannot be read"))
        let scenario = ["restore", "--scenario", "loss", "--accept-older", "--json"]
        for (arguments, name) in [(["--dry-run"], "restoreScenarioPreview"), (["--yes"], "restoreScenario")] {
            let run = try await journey.dr(scenario + arguments)
            #expect(run.status == 0, "\(run.errors)")
            let document = try JSONDecoder().decode(ScenarioSets.self, from: Data(run.output.utf8))
            #expect(document.passedOver?["tree"]?.map(\.set) == [String(bad)], "\(run.output)")
            let objections = try await journey.objections(
                to: Data(run.output.utf8), schema: "output.schema.json", name)
            #expect(objections == "", "\(name): \(objections)")
        }
        let preview = try await journey.dr([
            "restore", "--component", "tree", "--to", "preview", "--accept-older", "--dry-run", "--json",
        ])
        #expect(preview.status == 0 && preview.output.contains("\"passedOver\""), "\(preview.output)\(preview.errors)")
        let objections = try await journey.objections(
            to: Data(preview.output.utf8), schema: "output.schema.json", "restorePreview")
        #expect(objections == "", "\(objections)")
        try await journey.expect(0, "restore", "--scenario", "loss", "--yes", "--at", String(good))
    }

    @Test func `a report is made and proved`() async throws {
        let journey = try await started()
        let outcome = try await journey.json(Outcome.self, "restore", "--scenario", "loss", "--yes")
        try await journey.expect(0, "report", outcome.run)
        let evidence = try String(
            contentsOfFile: outcome.journal.replacing("journal.jsonl", with: "report.json"), encoding: .utf8)
        #expect(evidence.contains("the plan declares no checks"))
        let page = outcome.journal.replacing("journal.jsonl", with: "report.html")
        try await journey.expect(0, "report", "verify", page, "--journal", outcome.journal)
        var bytes = try Data(contentsOf: URL(filePath: page))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: page))
        let refused = try await journey.expect(4, "report", "verify", page)
        #expect(refused.errors.contains("altered"))
    }
}
