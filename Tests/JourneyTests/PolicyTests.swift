import Foundation
import Lab
import Testing

/// The policies of `dr policy` on real servers: each role does its work, and nothing else.
@Suite struct PolicyTests {
    private static let roles = ["backup", "prune", "verify", "restore"]
    private static let bucket = "roles"

    /// The policies that dr prints for a repository under the prefix `team/dr`.
    private func policies(_ server: String) async throws -> [String: String] {
        let journey = try await Journey(initialize: false)
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = """
            store: {url: "s3://\(Self.bucket)/team/dr"}
            state: \(journey.folder.path)/state
            components: {tree: {kind: files, data: \(journey.data.path)}}

            """
        try Data(text.utf8).write(to: file)
        var policies: [String: String] = [:]
        for role in Self.roles {
            policies[role] = try await journey.expect(0, "policy", server, "--role", role).output
        }
        return policies
    }

    private struct Doctor: Decodable {
        struct Check: Decodable { var name: String, verdict: String, detail: String }
        var healthy: Bool
        var checks: [Check]

        subscript(name: String) -> String? { checks.first { $0.name == name }?.verdict }
    }

    /// `dr` with the keys of one role, and its own state folder.
    private struct Machine {
        let journey: Journey
        let server: SeaweedFS
        let role: String

        var configuration: String { journey.folder.url.appending(path: "\(role).yaml").path }

        init(_ journey: Journey, _ server: SeaweedFS, _ role: String) throws {
            (self.journey, self.server, self.role) = (journey, server, role)
            let text = """
                store: {url: "s3://\(PolicyTests.bucket)/team/dr", endpoint: "\(server.endpoint)"}
                state: \(journey.folder.path)/state-\(role)
                retention: {keep_last: 1}
                components: {tree: {kind: files, data: \(journey.data.path)}}

                """
            try Data(text.utf8).write(to: URL(filePath: configuration))
        }

        func dr(_ arguments: String...) async throws -> CommandRun {
            try await CommandRun.run(
                Journey.program, arguments + ["--config", configuration], in: journey.folder.url,
                environment: [
                    "AWS_ACCESS_KEY_ID": role, "AWS_SECRET_ACCESS_KEY": "\(role)-secret", "AWS_REGION": "us-east-1",
                    "AWS_EC2_METADATA_DISABLED": "true",
                ])
        }

        func doctor(as role: String) async throws -> Doctor {
            try JSONDecoder().decode(
                Doctor.self, from: Data(try await dr("doctor", "--role", role, "--json").output.utf8))
        }
    }

    @Test(.timeLimit(.minutes(30)))
    func `each role does its work on SeaweedFS, and no more`() async throws {
        let server = try await SeaweedFS(policies: try await policies("seaweedfs"))
        try await server.makeBucket(Self.bucket)
        let journey = try await Journey(initialize: false)
        try journey.write("a", "one")
        let machines = try Dictionary(uniqueKeysWithValues: Self.roles.map { ($0, try Machine(journey, server, $0)) })
        let backup = try #require(machines["backup"]), prune = try #require(machines["prune"])
        let verify = try #require(machines["verify"]), restore = try #require(machines["restore"])

        for run in [try await backup.dr("init"), try await backup.dr("backup", "--no-prune")] {
            #expect(run.status == 0, "\(run.errors)")
        }
        try journey.write("b", "two")
        try await Journey.nextSecond()
        #expect(try await backup.dr("backup", "--no-prune").status == 0)
        let checked = try await backup.doctor(as: "backup")
        #expect(checked.healthy && checked["role backup: delete"] == "ok", "\(checked.checks)")
        // SeaweedFS cannot refuse it by policy, and the doctor says so.
        #expect(checked["role backup: replace"] == "warning")

        let target = journey.folder.url.appending(path: "out")
        let restored = try await restore.dr("restore", "--component", "tree", "--to", target.path)
        #expect(restored.status == 0, "\(restored.errors)")
        #expect(try String(contentsOf: target.appending(path: "b"), encoding: .utf8) == "two")
        #expect(try await restore.dr("backup").status == 1)
        let reading = try await restore.doctor(as: "restore")
        #expect(reading.healthy && reading["role restore: add"] == "ok" && reading["role restore: delete"] == "ok")

        let verified = try await verify.dr("verify", "--read-data")
        #expect(verified.status == 0, "\(verified.errors)")
        #expect(try await verify.dr("backup").status == 1)
        #expect(try await verify.doctor(as: "verify")["role verify: add"] == "ok")

        // The backup host's keys remove no set; those of the prune host do.
        _ = try await backup.dr("prune", "--grace", "0s")
        let kept = try await restore.dr("list")
        #expect(kept.output.split(separator: "\n").count { $0.hasPrefix("202") } == 2, "\(kept.output)")
        let pruned = try await prune.dr("prune", "--grace", "0s")
        #expect(pruned.status == 0, "\(pruned.errors)")
        let left = try await restore.dr("list")
        #expect(left.output.split(separator: "\n").count { $0.hasPrefix("202") } == 1, "\(left.output)")
        #expect(try await prune.doctor(as: "prune")["role prune: add"] == "ok")
        #expect(try await prune.doctor(as: "backup")["role backup: delete"] == "warning")
        server.process.end()
    }

    /// moto has AWS's grammar of policies, and refuses a document that IAM would refuse.
    @Test func `AWS accepts the policies`() async throws {
        let server = try await SharedS3Server.moto()
        let folder = try TemporaryFolder("policies")
        for (role, text) in try await policies("aws") {
            try Data(text.utf8).write(to: folder.url.appending(path: "\(role).json"))
        }
        // The last document has a condition operator that does not exist: the check can fail.
        let script = """
            import boto3, pathlib, sys
            iam = boto3.client("iam", endpoint_url=sys.argv[1], region_name="us-east-1",
                               aws_access_key_id="k", aws_secret_access_key="s")
            files = sorted(pathlib.Path(sys.argv[2]).glob("*.json"))
            for file in files:
                iam.create_policy(PolicyName="dr-" + file.stem, PolicyDocument=file.read_text())
            try:
                iam.create_policy(PolicyName="wrong", PolicyDocument=files[0].read_text().replace("StringLike", "Sounds"))
            except iam.exceptions.MalformedPolicyDocumentException:
                print(len(files), "accepted")
            """
        let run = try await CommandRun.run(
            try LabTool.path("python"), ["-c", script, server.endpoint, folder.path])
        #expect(run.status == 0 && run.output == "4 accepted\n", "\(run.output)\(run.errors)")
    }
}
