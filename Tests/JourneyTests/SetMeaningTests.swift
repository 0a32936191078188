import Foundation
import Lab
import Testing

/// Which set a user gets, and what a set that is not whole does to the others.
@Suite struct SetMeaningTests {
    private struct Listed: Decodable {
        struct Set: Decodable {
            var name: String
            var status: String
            var components: [String]
            var dropped: String?
            var isFuture: Bool
        }
        var sets: [Set]
        var otherStacks: [String: Int]?
    }

    private struct Preview: Decodable {
        struct Point: Decodable { var skewSeconds: Int }
        var set: String
        var sets: [String: String]
        var restorePoint: Point
    }

    private struct Restored: Decodable {
        var set: String
        var sets: [String: String]?
        var verdict: String
    }

    /// Two components, a plan over both, and a file for metrics.
    private func journey() async throws -> Journey {
        let journey = try await Journey(
            components: "rules: {kind: files, data: rules}\n  tree: {kind: files, data: tree}",
            extra: "objectives: {rto: 4h, rpo: 1h}\nmetrics: {textfile: dr.prom}")
        for (path, text) in [("rules/a", "precious"), ("tree/b", "1")] {
            let file = journey.folder.url.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        let plan = """
            scenario: loss
            objectives: {rto: 4h}
            steps:
              - {id: rules, restore: {component: rules, to: \(journey.folder.path)/back-rules}}
              - {id: tree, restore: {component: tree, to: \(journey.folder.path)/back-tree}}
            """
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        return journey
    }

    private func text(_ journey: Journey, _ path: String) throws -> String {
        try String(contentsOf: journey.folder.url.appending(path: path), encoding: .utf8)
    }

    @Test func `after a failed run, restores take each component from the newest set that holds it`() async throws {
        let journey = try await journey()
        try await journey.expect(0, "backup")
        let rules = journey.folder.url.appending(path: "rules")
        try FileManager.default.moveItem(at: rules, to: journey.folder.url.appending(path: "lost"))
        try await journey.expect(3, "backup")
        let sets = try await journey.json(Listed.self, "list").sets
        #expect(sets.map(\.status) == ["complete", "partial"])

        let preview = try await journey.json(Preview.self, "restore", "--scenario", "loss", "--dry-run")
        #expect(preview.set == sets[1].name)
        #expect(preview.sets == ["rules": sets[0].name, "tree": sets[1].name])
        let shown = try await journey.expect(0, "restore", "--scenario", "loss", "--dry-run")
        #expect(shown.output.contains(sets[0].name) && shown.output.contains(sets[1].name))
        #expect(shown.errors.contains("rules: using set \(sets[0].name)"))

        let restored = try await journey.json(Restored.self, "restore", "--scenario", "loss", "--yes")
        #expect(restored.verdict == "recovered" && restored.sets == preview.sets)
        #expect(try text(journey, "back-rules/a") == "precious" && text(journey, "back-tree/b") == "1")
        try await journey.expect(0, "restore", "--component", "rules", "--to", "one")
        #expect(try text(journey, "one/a") == "precious")

        let single = try await journey.expect(
            2, "restore", "--component", "rules", "--to", "two", "--at", sets[1].name)
        #expect(
            single.errors.contains("the newest set with the component is \(sets[0].name): add --at \(sets[0].name)"))
        try await journey.expect(2, "restore", "--scenario", "loss", "--dry-run", "--at", sets[1].name)
        // The metric that is watched stays, as old as it is.
        let metrics = try text(journey, "dr.prom")
        #expect(metrics.contains("dr_backup_newest_datum_timestamp_seconds{stack=\"monitoring\",component=\"rules\"}"))
        #expect(metrics.contains("dr_backup_component_success{stack=\"monitoring\",component=\"rules\"} 0"))
    }

    @Test func `a backup of one component succeeds and names the components it does not hold`() async throws {
        let journey = try await journey()
        try await journey.expect(0, "backup")
        let subset = try await journey.expect(0, "backup", "--component", "tree")
        #expect(subset.errors.contains("this set does not hold rules"))
        #expect(try await journey.json(Listed.self, "list").sets.map(\.status) == ["complete", "partial"])
        let metrics = try text(journey, "dr.prom")
        #expect(metrics.contains("dr_backup_component_success{stack=\"monitoring\",component=\"rules\"} 1"))
        #expect(metrics.contains("dr_backup_complete{stack=\"monitoring\"} 0"))
        try await journey.expect(0, "status")
    }

    @Test func `a run that leaves no set says so in the metrics`() async throws {
        let journey = try await journey()
        try await journey.expect(0, "backup")
        let before = try text(journey, "dr.prom")
        #expect(before.contains("dr_backup_last_attempt_success{stack=\"monitoring\"} 1"))
        try FileManager.default.removeItem(at: journey.repository)
        try await journey.expect(1, "backup")
        let after = try text(journey, "dr.prom")
        #expect(after.contains("dr_backup_last_attempt_success{stack=\"monitoring\"} 0"))
        #expect(after.contains("dr_backup_newest_datum_timestamp_seconds{stack=\"monitoring\",component=\"rules\"}"))
        #expect(after.components(separatedBy: "# TYPE dr_backup_last_attempt_success").count == 2)
    }

    @Test func `a set is dropped with a reason, and taken back with a pin`() async throws {
        let journey = try await journey()
        try await journey.expect(0, "backup")
        let first = try await journey.json(Listed.self, "list").sets[0].name
        let last = try await journey.expect(2, "drop", first, "--reason", "test", "--yes")
        #expect(last.errors.contains("is the last that holds rules, tree whole"))
        try await journey.expect(0, "backup")
        #expect(try await journey.dr(["drop", first, "--reason", "test"]).status == 2, "there is no terminal")
        try await journey.expect(0, "drop", first, "--reason", "test", "--dry-run")
        try await journey.expect(0, "drop", first, "--reason", "test", "--yes")
        #expect(try await journey.json(Listed.self, "list").sets[0].dropped == "test")
        try await journey.expect(0, "pin", first, "--until", "forever")
        #expect(try await journey.json(Listed.self, "list").sets[0].dropped == nil)
        let pinned = try await journey.expect(2, "drop", first, "--reason", "test", "--yes")
        #expect(pinned.errors.contains("is pinned"))
        let dropped = try await journey.dr(
            ["drop", first, "--reason", "test", "--yes", "--force", "--grace", "0s", "--json"])
        #expect(dropped.status == 0, "\(dropped.errors)")
        #expect(
            try await journey.objections(to: Data(dropped.output.utf8), schema: "output.schema.json", "drop") == "")
        #expect(try await journey.json(Listed.self, "list").sets.count == 1)
        try await journey.expect(0, "verify")
    }

    @Test(arguments: ["today", "0s", "2100-01-01", "2100-01-01T23:00", "2100-01-01 23:00", "2100-01-01T23:00:00"])
    func `days and times without a zone name a set`(at: String) async throws {
        let journey = try await journey()
        try await journey.expect(0, "backup")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out", "--at", at)
    }

    @Test func `a date before the first backup set selects no set`() async throws {
        let journey = try await journey()
        try await journey.expect(0, "backup")
        for at in ["2020-02-30", "2020-1-1", "2020-01-01T9"] {
            let run = try await journey.dr(["restore", "--component", "tree", "--to", "out", "--at", at])
            #expect(run.status == 2 && !run.errors.contains("at or before"), "\(at): \(run.errors)")
        }
        for at in ["yesterday", "2020-01-01", "2020-01-01T09:00"] {
            let run = try await journey.expect(2, "restore", "--component", "tree", "--to", "out", "--at", at)
            #expect(run.errors.contains("there is no set at or before that time"), "\(at): \(run.errors)")
        }
    }
}
