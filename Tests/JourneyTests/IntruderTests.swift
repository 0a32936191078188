import Foundation
import Lab
import Testing

/// Another user can write to the store, or delete from it.
@Suite struct IntruderTests {
    /// A journey with a signing key, and a configuration that names it.
    private func signed(retention: String = "") async throws -> Journey {
        let journey = try await Journey(
            store: "signing: {certificate: signing.crt, key: signing.key}", extra: retention, initialize: false)
        let made = try await CommandRun.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=backup host", "-days", "1", "-keyout", "signing.key", "-out", "signing.crt",
            ], in: journey.folder.url)
        try #require(made.status == 0, "\(made.errors)")
        try await journey.expect(0, "init")
        return journey
    }

    private func sets(_ journey: Journey) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: journey.repository.appending(path: "sets").path)
            .filter { $0.hasSuffix(".json") }.sorted()
    }

    /// Writes a sealed document, as any user can: the seal is not secret.
    private func put(_ document: [String: Any], at key: String, in journey: Journey) throws {
        let file = journey.repository.appending(path: key)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        let text = try JSONSerialization.data(
            withJSONObject: document, options: [.sortedKeys, .withoutEscapingSlashes])
        try text.write(to: file)
        let sealed = """
            import hashlib, sys
            path = sys.argv[1]
            content = open(path, "rb").read()[:-1]
            seal = hashlib.sha256(content).hexdigest()
            open(path, "wb").write(content + b',\\n"sha256":"' + seal.encode() + b'"}\\n')
            """
        let process = Process()
        process.executableURL = URL(filePath: try LabTool.path("python"))
        process.arguments = ["-c", sealed, file.path]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    private func document(_ key: String, in journey: Journey) throws -> [String: Any] {
        let data = try Data(contentsOf: journey.repository.appending(path: key))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private static let late = "20991231T000000Z"

    /// A newer format stops dr, because it must not misread one; so only a trusted signer may write one.
    @Test(arguments: [
        "sets/20200101T000000Z", "sets/20991231T000000Z", "marks/prune/20200101T000000Z-aa",
        "marks/pruned/20200101T000000Z-aa", "marks/dropped/20200101T000000Z-aa", "marks/sampled/20200101T000000Z-aa",
        "marks/verified/20200101T000000Z-aa", "marks/unwanted/20200101T000000Z-aa", "marks/drilled/20200101T000000Z-aa",
    ])
    func `a forged document of a newer format stops neither backups nor restores`(key: String) async throws {
        let journey = try await signed()
        try journey.write("file", "1")
        try await journey.expect(0, "backup")
        try put(["format": 2, "x": 1], at: "\(key).json", in: journey)
        try await Journey.nextSecond()
        try journey.write("file", "2")
        try await journey.expect(0, "backup")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        let file = journey.folder.url.appending(path: "out/file")
        #expect(try String(contentsOf: file, encoding: .utf8) == "2")
        let list = try await journey.dr(["list"])
        #expect(list.output.contains("complete"), "\(list.errors)")
        #expect(try await journey.dr(["prune"]).status != 7)
    }

    @Test(arguments: ["void", "unpinned", "dropped", "pruned", "prune"])
    func `forged marks take nothing away`(_ kind: String) async throws {
        let journey = try await signed(retention: "retention: {keep_last: 1}")
        for number in 1...2 {
            try journey.write("file", "\(number)")
            try await Journey.nextSecond()
            try await journey.expect(0, "backup", "--no-prune")
        }
        let first = try #require(try sets(journey).first)
        let name = String(first.prefix(16))
        try await journey.expect(0, "pin", name, "--until", "forever", "--reason", "legal hold")
        let run = try #require(try document("sets/\(first)", in: journey)["run"] as? String)
        var mark: [String: Any] = ["at": Self.late, "format": 1, "kind": kind, "tool": "dr"]
        var key = "\(Self.late)-\(String(repeating: "c", count: 32))"
        switch kind {
        case "void": (mark["run"], key) = (run, run)
        case "pruned": mark["sets"] = [name]
        case "dropped": (mark["set"], mark["reason"]) = (name, "forged")
        case "prune":
            mark["sets"] = [["name": name, "reasons": ["forged"], "manifests": [[String: Any]]()] as [String: Any]]
            (mark["orphans"], mark["packs"]) = ([String: Any](), [String: Any]())
        default: mark["set"] = name
        }
        try put(mark, at: "marks/\(kind)/\(key).json", in: journey)

        let verified = try await journey.expect(4, "verify")
        #expect(verified.output.contains("UNTRUSTED 'marks/\(kind)/\(key).json': it is not signed"))
        let pruned = try await journey.dr(["prune", "--grace", "0s"])
        #expect(pruned.errors.contains("pruning is frozen") && pruned.errors.contains("no trusted signature"))
        #expect(try sets(journey).count == 2)
        try await journey.expect(0, "restore", "--component", "tree", "--at", name, "--to", "out")
        let restored = journey.folder.url.appending(path: "out/file")
        #expect(try String(contentsOf: restored, encoding: .utf8) == "1")
        let status = try await journey.expect(4, "status")
        #expect(status.errors.contains("without a trusted signature"))
    }

    @Test func `a signed mark does not count under another key`() async throws {
        let journey = try await signed()
        for number in 1...2 {
            try journey.write("file", "\(number)")
            try await Journey.nextSecond()
            try await journey.expect(0, "backup", "--no-prune")
        }
        let name = String(try #require(try sets(journey).first).prefix(16))
        try await journey.expect(0, "drop", name, "--reason", "test", "--yes")
        try await journey.expect(0, "verify")
        let folder = journey.repository.appending(path: "marks/dropped")
        let mark = try #require(try FileManager.default.contentsOfDirectory(atPath: folder.path).first)

        // The documented way with OpenSSL.
        let identity = try #require(try document("repository.json", in: journey)["id"] as? String)
        let proof = try await CommandRun.run(
            "/bin/bash",
            [
                "-c",
                """
                set -e
                (echo "\(identity) marks/dropped/\(mark)"; head -n 2 "\(folder.path)/\(mark)") > content
                tail -n +3 "\(folder.path)/\(mark)" | openssl cms -verify -binary -inform PEM -content content \
                    -CAfile signing.crt -purpose any -out proved
                """,
            ], in: journey.folder.url)
        #expect(proof.status == 0, "\(proof.errors)")

        try FileManager.default.moveItem(
            at: folder.appending(path: mark),
            to: folder.appending(path: "\(Self.late)-\(String(repeating: "d", count: 32)).json"))
        let replayed = try await journey.expect(4, "verify")
        #expect(replayed.output.contains("its signature is not valid"))
    }

    @Test func `a removed set is missed`() async throws {
        let journey = try await signed()
        for number in 1...2 {
            try journey.write("file", "\(number)")
            try await Journey.nextSecond()
            try await journey.expect(0, "backup", "--no-prune")
        }
        let newest = try #require(try sets(journey).last)
        let name = String(newest.prefix(16))
        for file in try FileManager.default.contentsOfDirectory(
            atPath: journey.repository.appending(path: "sets").path) where file.hasPrefix(name)
        {
            try FileManager.default.removeItem(at: journey.repository.appending(path: "sets/\(file)"))
        }
        // The machine that made it.
        let refused = try await journey.expect(4, "restore", "--component", "tree", "--to", "out")
        #expect(refused.errors.contains("this machine committed it") && refused.errors.contains("--accept-older"))
        #expect(try await journey.expect(4, "status").errors.contains("which this machine committed, is gone"))
        #expect(try await journey.expect(4, "verify").output.contains(newest))
        try await journey.expect(0, "restore", "--component", "tree", "--accept-older", "--to", "out")
        // Another one, which knows nothing.
        try FileManager.default.removeItem(at: journey.folder.url.appending(path: "state"))
        let warned = try await journey.expect(0, "restore", "--component", "tree", "--to", "fresh")
        #expect(warned.errors.contains("a newer set may have been removed"))
        #expect(try await journey.expect(4, "verify").output.contains("its run committed a set that is gone"))
    }

    @Test func `an exchanged repository is refused`() async throws {
        let journey = try await Journey()
        try await journey.expect(0, "backup")
        let other = try await Journey()
        try await other.expect(0, "backup")
        try FileManager.default.removeItem(at: journey.repository)
        try FileManager.default.copyItem(at: other.repository, to: journey.repository)
        let commands = [["list"], ["status"], ["backup"], ["restore", "--component", "tree", "--to", "out"]]
        for command in commands {
            let run = try await journey.dr(command)
            #expect(run.status == 7 && run.errors.contains("this machine knows"), "\(command): \(run.errors)")
        }
        try await journey.expect(0, "init", "--adopt")
        try await journey.expect(0, "list")
    }

    @Test func `an exchanged set breaks the chain`() async throws {
        let journey = try await Journey()
        for number in 1...2 {
            try journey.write("file", "\(number)")
            try await Journey.nextSecond()
            try await journey.expect(0, "backup", "--no-prune")
        }
        let first = try #require(try sets(journey).first)
        var set = try document("sets/\(first)", in: journey)
        (set["sha256"], set["tool"]) = (nil, "dr of somebody else")
        try put(set, at: "sets/\(first)", in: journey)
        let verified = try await journey.expect(4, "verify")
        #expect(verified.output.contains("it was exchanged"), "\(verified.output)")
    }

    @Test func `a foreign set is not built upon`() async throws {
        let journey = try await Journey()
        try journey.write("file", "content")
        try await journey.expect(0, "backup")
        // The same machine without its notes: it cannot tell its own sets from those of others.
        try FileManager.default.removeItem(at: journey.folder.url.appending(path: "state"))
        let again = try await journey.expect(0, "backup")
        #expect(again.errors.contains("this machine did not make the backup"))
        struct Made: Decodable {
            struct Part: Decodable {
                struct Added: Decodable { var files: Int }
                var added: Added
            }
            var components: [String: Part]
            var number: Int
        }
        let third = try await journey.json(Made.self, "backup")
        #expect(third.components["tree"]?.added.files == 0 && third.number == 3)
    }

    @Test func `a pack in the clear is refused`() async throws {
        let journey = try await Journey()
        try journey.write("file", String(repeating: "secret ", count: 100))
        try await journey.expect(0, "backup")
        try await journey.expect(0, "init", "--recovery-key", "recovery.pem")
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(text.replacing("/repository\"}", with: "/repository\", recipients: [recovery.pem.crt]}").utf8)
            .write(to: file)
        let restore = ["restore", "--component", "tree", "--recovery-key", "recovery.pem", "--to"]
        let refused = try await journey.dr(restore + ["out"])
        #expect(refused.status == 4 && refused.errors.contains("not encrypted"), "\(refused.errors)")
        #expect(try await journey.dr(restore + ["clear", "--allow-clear"]).status == 0)
        // The next set rests on nothing that is in the clear.
        try await Journey.nextSecond()
        try await journey.expect(0, "backup")
        #expect(try await journey.dr(restore + ["out"]).status == 0)
        // Another recipient is worth a warning: the key at hand does not open the next packs.
        try await journey.expect(0, "init", "--recovery-key", "other.pem")
        try Data(text.replacing("/repository\"}", with: "/repository\", recipients: [other.pem.crt]}").utf8)
            .write(to: file)
        #expect(try await journey.expect(0, "backup").errors.contains("the recipients changed since set"))
    }
}
