import Foundation
import Lab
import Testing

/// A drill by another identity than that of the backups, on a real S3 server: its own signing key, and credentials that
/// write only marks, or nothing.
@Suite struct SecondHostTests {
    private static let bucket = "second"

    private struct Drilled: Decodable { var verdict: String, files: [String] }

    private struct Report: Decodable {
        struct Provenance: Decodable { var host: String, credentials: String?, signer: String?, roles: [String]? }
        struct Segregation: Decodable {
            var verdict: String, reasons: [String], run: Provenance, sources: [String: Provenance]
        }
        struct Control: Decodable { var control: String, verdict: String? }
        var segregation: Segregation?
        var controls: [Control]
        var deviations: [String]
    }

    private func identity(_ name: String, in folder: URL) async throws {
        let made = try await CommandRun.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=\(name)", "-days", "1", "-keyout", "\(name).key", "-out", "\(name).crt",
            ], in: folder)
        try #require(made.status == 0, "\(made.errors)")
    }

    private func policy(_ role: String) async throws -> String {
        let journey = try await Journey(initialize: false)
        let text = """
            store: {url: "s3://\(Self.bucket)/dr"}
            state: \(journey.folder.path)/state
            components: {tree: {kind: files, data: \(journey.data.path)}}

            """
        try Data(text.utf8).write(to: journey.folder.url.appending(path: "dr.yaml"))
        return try await journey.expect(0, "policy", "seaweedfs", "--role", role).output
    }

    /// Writes the configuration of a host with the credentials of a role, and runs `dr` there.
    private func dr(
        as role: String, signedBy key: String, _ journey: Journey, _ server: SeaweedFS, _ arguments: String...
    ) async throws -> CommandRun {
        let text = """
            store:
              url: "s3://\(Self.bucket)/dr"
              endpoint: "\(server.endpoint)"
              signing:
                certificate: \(key).crt
                key: \(key).key
                trust: [{certificate: backup.crt, roles: [backup]}, {certificate: drill.crt, roles: [verify]}]
            state: \(journey.folder.path)/state-\(role)
            components: {tree: {kind: files, data: \(journey.data.path)}}
            checks: {canaries: {tree: {}}}
            drill: {sign: true}

            """
        let configuration = journey.folder.url.appending(path: "\(role).yaml")
        try Data(text.utf8).write(to: configuration)
        return try await CommandRun.run(
            Journey.program, arguments + ["--config", configuration.path], in: journey.folder.url,
            environment: [
                "AWS_ACCESS_KEY_ID": role, "AWS_SECRET_ACCESS_KEY": "\(role)-secret", "AWS_REGION": "us-east-1",
                "AWS_EC2_METADATA_DISABLED": "true",
            ])
    }

    @Test(.timeLimit(.minutes(10)))
    func `a second host drills with its own key and with credentials that only read`() async throws {
        var policies: [String: String] = [:]
        for role in ["backup", "verify", "restore"] { policies[role] = try await policy(role) }
        let server = try await SeaweedFS(policies: policies)
        defer { server.process.end() }
        try await server.makeBucket(Self.bucket)
        let journey = try await Journey(initialize: false)
        for name in ["backup", "drill"] { try await identity(name, in: journey.folder.url) }
        try journey.write("a", "content")
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        let plan = "scenario: loss\nsteps: [{id: tree, restore: tree, timeout: 5m}]\nchecks: [canaries]\n"
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        for run in [
            try await dr(as: "backup", signedBy: "backup", journey, server, "init"),
            try await dr(as: "backup", signedBy: "backup", journey, server, "backup", "--no-prune"),
        ] {
            #expect(run.status == 0, "\(run.errors)")
        }

        for role in ["verify", "restore"] {
            let run = try await dr(
                as: role, signedBy: "drill", journey, server, "drill", "--scenario", "loss", "--inject", "missing_pack",
                "--json")
            #expect(run.status == 0, "\(role): \(run.errors)")
            let drill = try JSONDecoder().decode(Drilled.self, from: Data(run.output.utf8))
            #expect(drill.verdict == "passed")
            let file = try #require(drill.files.first { $0.hasSuffix("report.json") })
            let document = try Data(contentsOf: URL(filePath: file))
            #expect(try await journey.objections(to: document, schema: "evidence.schema.json") == "")
            let report = try JSONDecoder().decode(Report.self, from: document)
            let segregation = try #require(report.segregation), source = try #require(segregation.sources.first?.value)
            #expect(source.credentials != nil && segregation.run.credentials != source.credentials)
            #expect(source.signer != nil && segregation.run.signer != nil && segregation.run.signer != source.signer)
            #expect(segregation.run.roles == ["verify"] && source.roles == ["backup"])
            // Both identities are on this machine, so nothing is segregated, whatever their keys.
            #expect(
                segregation.verdict == "not shown"
                    && segregation.reasons.contains { $0.contains("which made the backup") })
            #expect(report.controls.first { $0.control == "art. 12(3)" }?.verdict == "not shown")
            // A store that refuses the mark leaves a deviation, and no more.
            let isRefused = report.deviations.contains { $0.contains("the set could not be marked as drilled") }
            #expect(isRefused == (role == "restore"), "\(report.deviations)\n\(run.errors)")
            let verified = try await CommandRun.run(
                Journey.program, ["report", "verify", file, "--certificate", "drill.crt"], in: journey.folder.url)
            #expect(verified.status == 0, "\(verified.errors)")
        }
        let controls = try await dr(as: "verify", signedBy: "drill", journey, server, "report", "controls", "--json")
        #expect(
            try await journey.objections(
                to: Data(controls.output.utf8), schema: "output.schema.json", "report controls") == "",
            "\(controls.errors)")
    }
}
