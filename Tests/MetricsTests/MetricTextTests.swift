import Documents
import Foundation
import Lab
import Metrics
import Testing

@Suite struct MetricTextTests {
    private static let stack = ["stack": "monitoring"]

    /// One family of each kind, with everything that needs an escape.
    static var families: [MetricFamily] {
        var histogram = MetricHistogram(bounds: [0.1, 1])
        for value in [0.05, 0.5, 0.5, 7] { histogram.observe(value) }
        return [
            MetricFamily(
                "dr_age_seconds", .gauge, unit: "seconds", help: "The \"age\" \\ of it.\nTwo lines.",
                samples: [.init(["stack": "a\"b\\c\nd", "component": "x"], .number(1.5))]),
            MetricFamily(
                "dr_read_bytes_total", .counter, unit: "bytes", help: "Bytes.",
                samples: [.init(stack, .number(1_764_457_200))]),
            MetricFamily(
                "dr_wait_seconds", .histogram, unit: "seconds", help: "Waits.",
                samples: [.init(stack.merging(["operation": "get"]) { $1 }, .histogram(histogram))]),
            MetricFamily("dr_empty", .gauge, help: "Not written."),
        ]
    }

    @Test func `the text format has help, type and escaped labels`() {
        #expect(
            MetricText.text(Self.families) == #"""
                # HELP dr_age_seconds The "age" \\ of it.\nTwo lines.
                # TYPE dr_age_seconds gauge
                dr_age_seconds{stack="a\"b\\c\nd",component="x"} 1.5
                # HELP dr_read_bytes_total Bytes.
                # TYPE dr_read_bytes_total counter
                dr_read_bytes_total{stack="monitoring"} 1764457200
                # HELP dr_wait_seconds Waits.
                # TYPE dr_wait_seconds histogram
                dr_wait_seconds_bucket{stack="monitoring",operation="get",le="0.1"} 1
                dr_wait_seconds_bucket{stack="monitoring",operation="get",le="1.0"} 3
                dr_wait_seconds_bucket{stack="monitoring",operation="get",le="+Inf"} 4
                dr_wait_seconds_sum{stack="monitoring",operation="get"} 8.05
                dr_wait_seconds_count{stack="monitoring",operation="get"} 4

                """#)
    }

    @Test func `OpenMetrics names units, the family of a counter, and the end`() {
        let lines = MetricText.text(Self.families, .openMetrics).split(separator: "\n").map(String.init)
        #expect(lines.contains("# UNIT dr_age_seconds seconds") && lines.contains("# TYPE dr_read_bytes counter"))
        #expect(lines.contains("# UNIT dr_read_bytes bytes"))
        #expect(lines.contains(#"dr_read_bytes_total{stack="monitoring"} 1764457200"#))
        #expect(lines.contains(#"# HELP dr_age_seconds The \"age\" \\ of it.\nTwo lines."#))
        #expect(lines.last == "# EOF")
        #expect(MetricText.text([], .openMetrics) == "# EOF\n" && MetricText.text([]).isEmpty)
    }

    @Test func `numbers that are not finite are written in the words of the format`() {
        for (value, text) in [
            (Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (1e21, "1e+21"), (0, "0"),
        ] {
            let family = MetricFamily("dr_x", .gauge, help: "X.", samples: [.init([:], .number(value))])
            #expect(MetricText.text([family]).hasSuffix("dr_x \(text)\n"))
        }
    }

    @Test(arguments: [
        (nil, MetricText.Format.prometheus), ("*/*", .prometheus), ("text/plain", .prometheus),
        ("application/openmetrics-text", .openMetrics), ("application/json", .prometheus),
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            .openMetrics
        ),
        ("text/plain;q=0.9, application/openmetrics-text; q=0.2", .prometheus),
        ("application/openmetrics-text;q=0", .prometheus),
    ])
    func `the format follows the header field Accept`(accept: String?, format: MetricText.Format) {
        #expect(MetricText.Format.negotiated(accept) == format)
    }

    @Test func `the definitions have unique names, helps and the suffixes of the conventions`() {
        let all = MetricDefinition.all
        #expect(Set(all.map(\.name)).count == all.count)
        for definition in all {
            #expect(definition.name.hasPrefix("dr_") && definition.help.hasSuffix("."))
            #expect(definition.name.hasSuffix("_total") == (definition.kind == .counter), "\(definition.name)")
            if let unit = definition.unit {
                #expect(definition.name.hasSuffix("_\(unit)\(definition.kind == .counter ? "_total" : "")"))
            }
        }
    }

    @Test func `promtool accepts every definition, in both of its kinds of text`() async throws {
        let folder = try TemporaryFolder("metrics")
        let families = MetricDefinition.all.map { definition in
            let labels = Dictionary(uniqueKeysWithValues: definition.labels.map { ($0, "x") })
            let value: MetricFamily.Value =
                definition.kind == .histogram ? .histogram(MetricHistogram(bounds: [0.1, 1])) : .number(1)
            return definition.family([.init(labels, value)])
        }
        let file = folder.url.appending(path: "dr.prom")
        try Data(MetricText.text(families).utf8).write(to: file)
        let run = try await CommandRun.run(
            "/bin/sh", ["-c", "exec \(try LabTool.path("promtool")) check metrics < \(file.path)"])
        #expect(run.status == 0 && run.output.isEmpty && run.errors.isEmpty, "\(run.output)\(run.errors)")
        // A check that accepts everything would prove nothing.
        try Data("# HELP dr_x_total X.\n# TYPE dr_x_total gauge\ndr_x_total 1\n".utf8).write(to: file)
        let bad = try await CommandRun.run(
            "/bin/sh", ["-c", "exec \(try LabTool.path("promtool")) check metrics < \(file.path)"])
        #expect(bad.status != 0)
    }
}
