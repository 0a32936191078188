import Components
import Documents
import Foundation
import Lab
import Testing

/// The built program and real Alertmanagers: one is backed up and lost, the silences go into an empty one.
@Suite(.enabled(if: LabTool.isInstalled(AlertmanagerServer.executable))) struct AlertmanagerTests {
    private struct Answer: Decodable {
        struct Object: Decodable {
            var kind: String
            var name: String
            var outcome: String
            var detail: String?
        }
        var objects: [Object]
        var counts: [String: Int]
    }

    private struct Made: Decodable { var name: String }

    private struct Drill: Decodable {
        struct Control: Decodable { var red: [String], noticed: Bool }
        var verdict: String
        var reasons: [String]
        var negativeControl: Control?
        var liveStackUntouched: Bool?
    }

    private static let utc = Date.ISO8601FormatStyle()

    private func silences(_ server: AlertmanagerServer) async throws -> [JSONValue] {
        let text = try await CommandRun.run("/usr/bin/curl", ["-sf", "\(server.url)/api/v2/silences"]).output
        return try JSONValue(parsing: [UInt8](text.utf8)).array ?? []
    }

    /// - Parameter minutes: from now, of the end.
    @discardableResult
    private func silence(_ server: AlertmanagerServer, _ job: String, minutes: Double) async throws -> String {
        let now = Date()
        let body: JSONValue = [
            "matchers": [["name": "job", "value": .string(job), "isRegex": false, "isEqual": true]],
            "startsAt": .string(now.formatted(Self.utc)),
            "endsAt": .string((now + minutes * 60).formatted(Self.utc)), "createdBy": "ann", "comment": "maintenance",
        ]
        let text = try await CommandRun.run(
            "/usr/bin/curl",
            [
                "-sf", "-H", "Content-Type: application/json", "\(server.url)/api/v2/silences", "-d",
                String(decoding: body.compact, as: UTF8.self),
            ]
        ).output
        return try #require(try JSONValue(parsing: [UInt8](text.utf8))["silenceID"]?.text)
    }

    private func started() async throws -> (AlertmanagerServer, Journey) {
        let server = try await AlertmanagerServer.start()
        let journey = try await Journey(
            components: "alertmanager: {url: '\(server.url)'}", extra: "checks: {canaries: {alertmanager: {}}}")
        return (server, journey)
    }

    @Test func `silences of a lost server are restored into an empty one and verified`() async throws {
        let (old, journey) = try await started()
        let id = try await silence(old, "node", minutes: 120)
        let ended = try await silence(old, "gone", minutes: 60)
        _ = try await CommandRun.run("/usr/bin/curl", ["-sf", "-X", "DELETE", "\(old.url)/api/v2/silence/\(ended)"])
        try await journey.expect(0, "doctor")
        try await journey.expect(0, "backup", "--verify=sample")
        try await journey.expect(0, "verify", "--read-data")
        try await journey.expect(0, "check", "--at", "latest")

        let new = try await AlertmanagerServer.start()
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8).replacing(old.url, with: new.url)
        try Data(text.utf8).write(to: file)
        let lost = try await journey.json(CheckReport.self, "check", "--at", "latest")
        let failed = lost.results.filter { $0.verdict == .failed }.map(\.name)
        #expect(
            Set(failed) == ["alertmanager_silences", "restored_data", "data_equality", "canaries"], "\(lost.results)")

        let preview = try await journey.json(Answer.self, "restore", "--component", "alertmanager", "--dry-run")
        #expect(preview.counts["create"] == 2 && preview.counts["skipped"] == 1, "\(preview)")
        #expect(try await silences(new).isEmpty)
        let first = try await journey.json(Answer.self, "restore", "--component", "alertmanager")
        #expect(first.counts["create"] == 2 && first.counts["failed"] == 0, "\(first)")
        let restored = try #require(first.objects.first { $0.name.contains("(id \(id))") })
        let copy = try #require(try await silences(new).first { $0["comment"] == "maintenance" }?["id"]?.text)
        #expect(restored.detail == "its new id is \(copy)")
        let second = try await journey.json(Answer.self, "restore", "--component", "alertmanager")
        #expect(second.counts["same"] == 3 && second.counts["create"] == 0, "\(second)")
        #expect(try await silences(new).count == 2)
        try await journey.expect(0, "check", "--at", "latest")

        // The documents themselves.
        try await journey.expect(0, "restore", "--component", "alertmanager", "--to", "out")
        let configuration = journey.folder.url.appending(path: "out/alertmanager.yml")
        #expect(try String(contentsOf: configuration, encoding: .utf8).contains("receiver: nobody"))
    }

    @Test func `an unchanged server gives an unchanged backup, and the gaps name the missing parts`() async throws {
        let server = try await AlertmanagerServer.start()
        let journey = try await Journey(components: "alertmanager: {url: '\(server.url)'}")
        try await silence(server, "node", minutes: 60)
        let first = try await journey.json(Made.self, "backup")
        try await silence(server, "new", minutes: 60)
        let second = try await journey.json(Made.self, "backup")
        let third = try await journey.json(Made.self, "backup")
        let changed = try await journey.expect(0, "diff", first.name, second.name).output
        #expect(changed.split(separator: "\n").count { $0.contains("silences/") } == 1, "\(changed)")
        let unchanged = try await journey.expect(0, "diff", second.name, third.name).output
        #expect(!unchanged.contains("silences/") && !unchanged.contains("alertmanager."), "\(unchanged)")
        let gaps = try await journey.dr(["gap", "--json"])
        #expect(gaps.output.contains("nflog") && !gaps.output.contains("secrets"), "\(gaps.output)")
    }

    @Test(arguments: ["empty_service", "flipped_byte"])
    func `a drill restores the silences into the drill's own server`(control: String) async throws {
        let (live, journey) = try await started()
        try await silence(live, "node", minutes: 120)
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        let plan = """
            scenario: loss
            objectives: {rto: 4h, rpo: 1h}
            steps:
              - {id: back, restore: alertmanager, timeout: 5m}
            checks: [canaries]

            """
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        try await journey.expect(0, "backup")
        let before = try await silences(live)
        let outcome = try await journey.json(Drill.self, "drill", "--scenario", "loss", "--inject", control)
        #expect(outcome.verdict == "passed" && outcome.negativeControl?.noticed == true, "\(outcome)")
        if control == "empty_service" {
            #expect(outcome.negativeControl?.red.contains("alertmanager_silences") == true, "\(outcome)")
        }
        #expect(outcome.liveStackUntouched == true)
        // The server lists silences of one time in any order.
        let after = try await silences(live)
        #expect(Set(after) == Set(before), "\(before)\n\(after)")
    }
}
