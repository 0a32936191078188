import Foundation
import Lab
import Testing

/// Runs the commands of `docs/recover-without-dr.md` as they stand in the page, with the places filled in.
@Suite struct RecoverWithoutDRTests {
    private func prepare(_ journey: Journey) async throws {
        for number in 0..<30 { try journey.write("many/file \(number)", "content \(number)\n") }
        try journey.write("large", String(repeating: "0123456789abcdef", count: 200_000))
        try await journey.expect(0, "backup")
        try journey.write("many/file 3", "changed\n")
        try journey.write("twin", String(repeating: "0123456789abcdef", count: 200_000))
        try await journey.expect(0, "backup")
    }

    private func recover(_ journey: Journey, script: String) async throws {
        let folder = journey.folder.url.appending(path: "by-hand")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let run = try await CommandRun.run(
            "/bin/bash", ["-eu", "-c", script], in: folder, environment: journey.environment)
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(run.output.contains("every file is as it was backed up"))
        let diff = try await CommandRun.run(
            "/usr/bin/diff", ["-r", journey.data.path, folder.appending(path: "restored").path])
        #expect(diff.status == 0, "\(diff.output)")
        let one = try #require(FileManager.default.enumerator(atPath: folder.appending(path: "one").path))
        #expect(one.allObjects.count > 0)
    }

    private func body(
        _ blocks: [String: String], _ journey: Journey, without skipped: Set<String> = []
    ) async throws -> String {
        let list = try await journey.json(ListAnswer.self, "list")
        let choose = try #require(blocks["choose"])
            .replacing(/COMPONENT=\S+/, with: "COMPONENT=tree")
            .replacing(/SET=\S+/, with: "SET=\(try #require(list.sets.last).name)")
        // The place of the signature's commands, which not every repository needs.
        let blocks = blocks.merging(["signed": "#signature"]) { first, _ in first }
        let rest = try ["manifest", "signed", "unpack", "prove", "merkle", "one"].filter { !skipped.contains($0) }
            .map { try #require(blocks[$0]) }
        return ([choose] + rest).joined(separator: "\n")
    }

    @Test func `a directory is recovered by the page`() async throws {
        let journey = try await Journey()
        try await prepare(journey)
        let blocks = try DocumentedCommands.blocks(of: "recover-without-dr.md")
        let place = try #require(blocks["directory"]).replacing(/STORE=\S+/, with: "STORE='\(journey.repository.path)'")
        let names = try #require(blocks["names"])
        try await recover(journey, script: [place, names, try await body(blocks, journey)].joined(separator: "\n"))
    }

    /// The part about a bundle, after the parts that every component needs.
    @Test func `a repository is recovered by the page`() async throws {
        let journey = try await Journey(
            components: "tree: {kind: git, url: data}", initialize: false)
        try journey.write("alerts.yaml", "first\n")
        let make = try await CommandRun.run(
            "/bin/sh",
            [
                "-ec",
                "git init -q -b main; git add .; git -c user.name=Ada -c user.email=ada@example.org commit -q -m first",
            ], in: journey.data)
        #expect(make.status == 0, "\(make.errors)")
        try await journey.expect(0, "init")
        try await journey.expect(0, "backup")
        let blocks = try DocumentedCommands.blocks(of: "recover-without-dr.md")
        let place = try #require(blocks["directory"]).replacing(/STORE=\S+/, with: "STORE='\(journey.repository.path)'")
        let script = [place, try await body(blocks, journey), try #require(blocks["bundle"])].joined(separator: "\n")
        let folder = journey.folder.url.appending(path: "by-hand")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let run = try await CommandRun.run("/bin/bash", ["-eu", "-c", script], in: folder)
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        let diff = try await CommandRun.run(
            "/usr/bin/diff", ["-r", "-x", ".git", journey.data.path, folder.appending(path: "configuration").path])
        #expect(diff.status == 0, "\(diff.output)")
    }

    @Test func `a bucket is recovered by the page`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        let journey = try await Journey(s3: server)
        try await prepare(journey)
        let blocks = try DocumentedCommands.blocks(of: "recover-without-dr.md")
        let place = try #require(blocks["s3"])
            .replacing(/ENDPOINT=\S+/, with: "ENDPOINT=\(server.endpoint)")
            .replacing(/REGION=\S+/, with: "REGION=us-east-1")
            .replacing(/STORE=\S+/, with: "STORE=\(journey.bucketAndPrefix)")
        try await recover(journey, script: [place, try await body(blocks, journey)].joined(separator: "\n"))
    }

    /// Encrypted packs and signed sets: the page's commands need the recovery key and the signer's fingerprint.
    @Test func `an encrypted and signed repository is recovered by the page`() async throws {
        let keys = try TemporaryFolder("keys")
        for name in ["recovery", "signing"] {
            let made = try await CommandRun.run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=\(name)", "-days", "1", "-keyout",
                    "\(name).pem", "-out", "\(name).crt",
                ], in: keys.url)
            try #require(made.status == 0, "\(made.errors)")
        }
        let journey = try await Journey(
            store: "recipients: [\(keys.path)/recovery.crt], signing: {certificate: \(keys.path)/signing.crt, "
                + "key: \(keys.path)/signing.pem}")
        try await prepare(journey)
        let print = try await CommandRun.run(
            "/usr/bin/openssl", ["x509", "-in", "signing.crt", "-noout", "-fingerprint", "-sha256"], in: keys.url)
        let fingerprint = try #require(print.output.split(separator: "=").last).filter { !$0.isWhitespace }
        let blocks = try DocumentedCommands.blocks(of: "recover-without-dr.md")
        let place = try #require(blocks["directory"]).replacing(/STORE=\S+/, with: "STORE='\(journey.repository.path)'")
        let key = try #require(blocks["key"]).replacing(/KEY=\S+/, with: "KEY='\(keys.path)/recovery.pem'")
        let signature = try #require(blocks["signature"])
        func script(_ trust: String) async throws -> String {
            let body = try await body(blocks, journey, without: ["one"])
            return [
                place, key,
                body.replacing("#signature", with: signature.replacing(/TRUST=\S+/, with: "TRUST=\(trust)")),
            ].joined(separator: "\n")
        }
        let folder = journey.folder.url.appending(path: "by-hand")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let run = try await CommandRun.run(
            "/bin/bash", ["-eu", "-c", try await script(fingerprint)], in: folder)
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(run.output.contains("every file is as it was backed up"))
        let diff = try await CommandRun.run(
            "/usr/bin/diff", ["-r", journey.data.path, folder.appending(path: "restored").path])
        #expect(diff.status == 0, "\(diff.output)")
        // Another signer's fingerprint ends the recovery before it fetches a pack.
        let other = journey.folder.url.appending(path: "other")
        try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
        let refused = try await CommandRun.run(
            "/bin/bash", ["-eu", "-c", try await script(String(fingerprint.reversed()))], in: other)
        #expect(refused.status != 0)
        #expect(!FileManager.default.fileExists(atPath: other.appending(path: "restored").path))
    }

    /// An index whose names lead out of the folder, with all hashes right, as an attacker would write it.
    @Test(arguments: ["../../outside", "/tmp/outside", "a/../../../outside", ".."])
    func `a name that leads out of the folder ends the recovery`(name: String) async throws {
        let journey = try await Journey()
        try journey.write("file", "content\n")
        try await journey.expect(0, "backup")
        let forge = """
            import glob, gzip, hashlib, json, sys
            root, name = sys.argv[1:]
            index = glob.glob(root + "/tree/packs/*.index.json.gz")[0]
            document = json.loads(gzip.decompress(open(index, "rb").read()))
            for member in document["members"]: member["path"] = name
            data = gzip.compress(json.dumps(document).encode())
            open(index, "wb").write(data)
            path = glob.glob(root + "/tree/backups/*.json")[0]
            manifest = json.load(open(path))
            manifest["packs"][0]["index"] = hashlib.sha256(data).hexdigest()
            data = json.dumps(manifest).encode()
            open(path, "wb").write(data)
            path = glob.glob(root + "/sets/*.json")[0]
            document = json.load(open(path))
            document["components"]["tree"]["sha256"] = hashlib.sha256(data).hexdigest()
            json.dump(document, open(path, "w"))
            """
        let blocks = try DocumentedCommands.blocks(of: "recover-without-dr.md")
        let place = try #require(blocks["directory"]).replacing(/STORE=\S+/, with: "STORE='\(journey.repository.path)'")
        let script = [place, try await body(blocks, journey)].joined(separator: "\n")
        let forged = try await CommandRun.run(try LabTool.path("python"), ["-c", forge, journey.repository.path, name])
        try #require(forged.status == 0, "\(forged.errors)")
        let folder = journey.folder.url.appending(path: "by/hand")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let run = try await CommandRun.run("/bin/bash", ["-eu", "-c", script], in: folder)
        #expect(run.status != 0 && run.errors.contains("unsafe name in pack"), "\(run.output)\n\(run.errors)")
        let restored = folder.appending(path: "restored").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: restored).isEmpty)
    }

    private struct ListAnswer: Decodable {
        struct Row: Decodable { var name: String }
        var sets: [Row]
    }
}
