import Foundation
import Lab
import Testing

/// `dr capacity` against a real Prometheus with months of history.
@Suite struct CapacityTests {
    private struct Answer: Decodable {
        struct Ahead: Decodable {
            var days: Int
            var value: Double
            var low: Double
            var high: Double
        }
        struct Limit: Decodable {
            var value: Double
            var inDays: Int?
            var earliestInDays: Int?
        }
        struct Row: Decodable {
            var name: String
            var labels: [String: String]
            var samples: Int
            var current: Double?
            var changePerDay: Double?
            var forecasts: [Ahead]
            var warning: Limit?
            var critical: Limit?
            var urgency: String
            var note: String?
        }
        var source: String?
        var resources: [Row]
    }

    private static let hour = 3600, size = 1e12

    /// Two disks, of which one fills by half a percent a day and holds 70 % now; memory that stays at 40 %.
    ///
    /// - Parameters:
    ///   - now: whole hours before it are the samples. A query looks five minutes back from the times that it asks of,
    ///     and those are whole hours before the moment that `dr` runs, just after this one.
    ///   - end: no sample is later.
    private func history(at now: Int, until end: Int) -> String {
        var text = "# TYPE node_filesystem_size_bytes gauge\n"
        let times = stride(from: now - 100 * 24 * Self.hour, through: end, by: Self.hour)
        func series(_ name: String, _ labels: String, _ value: (Int) -> Double) {
            for time in times { text += "\(name){\(labels)} \(value(time)) \(time)\n" }
        }
        let disks = [("/data", 0.005, 0.7), ("/", 0.0, 0.2)]
        func labels(_ mount: String) -> String { "instance=\"h1\",mountpoint=\"\(mount)\",fstype=\"ext4\"" }
        for (mount, _, _) in disks { series("node_filesystem_size_bytes", labels(mount)) { _ in Self.size } }
        text += "# TYPE node_filesystem_avail_bytes gauge\n"
        for (mount, aDay, used) in disks {
            series("node_filesystem_avail_bytes", labels(mount)) { time in
                // Fuller by day than by night, by a hundredth.
                let wave = 0.01 * sin(Double(time % 86_400) / 86_400 * 2 * .pi)
                return Self.size * (1 - used - wave + aDay * Double(now - time) / 86_400)
            }
        }
        for (name, value) in [("node_memory_MemTotal_bytes", 1e10), ("node_memory_MemAvailable_bytes", 6e9)] {
            text += "# TYPE \(name) gauge\n"
            series(name, "instance=\"h1\"") { _ in value }
        }
        return text + "# EOF\n"
    }

    /// All that is asked for when nothing is configured: 90 days by the hour, in several answers.
    @Test func `months of history tell when a disk is full`() async throws {
        let folder = try TemporaryFolder("capacity")
        let data = folder.url.appending(path: "tsdb")
        let now = Int(Date().timeIntervalSince1970)
        let text = folder.url.appending(path: "history.txt")
        // Blocks must not reach into the time that the server's head begins with.
        let end = now / 7200 * 7200 - 7200
        try Data(history(at: now, until: end).utf8).write(to: text)
        let made = try await CommandRun.run(
            "/usr/bin/promtool",
            // Blocks of two hours, a thousand of them, would take minutes.
            ["tsdb", "create-blocks-from", "--max-block-duration=300h", "openmetrics", text.path, data.path])
        #expect(made.status == 0, "\(made.errors)")
        let server = try await PrometheusServer.start(data: data, folder: folder.url)
        let journey = try await Journey(
            components: "prometheus: {url: '\(server.url)', data: \(data.path)}",
            extra: """
                capacity:
                  resources:
                    disk: {critical: 95%}
                    half: {expression: "vector(0.5)", unit: ratio, warning: 40%}
                    wrong: {expression: "sum(", unit: count}
                    huge: {expression: "vector(1e200) * (1 + time() % 7)", unit: count}
                """)
        for _ in 0..<3 { try await journey.expect(0, "backup", "--component", "prometheus") }

        // One expression is refused, and everything else is told all the same.
        let run = try await journey.dr(["capacity", "--json", "--svg", "capacity.svg", "--html", "capacity.html"])
        #expect(run.status == 3, "\(run.errors)")
        let answer = try JSONDecoder().decode(Answer.self, from: Data(run.output.utf8))
        #expect(answer.source == "prometheus")
        func row(_ name: String, _ mount: String? = nil) throws -> Answer.Row {
            try #require(answer.resources.first { $0.name == name && $0.labels["mountpoint"] == mount }, "\(name)")
        }
        let filling = try row("disk", "/data")
        #expect(filling.samples > 2100 && filling.forecasts.map(\.days) == [30, 90, 180, 365])
        #expect(abs((filling.changePerDay ?? 0) - 0.005) < 0.0002)
        let month = try #require(filling.forecasts.first)
        #expect(abs(month.value - 0.85) < 0.005 && month.low < 0.85 && month.high > 0.85 && month.high < 0.9)
        // From 70 % to 80 % in 20 days, to 95 % in 50.
        #expect(abs((filling.warning?.inDays ?? 0) - 20) <= 1 && filling.warning?.value == 0.8)
        #expect(abs((filling.critical?.inDays ?? 0) - 50) <= 1 && filling.critical?.value == 0.95)
        #expect(filling.urgency == "high")
        #expect(try row("disk", "/").urgency == "none")
        let memory = try #require(answer.resources.first { $0.name == "memory" })
        #expect(abs((memory.current ?? 0) - 0.4) < 1e-9 && memory.urgency == "none")
        #expect(try row("half").urgency == "high")
        #expect(try row("wrong").urgency == "no data" && row("wrong").note?.contains("parse error") == true)
        // What cannot be squared is told and drawn, and nothing more is said of it.
        let huge = try row("huge")
        #expect(
            huge.samples > 2100 && huge.forecasts.isEmpty && huge.note == "these values have no trend")
        // Nothing in this stack measures processors.
        #expect(try row("cpu").urgency == "no data" && row("cpu").note?.contains("no samples") == true)
        let repository = try row("repository")
        #expect(repository.samples == 3 && (repository.current ?? 0) > 0)

        let schema = Journey.checkout.appending(path: "docs/output.schema.json").path
        let json = folder.url.appending(path: "capacity.json")
        try Data(run.output.utf8).write(to: json)
        let check = """
            import json, jsonschema, re, sys, xml.dom.minidom as dom
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft202012Validator({**schema, "$ref": "#/$defs/capacity"}).validate(json.load(open(sys.argv[2])))
            for file in sys.argv[3:]:
                text = open(file).read()
                svg = dom.parseString(text[text.index("<svg"):text.index("</svg>") + 6])
                assert len(svg.getElementsByTagName("polygon")) >= 4, file
                assert not re.search("href|src=|url\\\\(|<script", text), file
            """
        let verdict = try await CommandRun.run(
            try LabTool.path("python"),
            ["-c", check, schema, json.path]
                + ["capacity.svg", "capacity.html"].map { journey.folder.url.appending(path: $0).path })
        #expect(verdict.status == 0, "\(verdict.errors)")
        let table = try await journey.dr(["capacity"]).output
        #expect(table.contains("disk of h1, /data") && table.contains("high: disk of h1, /data: enlarge the volume"))
        try await server.stop()
    }

    @Test func `a Prometheus that is away leaves the repository's part`() async throws {
        let journey = try await Journey(
            components: """
                prometheus: {url: 'http://127.0.0.1:1', data: /tmp/none}
                  tree: {kind: files, data: data}
                """)
        try journey.write("a", "1")
        try await journey.expect(0, "backup", "--component", "tree")
        let run = try await journey.expect(3, "capacity")
        #expect(run.output.contains("127.0.0.1:1") && run.output.contains("1 samples are too few for a forecast"))
    }
}
