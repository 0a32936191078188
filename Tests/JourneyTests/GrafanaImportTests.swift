import Documents
import Foundation
import Lab
import Testing

/// The built program between two Grafanas: out of one, into the other.
@Suite struct GrafanaImportTests {
    private struct Answer: Decodable {
        struct Object: Decodable {
            var kind: String
            var name: String
            var outcome: String
            var missingSecrets: [String]
        }
        var objects: [Object]
        var counts: [String: Int]
        var dryRun: Bool
        var missingSecrets: Int
    }

    /// Writes secrets to files and names them in the configuration.
    private func configuration(_ journey: Journey, _ url: String, secrets: [String: String]) throws {
        let folder = journey.folder.url.appending(path: "secrets")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(GrafanaState.adminPassword.utf8).write(to: folder.appending(path: "admin"))
        var lines = ""
        for (index, secret) in secrets.sorted(by: { $0.key < $1.key }).enumerated() {
            try Data(secret.value.utf8).write(to: folder.appending(path: "\(index)"))
            lines += "      \(secret.key): {file: \(folder.path)/\(index)}\n"
        }
        let text = """
            store: {url: "file://\(journey.folder.path)/repository"}
            state: \(journey.folder.path)/state
            components:
              grafana:
                url: \(url)
                username: admin
                password: {file: \(folder.path)/admin}
                annotations: 3650d
                secrets:
            \(lines.isEmpty ? "      none: {file: /nowhere}" : lines)
            """
        try Data(text.utf8).write(to: journey.folder.url.appending(path: "dr.yaml"))
    }

    private func check(_ journey: Journey, _ arguments: [String], _ status: Int32) async throws -> Answer {
        let run = try await journey.dr(arguments + ["--json"])
        #expect(run.status == status, "\(run.output)\n\(run.errors)")
        let file = journey.folder.url.appending(path: "answer.json")
        try Data(run.output.utf8).write(to: file)
        let script = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1]))
            schema["$ref"] = "#/$defs/restoreImport"
            jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[2])))
            """
        let schema = Journey.checkout.appending(path: "docs/output.schema.json").path
        let verdict = try await CommandRun.run(try LabTool.path("python"), ["-c", script, schema, file.path])
        #expect(verdict.status == 0, "\(verdict.errors)")
        return try JSONDecoder().decode(Answer.self, from: Data(run.output.utf8))
    }

    @Test func `from one Grafana into an empty one and again`() async throws {
        let old = try await GrafanaStandIn(.rich())
        let new = try await GrafanaStandIn(.empty(firstID: 5000))
        let journey = try await Journey()
        try configuration(journey, old.url, secrets: [:])
        try await journey.expect(0, "backup")
        let restore = ["restore", "--component", "grafana"]

        // Without secrets all but what needs them comes back, and what is missing is named.
        try configuration(journey, new.url, secrets: [:])
        let preview = try await check(journey, restore + ["--dry-run"], 3)
        #expect(preview.dryRun && preview.missingSecrets == 4 && preview.counts["create"] ?? 0 > 250)
        #expect(preview.objects.contains { $0.missingSecrets == ["contact-point/cp-slack/url"] })
        #expect(new.server.requests.keys.allSatisfy { $0.hasPrefix("GET ") })
        let text = try await journey.expect(3, "restore", "--component", "grafana")
        #expect(text.output.contains("create\tdashboard 'Nodes' (uid rYdddlPWk), organisation 'Main Org.'"))
        #expect(text.output.contains("lacks contact-point/cp-slack/url"))
        #expect(text.output.contains("add them under `secrets:`"))

        // With them, the rest; then there is nothing left to do.
        try configuration(
            journey, new.url,
            secrets: [
                "data-source/P1/basicAuthPassword": "p1-password", "data-source/P1/httpHeaderValue1": "p1-header",
                "data-source/P1/password": "lab-password", "contact-point/cp-slack/url": "https://hooks.example.org/s",
                "contact-point/cp-hook/password": "hook-password",
                "contact-point/cp-hook/http_config.oauth2.client_secret": "oauth-secret",
            ])
        let second = try await check(journey, restore, 0)
        #expect(second.missingSecrets == 0 && second.counts["failed"] == 0)
        let third = try await check(journey, restore, 0)
        #expect(third.objects.allSatisfy { ["same", "skipped"].contains($0.outcome) })
        let run = try await journey.expect(0, "restore", "--component", "grafana")
        #expect(!run.output.contains("hook-password") && !run.errors.contains("hook-password"))
        #expect(old.server.violations == [] && new.server.violations == [])

        // The documents themselves, without a server.
        await new.server.stop()
        try await journey.expect(0, "restore", "--component", "grafana", "--to", "out")
        let dashboard = journey.folder.url.appending(path: "out/organizations/1/dashboards/rYdddlPWk.json")
        #expect(try String(contentsOf: dashboard, encoding: .utf8).contains("1e21"))
    }

    /// After a total loss, with the store and the recovery key only.
    @Test func `an encrypted store brings contact points back with their secrets`() async throws {
        let old = try await GrafanaStandIn(.rich())
        let new = try await GrafanaStandIn(.empty(firstID: 5000))
        let journey = try await Journey(initialize: false)
        try await journey.expect(0, "init", "--recovery-key", "recovery.pem")
        func configure(_ url: String) throws {
            try configuration(journey, url, secrets: [:])
            let file = journey.folder.url.appending(path: "dr.yaml")
            let text = try String(contentsOf: file, encoding: .utf8)
                .replacing("repository\"}", with: "repository\", recipients: [recovery.pem.crt]}")
            try Data(text.utf8).write(to: file)
        }
        try configure(old.url)
        #expect(try await journey.expect(0, "doctor").output.contains("the secrets of 2 are backed up, encrypted"))
        var said = ""
        for arguments in [
            ["backup"], ["backup", "--json"], ["show", "--files"], ["diff", "latest", "latest", "--json"],
        ] {
            let run = try await journey.dr(arguments)
            #expect(run.status == 0, "\(run.errors)")
            said += run.output + run.errors
        }
        #expect(!said.contains("not encrypted"))
        let places = ["repository", "state"].map { journey.folder.url.appending(path: $0).path }
        for secret in ["hooks.example.org/secret", "hook-password", "oauth-secret"] {
            #expect(!said.contains(secret))
            #expect(try await CommandRun.run("/bin/grep", ["-rlz", secret] + places).output == "")
        }

        try configure(new.url)
        let restore = ["restore", "--component", "grafana", "--recovery-key", "recovery.pem"]
        let answer = try await check(journey, restore, 3)
        #expect(answer.objects.filter { $0.kind == "contact point" }.allSatisfy { $0.missingSecrets.isEmpty })
        #expect(answer.objects.contains { $0.kind == "notification policies" && $0.outcome == "update" })
        let points = new.state.organizations[1]?.contactPoints
        #expect(points?.first { $0["uid"] == "cp-hook" }?["settings"]?["password"] == "hook-password")
        for secret in ["hooks.example.org/secret", "hook-password", "oauth-secret"] {
            #expect(try await CommandRun.run("/bin/grep", ["-rlz", secret] + places).output == "")
        }
        #expect(old.server.violations == [] && new.server.violations == [])
    }

    @Test func `one refused dashboard is partial`() async throws {
        let old = try await GrafanaStandIn(.rich())
        let journey = try await Journey()
        try configuration(journey, old.url, secrets: [:])
        try await journey.expect(0, "backup")
        old.change { state in
            state.organizations[1]?.dashboards["disks"] = nil
            state.organizations[1]?.dashboards["twin-a"] = nil
        }
        old.server.fail { request in
            request.path == "/api/dashboards/db" && request.json?["dashboard"]?["uid"] == "disks"
                ? .json(422, ["message": "refused"]) : nil
        }
        let answer = try await check(journey, ["restore", "--component", "grafana"], 3)
        #expect(answer.counts["failed"] == 1 && answer.counts["create"] == 1)
    }
}
