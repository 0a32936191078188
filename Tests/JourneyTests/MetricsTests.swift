import Documents
import Foundation
import Lab
import Testing

/// The metrics of the built program, and the ways by which they leave it.
@Suite struct MetricsTests {
    private func text(_ journey: Journey, _ file: String = "dr.prom") throws -> String {
        try String(contentsOf: journey.folder.url.appending(path: file), encoding: .utf8)
    }

    private func value(_ series: String, in text: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix(series + " ") }.map { String($0.dropFirst(series.count + 1)) }
    }

    @Test func `every run updates the metrics: good, failed, with a wrong name, with an invalid configuration`()
        async throws
    {
        let journey = try await Journey(extra: "objectives: {rpo: 1h}\nmetrics: {textfile: dr.prom}")
        try journey.write("a", "one")
        try await journey.expect(0, "backup")
        try await journey.expect(0, "verify", "--read-data")
        try await journey.expect(0, "prune")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        try await journey.expect(0, "prune", "--dry-run")
        let good = try text(journey)
        for (activity, count) in [("backup", 1), ("verify", 1), ("prune", 1), ("restore", 1)] {
            let labels = #"stack="monitoring",activity="\#(activity)""#
            #expect(value("dr_runs_total{\(labels),result=\"success\"}", in: good) == "\(count)", "\(activity)")
            #expect(value("dr_run_last_success{\(labels)}", in: good) == "1")
        }
        #expect(good.contains(#"dr_last_verified_timestamp_seconds{stack="monitoring",component="tree"}"#))
        #expect(value(#"dr_store_up{stack="monitoring"}"#, in: good) == "1")
        #expect(good.contains(#"dr_store_request_duration_seconds_count{stack="monitoring",operation="upload"} 1"#))
        // The store goes away.
        let moved = journey.folder.url.appending(path: "elsewhere")
        try FileManager.default.moveItem(at: journey.repository, to: moved)
        try await journey.expect(1, "backup")
        let failed = try text(journey)
        #expect(value(#"dr_store_up{stack="monitoring"}"#, in: failed) == "0")
        #expect(value(#"dr_run_last_success{stack="monitoring",activity="backup"}"#, in: failed) == "0")
        #expect(value(#"dr_runs_total{stack="monitoring",activity="backup",result="failed"}"#, in: failed) == "1")
        #expect(failed.contains(#"dr_backup_size_bytes{stack="monitoring",component="tree"} 3"#))
        try FileManager.default.moveItem(at: moved, to: journey.repository)
        try await journey.expect(0, "backup")
        #expect(value(#"dr_backup_last_attempt_success{stack="monitoring"}"#, in: try text(journey)) == "1")
        try await journey.expect(2, "backup", "--component", "nope")
        #expect(value(#"dr_backup_last_attempt_success{stack="monitoring"}"#, in: try text(journey)) == "0")
        try await journey.expect(0, "backup")
        let file = journey.folder.url.appending(path: "dr.yaml")
        let valid = try String(contentsOf: file, encoding: .utf8)
        try Data(valid.replacing("kind: files", with: "kind: filez").utf8).write(to: file)
        try await journey.expect(2, "backup")
        let refused = try text(journey)
        #expect(value(#"dr_backup_last_attempt_success{stack="monitoring"}"#, in: refused) == "0")
        #expect(value(#"dr_runs_total{stack="monitoring",activity="backup",result="refused"}"#, in: refused) == "2")
        // An alert compares with it.
        #expect(value(#"dr_objective_rpo_seconds{stack="monitoring"}"#, in: refused) == "3600")
        let check = try await CommandRun.run(
            "/bin/sh", ["-c", "promtool check metrics < dr.prom"], in: journey.folder.url)
        #expect(check.status == 0 && check.errors.isEmpty, "\(check.output)\(check.errors)")
    }

    @Test func `a partial backup is not a success, although it wrote a set`() async throws {
        let journey = try await Journey(
            components: "tree: {kind: files, data: data}\n  gone: {kind: files, data: /nowhere/at/all}",
            extra: "metrics: {textfile: dr.prom}")
        try journey.write("a", "one")
        try await journey.expect(3, "backup")
        let metrics = try text(journey)
        let labels = #"stack="monitoring",activity="backup""#
        #expect(value("dr_runs_total{\(labels),result=\"partial\"}", in: metrics) == "1")
        #expect(value("dr_run_last_success{\(labels)}", in: metrics) == "0")
        #expect(value("dr_run_last_exit_code{\(labels)}", in: metrics) == "3")
        #expect(!metrics.contains("dr_run_last_success_timestamp_seconds{\(labels)}"))
        #expect(value(#"dr_backup_last_attempt_success{stack="monitoring"}"#, in: metrics) == "1")
        #expect(value(#"dr_backup_complete{stack="monitoring"}"#, in: metrics) == "0")
    }

    @Test func `a drill and a recovery leave their times and results`() async throws {
        let journey = try await Journey(
            extra: "checks: {canaries: {tree: {}}}\nobjectives: {rto: 4h, rpo: 1h}\nmetrics: {textfile: dr.prom}")
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(
            "scenario: loss\nobjectives: {rto: 4h}\nsteps: [{id: tree, restore: tree, timeout: 5m}]\nchecks: [canaries]\n"
                .utf8
        ).write(to: plans.appending(path: "loss.yaml"))
        for name in ["a", "b"] {
            try journey.write(name, String(repeating: "content ", count: 200))
            try await Journey.nextSecond()
            try await journey.expect(0, "backup")
        }
        func series(_ name: String, _ labels: String = "") throws -> String? {
            value("\(name){stack=\"monitoring\",\(labels)scenario=\"loss\"}", in: try text(journey))
        }
        try await journey.expect(0, "drill", "--scenario", "loss")
        #expect(try series("dr_drill_last_success") == "1")
        let end = try #require(try series("dr_drill_last_end_timestamp_seconds"))
        #expect((Int(end) ?? 0) > 1_700_000_000)
        #expect(try series("dr_recovery_objective_seconds") == "14400")
        let drill = try #require(try series("dr_recovery_duration_seconds", "run_type=\"drill\","))
        #expect((Double(drill) ?? 0) > 0)
        #expect(try series("dr_recovery_duration_seconds", "run_type=\"recovery\",") == nil)
        let packs = journey.repository.appending(path: "tree/packs")
        try FileManager.default.removeItem(at: journey.data)
        try await journey.expect(0, "restore", "--scenario", "loss", "--yes")
        let recovery = try #require(try series("dr_recovery_duration_seconds", "run_type=\"recovery\","))
        #expect((Double(recovery) ?? 0) > 0)
        #expect(try series("dr_drill_last_success") == "1")
        let activity = #"stack="monitoring",activity="drill""#
        #expect(value("dr_run_last_success{\(activity)}", in: try text(journey)) == "1")
        for name in try FileManager.default.contentsOfDirectory(atPath: packs.path) where name.hasSuffix(".tar.gz") {
            try FileManager.default.removeItem(at: packs.appending(path: name))
        }
        try await journey.expect(4, "drill", "--scenario", "loss")
        #expect(try series("dr_drill_last_success") == "0")
        #expect(value("dr_run_last_success{\(activity)}", in: try text(journey)) == "0")
    }

    @Test(.enabled(if: TinyDisk.isPossible, "mounting needs root"))
    func `on a full disk the old file stays, and the backup succeeds`() async throws {
        let disk = try await TinyDisk(kibibytes: 64)
        let journey = try await Journey(extra: "metrics: {textfile: \(disk.path)/dr.prom}")
        try journey.write("a", "one")
        try await journey.expect(0, "backup")
        let before = try String(contentsOfFile: "\(disk.path)/dr.prom", encoding: .utf8)
        let filler = try await CommandRun.run("/bin/sh", ["-c", "cat /dev/zero > '\(disk.path)/filler'"])
        try #require(filler.status != 0)
        let run = try await journey.expect(0, "backup")
        #expect(run.errors.contains("metrics '\(disk.path)/dr.prom' cannot be written"))
        #expect(try String(contentsOfFile: "\(disk.path)/dr.prom", encoding: .utf8) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).sorted() == ["dr.prom", "filler"])
    }

    @Test func `a Pushgateway gets the metrics, also after a failed run`() async throws {
        let port = try FreePort.find()[0]
        let folder = try TemporaryFolder("pushgateway")
        let gateway = try await ServerProcess(
            "pushgateway", executable: try LabTool.path("prometheus-pushgateway"),
            arguments: ["--web.listen-address=127.0.0.1:\(port)"], folder: folder.url)
        func metrics() async throws -> String {
            try await LabTool.output("/usr/bin/curl", ["-sf", "--noproxy", "*", "http://127.0.0.1:\(port)/metrics"])
        }
        try await gateway.waitUntil { try await metrics().contains("pushgateway_build_info") }
        let journey = try await Journey(
            extra: """
                stack: a/b "c"
                metrics: {pushgateway: {url: "http://127.0.0.1:\(port)"}}
                """)
        try journey.write("a", "one")
        let run = try await journey.expect(0, "backup")
        #expect(!run.errors.contains("metrics:"), "\(run.errors)")
        let labels = #"instance="",job="dr",stack="a/b \"c\""}"#
        #expect(try await metrics().contains("dr_backup_complete{\(labels) 1"))
        try FileManager.default.removeItem(at: journey.repository)
        try await journey.expect(1, "backup")
        let failed = try await metrics()
        #expect(
            failed.contains("dr_backup_last_attempt_success{\(labels) 0") && failed.contains("dr_store_up{\(labels) 0"))
        try await gateway.stop()
        #expect(try await journey.expect(1, "backup").errors.contains("dr: warning: metrics: pushgateway: "))
    }

    /// The shape of https://github.com/open-telemetry/opentelemetry-proto for the members that dr uses: names in
    /// lowerCamelCase, 64-bit integers as strings.
    private static let otlpSchema = """
        {"type": "object", "required": ["resourceMetrics"], "additionalProperties": false, "properties": {
          "resourceMetrics": {"type": "array", "items": {"type": "object", "additionalProperties": false, "properties": {
            "resource": {"type": "object", "properties": {"attributes": {"$ref": "#/$defs/attributes"}}},
            "scopeMetrics": {"type": "array", "items": {"type": "object", "additionalProperties": false, "properties": {
              "scope": {"type": "object", "properties": {"name": {"type": "string"}, "version": {"type": "string"}}},
              "metrics": {"type": "array", "items": {"type": "object", "additionalProperties": false,
                "required": ["name"], "oneOf": [{"required": ["gauge"]}, {"required": ["sum"]}, {"required": ["histogram"]}],
                "properties": {"name": {"type": "string"}, "description": {"type": "string"}, "unit": {"type": "string"},
                  "gauge": {"type": "object", "additionalProperties": false, "properties": {"dataPoints": {"$ref": "#/$defs/numbers"}}},
                  "sum": {"type": "object", "additionalProperties": false, "required": ["aggregationTemporality", "isMonotonic"],
                    "properties": {"dataPoints": {"$ref": "#/$defs/numbers"}, "aggregationTemporality": {"const": 2}, "isMonotonic": {"const": true}}},
                  "histogram": {"type": "object", "additionalProperties": false, "required": ["aggregationTemporality"],
                    "properties": {"aggregationTemporality": {"const": 2}, "dataPoints": {"type": "array", "items": {"type": "object",
                      "additionalProperties": false, "required": ["count", "bucketCounts", "explicitBounds"], "properties": {
                        "attributes": {"$ref": "#/$defs/attributes"}, "startTimeUnixNano": {"$ref": "#/$defs/long"},
                        "timeUnixNano": {"$ref": "#/$defs/long"}, "count": {"$ref": "#/$defs/long"}, "sum": {"type": "number"},
                        "bucketCounts": {"type": "array", "items": {"$ref": "#/$defs/long"}},
                        "explicitBounds": {"type": "array", "items": {"type": "number"}}}}}}}}}}}}}}}}},
         "$defs": {"long": {"type": "string", "pattern": "^[0-9]+$"},
          "attributes": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["key", "value"],
            "properties": {"key": {"type": "string"}, "value": {"type": "object", "required": ["stringValue"]}}}},
          "numbers": {"type": "array", "items": {"type": "object", "additionalProperties": false,
            "required": ["timeUnixNano", "asDouble"], "properties": {"attributes": {"$ref": "#/$defs/attributes"},
            "startTimeUnixNano": {"$ref": "#/$defs/long"}, "timeUnixNano": {"$ref": "#/$defs/long"}, "asDouble": {"type": "number"}}}}}}
        """

    @Test func `a collector gets OTLP in JSON, and its partial success is a warning`() async throws {
        let server = try ScriptedServer { _, number in
            number == 0
                ? .reply(.response(200, [], "{}"))
                : .reply(.response(200, [], #"{"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"too old"}}"#))
        }
        defer { server.stop() }
        let journey = try await Journey(
            extra: #"metrics: {otlp: {url: "\#(server.url)", headers: {X-Scope-OrgID: {env: DR_TENANT}}}}"#,
            environment: ["DR_TENANT": "team-a"])
        try journey.write("a", "one")
        let first = try await journey.expect(0, "backup")
        #expect(!first.errors.contains("metrics:"), "\(first.errors)")
        let request = try #require(server.requests.first)
        #expect(request.method == "POST" && request.target == "/v1/metrics" && request["X-Scope-OrgID"] == "team-a")
        #expect(request["Content-Type"] == "application/json")
        let folder = journey.folder.url
        try Data(request.body).write(to: folder.appending(path: "otlp.json"))
        try Data(Self.otlpSchema.utf8).write(to: folder.appending(path: "schema.json"))
        let script = """
            import json, jsonschema
            schema = json.load(open("schema.json"))
            jsonschema.Draft202012Validator(schema).validate(json.load(open("otlp.json")))
            """
        let verdict = try await CommandRun.run(try LabTool.path("python"), ["-c", script], in: folder)
        #expect(verdict.status == 0, "\(verdict.errors)")
        #expect(String(decoding: request.body, as: UTF8.self).contains(#""name":"dr_store_request_duration_seconds""#))
        let second = try await journey.expect(0, "backup")
        #expect(second.errors.contains("metrics: otlp: the collector refused 2 data points: too old"))
    }

    @Test func `dr serve has the metrics in both formats, and keeps the last state while the store is away`()
        async throws
    {
        let journey = try await Journey(extra: "metrics: {textfile: dr.prom}\nobjectives: {rpo: 1h}")
        try journey.write("a", "one")
        try await journey.expect(0, "backup")
        let port = try FreePort.find()[0]
        let server = try await ServerProcess(
            "serve", executable: Journey.program, arguments: ["serve", "--listen", "127.0.0.1:\(port)"],
            folder: journey.folder.url)
        func metrics(_ accept: String) async throws -> String {
            try await LabTool.output(
                "/usr/bin/curl",
                ["-si", "--noproxy", "*", "-H", "Accept: \(accept)", "http://127.0.0.1:\(port)/metrics"])
        }
        try await server.waitUntil { try await metrics("*/*").contains("200") }
        let plain = try await metrics("text/plain")
        #expect(plain.contains("text/plain; version=0.0.4"))
        #expect(value(#"dr_backup_complete{stack="monitoring"}"#, in: plain) == "1")
        #expect(value(#"dr_runs_total{stack="monitoring",activity="backup",result="success"}"#, in: plain) == "1")
        #expect(value(#"dr_objective_rpo_seconds{stack="monitoring"}"#, in: plain) == "3600")
        let file = journey.folder.url.appending(path: "served.prom")
        let body = plain.replacing("\r\n", with: "\n").split(separator: "\n\n", maxSplits: 1).last ?? ""
        try Data(body.utf8).write(to: file)
        let check = try await CommandRun.run("/bin/sh", ["-c", "promtool check metrics < '\(file.path)'"])
        #expect(check.status == 0 && check.errors.isEmpty, "\(check.output)\(check.errors)")
        let open = try await metrics("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
        #expect(open.contains("application/openmetrics-text; version=1.0.0") && open.hasSuffix("# EOF\n"))
        try FileManager.default.removeItem(at: journey.repository)
        #expect(value(#"dr_backup_complete{stack="monitoring"}"#, in: try await metrics("*/*")) == "1")
        try await server.stop()
    }

    /// The way out is slow, or answers with garbage.
    @Test func `a receiver that stalls, refuses or answers garbage does not fail a backup`() async throws {
        let server = try ScriptedServer { request, _ in
            if request.target.hasPrefix("/stall") { return .silence }
            return request.target.hasPrefix("/refuse")
                ? .reply(.response(400, [], "no\u{1b}[2J")) : .raw("garbage\r\n\r\n")
        }
        defer { server.stop() }
        let journey = try await Journey(
            extra: """
                metrics:
                  textfile: dr.prom
                  pushgateway: {url: "\(server.url)/stall", timeout: 1s}
                  otlp: {url: "\(server.url)/refuse"}
                """)
        try journey.write("a", "one")
        let start = ContinuousClock.now
        let run = try await journey.expect(0, "backup")
        #expect(run.errors.contains("metrics: pushgateway: ") && run.errors.contains("metrics: otlp: HTTP 400: no"))
        #expect(!run.errors.contains("\u{1b}"))
        #expect(ContinuousClock.now - start < .seconds(30))
        #expect(try text(journey).contains("dr_backup_complete"))
        let file = journey.folder.url.appending(path: "dr.yaml")
        let configuration = try String(contentsOf: file, encoding: .utf8)
        try Data(configuration.replacing("/refuse", with: "/garbage").utf8).write(to: file)
        #expect(try await journey.expect(0, "backup").errors.contains("metrics: otlp: "))
    }
}
