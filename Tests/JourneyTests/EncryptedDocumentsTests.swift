import Cryptography
import Foundation
import Lab
import Testing

/// An encrypted repository: what the store shows, and what each key opens.
@Suite struct EncryptedDocumentsTests {
    private func prepared(signed: Bool = false) async throws -> Journey {
        let journey = try await Journey(initialize: false)
        try await journey.expect(0, "init", "--recovery-key", "recovery.pem")
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacing("repository\"}", with: "repository\", recipients: [recovery.pem.crt]}")
        try Data(text.utf8).write(to: file)
        try journey.write("pin-of-alice", "123456")
        try await journey.expect(0, "backup")
        return journey
    }

    private func removeState(of journey: Journey) throws {
        let state = journey.folder.url.appending(path: "state")
        for folder in try FileManager.default.contentsOfDirectory(at: state, includingPropertiesForKeys: nil) {
            try FileManager.default.removeItem(at: folder)
        }
    }

    private func documentKey(of journey: Journey) async throws -> String {
        let found = try await CommandRun.run(
            "/bin/bash", ["-c", "cat state/*/document-keys; stat -c %a state/*/document-keys"], in: journey.folder.url)
        #expect(found.output.hasSuffix("\n600\n"), "\(found.output)")
        return try #require(found.output.split(separator: "\n").first { $0.count == 64 }.map(String.init))
    }

    @Test func `the store shows neither names nor hashes`() async throws {
        let journey = try await prepared()
        let hash = Digest(of: Array("123456".utf8)).hex
        let objects = try #require(FileManager.default.enumerator(atPath: journey.repository.path))
        var looked = 0
        for case let name as String in objects {
            guard let data = FileManager.default.contents(atPath: journey.repository.appending(path: name).path),
                !name.hasSuffix("/")
            else { continue }
            var contents = [data]
            if name.hasSuffix(".gz"), data.first != 0x30 { Issue.record("\(name) is not encrypted") }
            if let mark = try? JSONDecoder().decode([String: String].self, from: data), let text = mark["envelope"] {
                contents.append(Data(base64Encoded: text) ?? Data())
            }
            for content in contents {
                for secret in ["alice", hash, journey.data.path] {
                    #expect(content.firstRange(of: Data(secret.utf8)) == nil, "\(name) shows '\(secret)'")
                }
            }
            looked += 1
        }
        #expect(looked > 5)
        for kind in ["sets", "tree/backups", "tree/packs"] {
            for name in try FileManager.default.contentsOfDirectory(
                atPath: journey.repository.appending(path: kind).path)
            {
                let data = try Data(contentsOf: journey.repository.appending(path: "\(kind)/\(name)"))
                #expect(data.first == 0x30, "\(kind)/\(name)")
            }
        }
    }

    @Test func `the document key opens no pack`() async throws {
        let journey = try await prepared()
        let key = try await documentKey(of: journey)
        let id = Digest(of: try #require([UInt8](hex: key))).hex.prefix(32)
        let script = """
            for object in repository/sets/*.json repository/tree/backups/*.json; do
              openssl cms -decrypt -inform DER -binary -in $object -secretkey \(key) -secretkeyid \(id) | grep -q tree
            done
            openssl cms -decrypt -inform DER -binary -in repository/tree/packs/*.index.json.gz -secretkey \(key) \
              -secretkeyid \(id) | gzip -dc | grep -q pin-of-alice
            openssl cms -decrypt -inform DER -binary -in repository/tree/packs/*.p7m -inkey recovery.pem | gzip -dc | grep -q 123456
            ! openssl cms -decrypt -inform DER -binary -in repository/tree/packs/*.p7m -secretkey \(key) -secretkeyid \(id)
            """
        let run = try await CommandRun.run(
            "/bin/bash", ["-eu", "-o", "pipefail", "-c", script], in: journey.folder.url)
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        // Unchanged files are recognised, although the machine cannot read what it stored.
        let second = try await journey.expect(0, "backup")
        #expect(second.output.contains("tree") && !second.errors.contains("stored again"), "\(second.errors)")
        #expect(
            try FileManager.default.contentsOfDirectory(
                atPath: journey.repository.appending(path: "tree/packs").path
            ).count == 2)
    }

    @Test func `a machine without keys is told which key it needs`() async throws {
        let journey = try await prepared()
        try removeState(of: journey)
        for command in [["list"], ["status"], ["show", "latest"], ["verify"]] {
            let run = try await journey.dr(command)
            #expect(run.status == 1 && run.errors.contains("--recovery-key KEY"), "\(command): \(run.errors)")
        }
        let list = try await journey.expect(0, "list", "--recovery-key", "recovery.pem")
        #expect(list.output.contains("complete"))
        let store = "file://\(journey.repository.path)"
        let foreign = try await journey.expect(0, "list", "--store", store, "--recovery-key", "recovery.pem")
        #expect(foreign.output.contains("complete"))
    }

    @Test func `a machine that lost its document key backs up again and prunes nothing`() async throws {
        let journey = try await prepared()
        try removeState(of: journey)
        let backup = try await journey.expect(0, "backup")
        #expect(backup.errors.contains("none of this machine's document keys opens it"), "\(backup.errors)")
        let prune = try await journey.expect(1, "prune")
        #expect(prune.errors.contains("pruning is frozen") && !prune.errors.contains("dr drop"), "\(prune.errors)")
        #expect(prune.errors.contains("dr key host"))
        #expect(
            try FileManager.default.contentsOfDirectory(
                atPath: journey.repository.appending(path: "sets").path
            ).count == 2)
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out", "--recovery-key", "recovery.pem")
    }

    @Test func `the recovery key gives a machine its document keys back`() async throws {
        let journey = try await prepared()
        let lost = try await documentKey(of: journey)
        try removeState(of: journey)
        try await journey.expect(0, "backup")
        let own = try await documentKey(of: journey)
        #expect(own != lost)
        // Anyone can write such a mark. Its key may open documents, and never encrypts.
        let host = try await journey.expect(0, "key", "host", "--recovery-key", "recovery.pem")
        #expect(host.output.contains("added 1 document key"), "\(host.output)")
        #expect(try await documentKey(of: journey) == own)
        try await journey.expect(0, "list")
        try await journey.expect(0, "prune")
        let again = try await journey.expect(0, "key", "host", "--recovery-key", "recovery.pem")
        #expect(again.output.contains("added 0 document keys"), "\(again.output)")
        try await journey.expect(0, "init", "--recovery-key", "other.pem")
        #expect(try await journey.dr(["key", "host", "--recovery-key", "other.pem"]).status == 1)
    }

    @Test func `without an option the key beside the recipient is tested`() async throws {
        let journey = try await prepared()
        let test = try await journey.expect(0, "key", "test")
        #expect(test.output.contains("tree"), "\(test.output)")
        try FileManager.default.removeItem(at: journey.folder.url.appending(path: "recovery.pem"))
        #expect(try await journey.dr(["key", "test"]).errors.contains("--recovery-key KEY"))
    }

    /// The indexes are consistent with all hashes, but list other files than the backup stored.
    @Test func `the Merkle root of a restored tree is that of the set`() async throws {
        let journey = try await Journey()
        try journey.write("a", "one")
        try await journey.expect(0, "backup")
        let forge = """
            import glob, hashlib, json, sys
            def seal(document):
                text = json.dumps(document, separators=(",", ":"))[:-1]
                return (text + ',\\n"sha256":"' + hashlib.sha256(text.encode()).hexdigest() + '"}\\n').encode()
            path = glob.glob("repository/tree/backups/*.json")[0]
            manifest = json.load(open(path)); del manifest["sha256"]
            manifest["contents"] = "0" * 64
            data = seal(manifest)
            open(path, "wb").write(data)
            path = glob.glob("repository/sets/*.json")[0]
            document = json.load(open(path)); del document["sha256"]
            document["components"]["tree"]["sha256"] = hashlib.sha256(data).hexdigest()
            open(path, "wb").write(seal(document))
            """
        let forged = try await CommandRun.run(try LabTool.path("python"), ["-c", forge], in: journey.folder.url)
        try #require(forged.status == 0, "\(forged.errors)")
        let run = try await journey.dr(["restore", "--component", "tree", "--to", "out", "--accept-older"])
        #expect(run.status == 7 && run.errors.contains("Merkle root"), "\(run.status) \(run.errors)")
    }
}
