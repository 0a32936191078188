import BackupRepository
import Foundation
import Lab
import ObjectStorage
import RecoveryPlan
import Testing

/// Forecasts of the next recovery, as `dr plan show`, `dr status` and a run's own end tell them.
@Suite struct RecoveryForecastTests {
    private static let plan = """
        scenario: loss
        objectives: {rto: 2000s, rpo: 1h}
        steps:
          - {id: first, run: ["true"], timeout: 1m}
          - {id: tree, needs: [first], restore: tree, timeout: 5m}

        """

    private func started(_ plan: String = plan) async throws -> Journey {
        let journey = try await Journey()
        try write(plan, journey)
        try journey.write("a", "one")
        try await journey.expect(0, "backup")
        return journey
    }

    private func write(_ plan: String, _ journey: Journey) throws {
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
    }

    // MARK: Histories

    /// Backups of the days before today, read back from the one that there is: `gibibytes` in the newest, and so much
    /// more each day.
    private func backups(
        _ journey: Journey, of components: [String] = ["tree"], days: Int, gibibytes: Double, aDay: Double
    ) throws {
        let store = try DirectoryStore(path: journey.repository.path)
        let repository = try Repository(opening: store)
        var set = try repository.set(try #require(try repository.setNames().last))
        let newest = set.name.seconds
        for day in 0...days {
            set.name = Timestamp(seconds: newest - (days - day) * 86_400)
            let size = gibibytes - aDay * Double(days - day)
            for component in components {
                set.components[component] = set.components["tree"]
                set.components[component]?.bytes = Int(size * Double(1 << 30))
            }
            let key = Layout.set(set.name)
            if day == days { _ = try store.delete([key]) }
            _ = try store.put(key, try SealedDocument.encode(set), options: PutOptions(.ifAbsent))
        }
        // The machine would notice that its newest set was exchanged.
        let state = journey.folder.url.appending(path: "state/\(repository.description.id)")
        try FileManager.default.removeItem(at: state.appending(path: "last-set-digest"))
    }

    private struct Restore {
        var component = "tree"
        var mebibytes: Int
        var seconds: Double
    }

    /// A journal for each run, of what it restored after a first second.
    private func runs(_ journey: Journey, _ runs: [[Restore]]) throws {
        let folder = try RunFolder(state: journey.folder.url.appending(path: "state").path)
        for (number, restores) in runs.enumerated() {
            let identity = RunIdentity(
                id: "20260101T\(100_000 + number)Z-\(number)", stack: "monitoring", scenario: "loss",
                set: "20260101T000000Z")
            let record = RunRecord(
                identity: identity, isDrill: false, procedure: nil, planDigest: "p", parameters: [:], setDigest: "s",
                components: restores.map(\.component), tool: "dr test",
                holder: RunHolder(person: "me", host: "here", process: 1, boot: "b"), startedAt: Date())
            let journal = try Journal(creating: folder.make(identity.id))
            try journal.append(.runBegan(run: record))
            let steps = restores.map { restore in
                var done = ActionRecord("restored")
                done.restored = RestoredComponent(
                    component: restore.component, set: identity.set, newest: 0, files: 1, bytes: restore.mebibytes << 20
                )
                return (restore.component, "restore \(restore.component)", restore.seconds, done)
            }
            for (step, work, seconds, action) in [("first", "run", 1, ActionRecord("ran"))] + steps {
                try journal.append(.stepBegan(attempt: StepAttempt(step: step, attempt: 1, work: work)))
                try journal.append(
                    .stepFinished(
                        result: StepResult(step: step, attempt: 1, outcome: .done, seconds: seconds, record: action)))
            }
            try journal.append(.runFinished(end: RunEnd(.recovered, reasons: [])))
        }
    }

    private static let short = [5, 6, 7].map { [Restore(mebibytes: 1, seconds: $0)] }

    private struct Status: Decodable {
        struct Total: Decodable {
            var expected: Double
            var low: Double
            var high: Double
            var samples: Int
        }
        struct Point: Decodable {
            var days: Int
            var total: Total?
            var atLeast: Double?
            var verdict: String
            var note: String?
        }
        struct Advice: Decodable {
            var kind: String
            var neededBytesPerSecond: Double?
        }
        struct Recovery: Decodable {
            var scenario: String
            var runs: Int
            var points: [Point]
            var recommendations: [Advice]
        }
        var recoveries: [Recovery]
        var recoveryNotes: [String]
    }

    // MARK: What is told

    @Test func `without a past run the forecast reports no data and does not fail`() async throws {
        let journey = try await started()
        let shown = try await journey.expect(0, "plan", "show", "loss").output
        #expect(shown.contains("FORECAST\n  no data: the plan was never run or drilled on this machine"))
        let status = try await journey.expect(0, "status").output
        #expect(
            status.contains("recovery forecast: no data: no recovery was run, drilled or rehearsed on this machine"))
        let preview = try await journey.expect(0, "restore", "--scenario", "loss", "--dry-run").output
        #expect(preview.contains("time: no data: the plan has never been run; allowed: 33m 20s"))
    }

    @Test func `one run gives one sample and the next run is compared with it`() async throws {
        let journey = try await started()
        let first = try await journey.expect(0, "restore", "--scenario", "loss", "--yes").output
        #expect(first.contains("forecast: none, because there is no data"))
        let shown = try await journey.expect(0, "plan", "show", "loss").output
        #expect(shown.contains("FORECAST by 1 run or drill on this machine") && shown.contains("no range"))
        #expect(shown.firstMatch(of: #/first: .*forecast 0\.\ds \(no range, 1 sample\)/#) != nil, "\(shown)")
        // The backups are of today: nothing is said of a month from now.
        #expect(shown.contains("no data: tree is in 1 backup of the last 90 days: too few for a forecast"))
        #expect(shown.contains("from 30 d"))
        let second = try await journey.expect(0, "restore", "--scenario", "loss", "--yes").output
        let run = ["restore", "--scenario", "loss"]
        #expect(try await fits("restoreScenario", run + ["--yes"], journey) == "")
        #expect(try await fits("restoreScenarioPreview", run + ["--dry-run"], journey) == "")
        #expect(second.contains("one earlier run is too few for a range") && second.contains("it took "), "\(second)")
        try await journey.expect(0, "report", "--to", journey.folder.url.appending(path: "report").path)
        #expect(try await evidenceFits(journey) == "")
        let preview = try await journey.expect(0, "restore", "--scenario", "loss", "--dry-run").output
        #expect(preview.contains("3 samples)"))
    }

    @Test func `status warns if growth exceeds the RTO within 90 days and recommends a remedy`() async throws {
        let journey = try await started()
        // A second, and 100 MiB a second: 1025 s today, 1332 s in 30 days, 1947 s in 90, 2868 s in 180.
        try backups(journey, days: 80, gibibytes: 100, aDay: 1)
        let sizes = [60_000, 68_000, 76_000, 84_000, 92_000, 100_000]
        try runs(journey, sizes.map { [Restore(mebibytes: $0, seconds: Double($0) / 100)] })
        let status = try await journey.json(Status.self, "status")
        let recovery = try #require(status.recoveries.first)
        #expect(recovery.points.map(\.days) == [0, 30, 90, 180, 365])
        #expect(recovery.points.map(\.verdict) == ["fits", "fits", "fits", "passes", "passes"])
        #expect(abs((recovery.points[0].total?.expected ?? 0) - 1025) < 1)
        #expect(abs((recovery.points[2].total?.expected ?? 0) - 1946.6) < 2)
        #expect(recovery.recommendations.map(\.kind) == ["longest step", "throughput", "shorter restore"])
        // 280 GiB in 2000 - 1 s.
        #expect(abs((recovery.recommendations[1].neededBytesPerSecond ?? 0) / 1_048_576 - 143.4) < 0.5)

        let text = try await journey.expect(0, "status").output
        #expect(text.contains("warning: loss: in 180 d its recovery is expected to take 47m"), "\(text)")
        #expect(text.contains("- storage: 280 GiB of tree need 143 MiB/s or more to meet the RTO; measured: 100 MiB/s"))
        #expect(
            text.contains(
                "- shorter restore: 195 GiB of the 280 GiB of tree can be restored in time: restore the most important paths first"
            ))
        // The end of what is shown has it all, for whoever sees only that.
        let shown = try await journey.expect(0, "plan", "show", "loss").output.split(separator: "\n").suffix(12)
        #expect(shown.first { $0.contains("today") }?.contains("17m 5s") == true, "\(shown)")
        #expect(shown.contains { $0.contains("in 180 d") && $0.contains("passes") })
        let preview = try await journey.expect(0, "restore", "--scenario", "loss", "--dry-run").output
        #expect(preview.contains("time: 17m 5s ("), "\(preview)")
        #expect(try await fits("status", ["status"], journey) == "")
        #expect(try await fits("plan show", ["plan", "show", "loss"], journey) == "")
    }

    @Test(
        arguments: [
            ("prometheus", "loki", "keep 40% of the time (--storage.tsdb.retention.time)"),
            ("loki", "prometheus", "restore the newest 40% first (`dr restore --component loki --from TIME`)"),
        ])
    func `recommendations depend on the component and name the steps that wait for each other`(
        _ long: String, _ short: String, _ advice: String
    ) async throws {
        let journey = try await Journey(
            components: """
                tree: {kind: files, data: data}
                  prometheus: {url: 'http://127.0.0.1:1', data: none}
                  loki: {data: none}
                """)
        try write(
            """
            scenario: loss
            objectives: {rto: 601s}
            steps:
              - {id: first, run: ["true"], timeout: 1m}
              - {id: \(short), needs: [first], restore: \(short), timeout: 2m}
              - {id: \(long), needs: [\(short)], restore: \(long), timeout: 2m}

            """, journey)
        try journey.write("a", "one")
        try await journey.expect(0, "backup", "--component", "tree")
        try backups(journey, of: ["tree", "loki", "prometheus"], days: 3, gibibytes: 1, aDay: 0)
        // 200 s, and 1000 s of which 400 are left.
        let run = [
            Restore(component: short, mebibytes: 1024, seconds: 200),
            Restore(component: long, mebibytes: 1024, seconds: 1000),
        ]
        try runs(journey, [run])
        let text = try await journey.expect(0, "status").output
        #expect(text.contains("warning: loss: today its recovery is expected to take 20m 1s (no range, 1 sample)"))
        #expect(text.contains("- \(long) takes 83% of the critical path: 16m 40s"))
        #expect(text.contains(advice), "\(text)")
        #expect(text.contains("- parallelism: \(long) waits for \(short); concurrent steps save 3m 20s"))
    }

    @Test func `an outlier widens the forecast range and gives a mild warning`() async throws {
        let journey = try await started()
        try backups(journey, days: 40, gibibytes: 50, aDay: 0)
        let seconds = [500.0, 510, 490, 505, 2500, 495, 500]
        try runs(journey, seconds.map { [Restore(mebibytes: 51_200, seconds: $0)] })
        let recovery = try #require(try await journey.json(Status.self, "status").recoveries.first)
        let today = try #require(recovery.points.first)
        #expect(today.verdict == "may pass" && today.total?.expected == 501 && (today.total?.high ?? 0) >= 2501)
        #expect(today.total?.samples == 7)
        let text = try await journey.expect(0, "status").output
        #expect(text.contains("warning: loss: today its recovery may take too long: 8m 21s"), "\(text)")
    }

    @Test func `the forecast of a changed plan reports no data for the changed step`() async throws {
        let journey = try await started()
        try runs(journey, Self.short)
        let other = "notify: {event: disaster_declared, summary: gone}"
        try write(Self.plan.replacing("run: [\"true\"]", with: other), journey)
        let shown = try await journey.expect(0, "plan", "show", "loss").output
        #expect(shown.contains("no data: no earlier time for: first") && shown.contains("at least 6.0s"), "\(shown)")
        let status = try await journey.json(Status.self, "status")
        let today = try #require(status.recoveries.first?.points.first)
        #expect(today.verdict == "no data" && today.total == nil && today.atLeast == 6)
        #expect(
            try await journey.expect(0, "restore", "--scenario", "loss", "--dry-run").output.contains(
                "time: at least 6.0s, no data for first"))
        // A plan that cannot be read keeps nobody from seeing how old the backups are.
        try write("scenario: loss\nsteps: 7\n", journey)
        let broken = try await journey.expect(0, "status").output
        #expect(broken.contains("tree") && broken.contains("dr plan validate"), "\(broken)")
    }

    @Test func `a store that is away takes only the sizes`() async throws {
        let journey = try await started()
        try runs(journey, Self.short)
        try FileManager.default.moveItem(
            at: journey.repository, to: journey.folder.url.appending(path: "elsewhere"))
        let shown = try await journey.expect(0, "plan", "show", "loss").output
        #expect(shown.contains("today's sizes are unknown, because the repository cannot be read"), "\(shown)")
        #expect(shown.contains("7.0s"))
    }

    /// What is printed with `--json` against its schema; empty where it fits.
    private func fits(_ name: String, _ command: [String], _ journey: Journey) async throws -> String {
        let answer = journey.folder.url.appending(path: "answer.json")
        try Data(try await journey.dr(command + ["--json"]).output.utf8).write(to: answer)
        return try await complaints(of: answer, "docs/output.schema.json", at: "/$defs/\(name)")
    }

    /// The evidence that the journey's report wrote, with its forecast, against its schema; empty where it fits.
    private func evidenceFits(_ journey: Journey) async throws -> String {
        let folder = journey.folder.url.appending(path: "report")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        let evidence = try #require(files.first { $0.pathExtension == "json" })
        #expect(try String(contentsOf: evidence, encoding: .utf8).contains(#""basis""#))
        return try await complaints(of: evidence, "docs/evidence.schema.json", at: "")
    }

    private func complaints(of file: URL, _ schema: String, at place: String) async throws -> String {
        let check = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1]))
            if sys.argv[2]: schema["$ref"] = "#" + sys.argv[2]
            jsonschema.validators.validator_for(schema)(schema).validate(json.load(open(sys.argv[3])))
            """
        return try await CommandRun.run(
            try LabTool.path("python"),
            ["-c", check, Journey.checkout.appending(path: schema).path, place, file.path]
        ).errors
    }
}
