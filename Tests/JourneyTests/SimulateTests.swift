import Foundation
import Lab
import Testing

/// `dr retention simulate` as a user runs it: without a store.
@Suite struct SimulateTests {
    private static let policy = "hourly=24h,daily=30d,weekly=12w,monthly=12mo,yearly=7y"

    private struct Answer: Decodable {
        struct Tier: Decodable {
            var tier: String
            var sets: Int
        }
        struct Row: Decodable {
            var name: String
            var reasons: [String]
        }
        var backups: Int
        var kept: Int
        var tiers: [Tier]
        var sets: [Row]?
    }

    @Test func `seven years are simulated without a repository, as a table and as a picture`() async throws {
        let journey = try await Journey(initialize: false)
        let run = try await journey.expect(
            0, "retention", "simulate", "--policy", Self.policy, "--from", "2020-01-01", "--schedule", "hourly",
            "--for",
            "7y", "--svg", "kept.svg", "--html", "kept.html")
        #expect(run.output.contains("kept at 2026-12-31 23:59:59 UTC: 79\n"))
        #expect(run.output.contains("2026-12-31    79  2020-01-01 00:00:00"))
        for (name, root) in [("kept.svg", "<svg "), ("kept.html", "<!DOCTYPE html>")] {
            let file = journey.folder.url.appending(path: name)
            #expect(try String(contentsOf: file, encoding: .utf8).hasPrefix(root))
            // Well-formed, and nothing in it is fetched from elsewhere.
            let check = """
                import sys, re, xml.dom.minidom as dom
                text = open(sys.argv[1]).read()
                svg = text[text.index("<svg"):text.index("</svg>") + 6]
                marks = dom.parseString(svg).getElementsByTagName("line")
                assert len(marks) > 24 + 30 + 13 + 12 + 8, len(marks)
                assert not re.search("href|src=|url\\\\(|<script", text)
                """
            let verdict = try await CommandRun.run(try LabTool.path("python"), ["-c", check, file.path])
            #expect(verdict.status == 0, "\(verdict.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: journey.repository.path))
    }

    @Test func `the policy of dr yaml is simulated, on any day, with reasons that fit the schema`() async throws {
        let journey = try await Journey(
            extra: "retention: {daily: 10d, keep_last: 3, time_zone: Europe/Berlin}", initialize: false)
        let run = try await journey.dr([
            "--json", "retention", "simulate", "--schedule", "every 6h", "--for", "60d", "--from", "2026-10-01",
            "--date",
            "2026-10-26", "--outage", "2026-10-24..2026-10-25",
        ])
        let answer = try JSONDecoder().decode(Answer.self, from: Data(run.output.utf8))
        // From 2026-09-30 22:00 UTC, 0:00 in Berlin, every six hours to 11-29 22:00: 241. The outage takes those from
        // 10-23 22:00 to 10-25 22:00, which was 23:00 in Berlin, since clocks had gone back: 9.
        #expect(answer.backups == 241 - 9)
        // Ten days back from the end of 10-26: 10-17 … 10-23, each by its last run at 18:00 in Berlin, 16:00 UTC, and
        // 10-26 by that of 23:00, 22:00 UTC. And the newest three.
        #expect(
            answer.sets?.map(\.name)
                == (17...23).map { "202610\($0)T160000Z" } + [
                    "20261026T100000Z", "20261026T160000Z", "20261026T220000Z",
                ])
        #expect(answer.sets?.first?.reasons == ["daily: newest of 2026-10-17, until 2026-10-27 17:00"])
        #expect(answer.tiers.map(\.tier) == ["daily"])
        try await fitsSchema(run, journey)
    }

    private func fitsSchema(_ run: CommandRun, _ journey: Journey) async throws {
        let check = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1]))
            schema["$ref"] = "#/$defs/retention simulate"
            jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[2])))
            """
        let file = journey.folder.url.appending(path: "answer.json")
        try Data(run.output.utf8).write(to: file)
        let schema = Journey.checkout.appending(path: "docs/output.schema.json").path
        let verdict = try await CommandRun.run(try LabTool.path("python"), ["-c", check, schema, file.path])
        #expect(verdict.status == 0, "\(verdict.errors)\n\(run.output)\n\(run.errors)")
    }

    private struct Sizes: Decodable {
        struct Day: Decodable { var fullBytes: Int }
        var timeline: [Day]

        /// The size of a full backup on the first day of a simulation.
        static func first(_ run: CommandRun) throws -> Int? {
            try JSONDecoder().decode(Sizes.self, from: Data(run.output.utf8)).timeline.first?.fullBytes
        }
    }

    @Test func `the size is that of the newest backups, and an assumed one is named`() async throws {
        let journey = try await Journey(extra: "retention: {daily: 10d}")
        let simulate = ["--json", "retention", "simulate", "--schedule", "daily", "--for", "30d", "--growth", "0%/mo"]
        let none = try await journey.dr(simulate)
        #expect(try Sizes.first(none) == 1 << 30)
        #expect(none.errors.contains("1GiB is assumed; set --size: there is no backup yet"), "\(none.errors)")
        try journey.write("a", String(repeating: "x", count: 3_000_000))
        try await journey.expect(0, "backup")
        let known = try await journey.dr(simulate)
        #expect(try Sizes.first(known) == 2930 << 10)
        #expect(known.errors == "", "\(known.errors)")
        let given = try await journey.dr(simulate + ["--size", "5MiB"])
        #expect(try Sizes.first(given) == 5 << 20)
        try FileManager.default.removeItem(at: journey.repository)
        let away = try await journey.dr(simulate)
        #expect(away.status == 0 && away.errors.contains("1GiB is assumed"), "\(away.errors)")
        let text = try await journey.expect(0, "retention", "simulate", "--for", "30d", "--size", "1GiB")
        #expect(text.output.contains("prices are in the currency of --cost-per-gb-month") && text.errors == "")
    }

    @Test(arguments: [
        (["--schedule", "often"], "--schedule"), (["--for", "0d"], "--for"), (["--for", "101y"], "100y"),
        (["--for", "100y", "--schedule", "1m"], "10,000,000"), (["--date", "2019-01-01"], "--date"),
        (["--date", "soon"], "--date takes a day"), (["--from", "2026-02-30"], "--from"),
        (["--size", "much"], "--size"),
        (["--growth", "5%"], "--growth"), (["--change-rate", "200%/d"], "--change-rate"),
        (["--outage", "2026-03-02..2026-03-01"], "ends before"), (["--cost-per-gb-month", "nan"], "from 0"),
        (["--policy", "hourl=24h"], "did you mean 'hourly'"), (["--policy", "hourly=24"], "has no unit"),
        (["--policy", "hourly"], "is not a valid rule"),
        (["--policy", "time_zone=Europe/Berlim"], "is not a time zone"),
        (["--policy", "largest_drop=10%"], "no retention"),
    ])
    func `mistakes are explained`(arguments: [String], words: String) async throws {
        let journey = try await Journey(extra: "retention: {daily: 10d}", initialize: false)
        let run = try await journey.dr(["retention", "simulate", "--for", "60d"] + arguments)
        #expect(run.status == 2, "\(run.errors)")
        #expect(run.errors.contains(words), "\(run.errors)")
        #expect(run.output.isEmpty)
    }
}
