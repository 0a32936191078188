import Foundation
import Lab
import Testing

/// `dr ready`, `dr plan history` and `dr forecast history`, from a new stack to one that was drilled and changed.
@Suite struct ReadyTests {
    private static let plan = """
        scenario: loss
        objectives: {rto: 4h}
        steps: [{id: tree, restore: tree}]

        """

    private struct Report: Decodable {
        struct Scenario: Decodable {
            struct Row: Decodable {
                var check: String
                var status: String
                var reason: String
                var remedy: String?
            }
            var scenario: String
            var checks: [Row]
        }
        var status: String
        var scenarios: [Scenario]

        func row(_ check: String) -> Scenario.Row? { scenarios.first?.checks.first { $0.check == check } }
    }

    private func write(_ plan: String, _ journey: Journey) throws {
        let folder = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(plan.utf8).write(to: folder.appending(path: "loss.yaml"))
    }

    /// Runs a command and compares its document with the schema.
    private func document<Value: Decodable>(
        _ type: Value.Type, _ schema: String, _ status: Int32, _ journey: Journey, _ command: String...
    ) async throws -> Value {
        let run = try await journey.dr(command + ["--json"])
        #expect(run.status == status, "\(command): \(run.output)\n\(run.errors)")
        let document = Data(run.output.utf8)
        #expect(try await journey.objections(to: document, schema: "output.schema.json", schema) == "", "\(run.output)")
        return try JSONDecoder().decode(type, from: document)
    }

    @Test func `a stack becomes ready by a backup, a verification and a drill, until its plan changes`() async throws {
        let folder = try TemporaryFolder("metrics")
        let journey = try await Journey(
            extra: "objectives: {rpo: 1h}\nmetrics: {textfile: \(folder.path)/dr.prom}")
        try write(Self.plan, journey)
        try journey.write("a", "one")
        let first = try await document(Report.self, "ready", 4, journey, "ready", "loss", "--without", "gaps")
        #expect(first.status == "red" && first.row("drill")?.remedy == "dr drill --scenario loss")
        #expect(first.row("gaps") == nil)

        try await journey.expect(0, "backup")
        try await journey.expect(0, "verify", "--read-data")
        try await journey.expect(0, "drill", "--scenario", "loss", "--inject", "missing_pack")
        let ready = try await journey.dr(["ready", "--without", "gaps"])
        #expect(ready.status == 0 && ready.output.hasPrefix("loss: GREEN"), "\(ready.output)\n\(ready.errors)")
        let metrics = try String(contentsOfFile: "\(folder.path)/dr-ready.prom", encoding: .utf8)
        #expect(metrics.contains(#"dr_ready{stack="monitoring",scenario="loss"} 1"#), "\(metrics)")
        #expect(metrics.contains(#"scenario="loss",check="drill"} 0"#), "\(metrics)")

        try write(Self.plan.replacing("restore: tree}", with: "restore: tree, timeout: 2h}"), journey)
        let changed = try await document(Report.self, "ready", 5, journey, "ready", "loss", "--without", "gaps")
        #expect(changed.row("plan_change")?.reason.hasSuffix("step 'tree' changed: timeout") == true)
        #expect(changed.scenarios[0].checks.filter { $0.status == "amber" }.map(\.check) == ["plan_change"])

        struct History: Decodable {
            struct Run: Decodable { var verdict: String, kind: String }
            struct Change: Decodable { var changes: [String]? }
            var change: Change?
            var runs: [Run]
        }
        let history = try await document(History.self, "plan history", 0, journey, "plan", "history", "loss")
        #expect(history.runs.map(\.verdict) == ["passed"] && history.runs.map(\.kind) == ["drill"])
        #expect(history.change?.changes == ["step 'tree' changed: timeout"])

        // The next drill has a forecast, and its report the change of the plan.
        let drill = try await journey.expect(0, "drill", "--scenario", "loss", "--inject", "missing_pack")
        #expect(drill.output.contains(" by drills; it took ") && drill.output.contains("; error "), "\(drill.output)")
        let report = try await journey.expect(0, "report", "--to", journey.folder.url.appending(path: "report").path)
        let file = try #require(report.output.firstMatch(of: #/wrote (\S+\.md)/#)).1
        let page = try String(contentsOfFile: String(file), encoding: .utf8)
        #expect(page.contains("| step 'tree' changed: timeout |") && page.contains("| Forecast error | "), "\(page)")
        struct Forecasts: Decodable {
            struct Outcome: Decodable { var error: Double?, note: String? }
            struct Summary: Decodable { var kind: String, runs: Int }
            var outcomes: [Outcome]
            var summaries: [Summary]
        }
        let forecasts = try await document(
            Forecasts.self, "forecast history", 0, journey, "forecast", "history", "loss")
        #expect(forecasts.outcomes.count == 2 && forecasts.outcomes[0].note?.hasPrefix("no forecast") == true)
        #expect(forecasts.outcomes[1].error != nil && forecasts.summaries.map(\.runs) == [1])
        #expect(try await journey.expect(0, "forecast", "history", "loss").output.contains("1 drill: no forecast with"))

        // Without the store, its row is red and the others are still told.
        try FileManager.default.moveItem(
            at: journey.repository, to: journey.folder.url.appending(path: "elsewhere"))
        let away = try await document(Report.self, "ready", 4, journey, "ready", "loss", "--without", "gaps")
        #expect(away.row("store")?.status == "red" && away.row("drill")?.status == "green")
        #expect(away.row("backup")?.reason == "unknown: the store cannot be read")
    }

    @Test func `without a plan there is nothing to check`() async throws {
        let journey = try await Journey(initialize: false)
        let run = try await journey.dr(["ready"])
        #expect(run.status == 2 && run.errors.contains("no plan is configured, run or drilled here"), "\(run.errors)")
        #expect(try await journey.dr(["ready", "--without", "plan"]).status == 2)
    }
}
