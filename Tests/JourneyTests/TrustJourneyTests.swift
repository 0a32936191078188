import Foundation
import Lab
import Testing

/// Hosts whose keys may sign some documents, and keys that end.
@Suite struct TrustJourneyTests {
    private func journey(_ keys: [String], signing: String) async throws -> Journey {
        let journey = try await Journey(store: "signing: \(signing)", initialize: false)
        for key in keys {
            let made = try await CommandRun.run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    "/CN=\(key)", "-days", "1", "-keyout", "\(key).key", "-out", "\(key).crt",
                ], in: journey.folder.url)
            try #require(made.status == 0, "\(made.errors)")
        }
        try await journey.expect(0, "init")
        return journey
    }

    private func configure(_ journey: Journey, signing: String) throws {
        let file = journey.folder.url.appending(path: "dr.yaml")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let store = "store: {url: \"file://\(journey.folder.path)/repository\", signing: \(signing)}"
        let text = lines.map { $0.hasPrefix("store:") ? store : String($0) }.joined(separator: "\n")
        try Data(text.utf8).write(to: file)
    }

    private func sets(_ journey: Journey) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: journey.repository.appending(path: "sets").path)
            .filter { $0.hasSuffix(".json") }.map { String($0.prefix(16)) }.sorted()
    }

    private func content(_ folder: String, of journey: Journey) throws -> String {
        try String(contentsOf: journey.folder.url.appending(path: "\(folder)/file"), encoding: .utf8)
    }

    private func fingerprint(of key: String, in journey: Journey) async throws -> String {
        let run = try await CommandRun.run(
            "/usr/bin/openssl", ["x509", "-noout", "-fingerprint", "-sha256", "-in", "\(key).crt"],
            in: journey.folder.url)
        return try #require(run.output.split(separator: "=").last?.split(whereSeparator: \.isWhitespace).first)
            .lowercased()
    }

    /// A time in RFC 3339, seconds from now.
    private func time(_ seconds: Int) -> String {
        Date(timeIntervalSinceNow: TimeInterval(seconds)).formatted(.iso8601)
    }

    @Test func `each host signs only what its role allows`() async throws {
        let trust = "trust: [{certificate: backup.crt, roles: [backup]}, {certificate: prune.crt, roles: [prune]}]"
        let journey = try await journey(
            ["backup", "prune"], signing: "{certificate: backup.crt, key: backup.key, \(trust)}")
        try journey.write("file", "1")
        let made = try await journey.expect(0, "backup")
        #expect(made.errors.contains("does not prune"))
        let name = try #require(try sets(journey).first)
        #expect(try await journey.expect(2, "prune").errors.contains("does not have the role prune"))
        #expect(
            try await journey.expect(2, "pin", name, "--until", "forever").errors.contains(
                "does not have the role operator"))
        #expect(try await journey.dr(["doctor"]).output.contains("it cannot sign as prune"))

        try configure(journey, signing: "{certificate: prune.crt, key: prune.key, \(trust)}")
        try await journey.expect(0, "prune")
        #expect(try await journey.expect(2, "backup").errors.contains("does not have the role backup"))
        // The holder of the key can leave out the limits at home, and nobody else does.
        try configure(journey, signing: "{certificate: prune.crt, key: prune.key, trust: [{certificate: backup.crt}]}")
        try journey.write("file", "forged")
        try await Journey.nextSecond()
        try await journey.expect(0, "backup", "--no-prune")
        let forged = try #require(try sets(journey).last)
        try configure(journey, signing: "{certificate: backup.crt, key: backup.key, \(trust)}")
        #expect(try await journey.expect(7, "list").errors.contains("does not have the role backup"))
        try await journey.expect(7, "restore", "--component", "tree", "--at", forged, "--to", "forged")
        try await journey.expect(0, "restore", "--component", "tree", "--accept-older", "--to", "out")
        #expect(try content("out", of: journey) == "1")
        #expect(try await journey.expect(4, "verify").output.contains("does not have the role backup"))
    }

    @Test func `a signer whose time is over adds nothing`() async throws {
        let journey = try await journey(["old"], signing: "{certificate: old.crt, key: old.key}")
        try journey.write("file", "1")
        try await journey.expect(0, "backup")
        let fingerprint = try await fingerprint(of: "old", in: journey)
        let ended = "{trust: [{fingerprint: \"\(fingerprint)\", until: \"\(time(1))\"}]}"
        for _ in 1...3 { try await Journey.nextSecond() }
        try journey.write("file", "2")
        try await journey.expect(0, "backup")
        try configure(journey, signing: ended)
        #expect(try await journey.expect(7, "list").errors.contains("is trusted only until"))
        try await journey.expect(0, "restore", "--component", "tree", "--accept-older", "--to", "out")
        #expect(try content("out", of: journey) == "1")
        let certificate = ended.replacing("{trust", with: "{certificate: old.crt, key: old.key, trust")
        try configure(journey, signing: certificate)
        #expect(try await journey.expect(2, "backup").errors.contains("is trusted only until"))
    }

    @Test func `old sets of a revoked signer stay restorable, and new ones are refused`() async throws {
        let both = "trust: [{certificate: old.crt}, {certificate: new.crt}]"
        let journey = try await journey(["old", "new"], signing: "{certificate: old.crt, key: old.key, \(both)}")
        try journey.write("file", "old")
        try await journey.expect(0, "backup")
        let old = try #require(try sets(journey).first)
        try await Journey.nextSecond()
        let revocation = time(0)
        try await Journey.nextSecond()
        try configure(journey, signing: "{certificate: new.crt, key: new.key, \(both)}")
        try journey.write("file", "new")
        #expect(try await journey.expect(0, "backup").errors.contains("witnessed 1 set of other signers"))
        let new = try #require(try sets(journey).last)
        // The one who has the old key.
        try configure(journey, signing: "{certificate: old.crt, key: old.key, \(both)}")
        try journey.write("file", "stolen")
        try await Journey.nextSecond()
        try await journey.expect(0, "backup", "--no-prune")
        let stolen = try #require(try sets(journey).last)

        try configure(
            journey,
            signing: "{certificate: new.crt, key: new.key, trust: [{certificate: old.crt, revoked: \"\(revocation)\"}]}"
        )
        let list = try await journey.expect(7, "list")
        #expect(list.output.contains(old) && list.output.contains(new) && !list.output.contains(stolen))
        #expect(list.errors.contains("sets/\(stolen).json': its signer was revoked at"))
        try await journey.expect(0, "restore", "--component", "tree", "--at", old, "--to", "old")
        #expect(try content("old", of: journey) == "old")
        // This machine made the stolen set in this test, so it misses it.
        let latest = try await journey.expect(0, "restore", "--component", "tree", "--accept-older", "--to", "latest")
        #expect(try content("latest", of: journey) == "new" && latest.errors.contains("skipping set \(stolen)"))
        let refused = try await journey.expect(7, "restore", "--component", "tree", "--at", stolen, "--to", "stolen")
        #expect(refused.errors.contains("its signer was revoked at"))
        try await journey.expect(
            7, "restore", "--component", "tree", "--at", stolen, "--accept-revoked", "--to", "stolen")
        #expect(try await journey.expect(4, "verify").output.contains("DAMAGED 'sets/\(stolen).json'"))
        let status = try await journey.dr(["status"])
        #expect(status.output.contains(new) && status.errors.contains("skipping set \(stolen)"))
        // Where the proof is gone, the operator decides.
        for file in ["sets/\(new).json"] {
            try FileManager.default.removeItem(at: journey.repository.appending(path: file))
        }
        try FileManager.default.removeItem(at: journey.repository.appending(path: "marks/witnessed"))
        try FileManager.default.removeItem(at: journey.repository.appending(path: "sets/\(stolen).json"))
        let unproved = try await journey.expect(7, "restore", "--component", "tree", "--at", old, "--to", "unproved")
        #expect(unproved.errors.contains("--accept-revoked"))
        try await journey.expect(
            0, "restore", "--component", "tree", "--at", old, "--accept-revoked", "--to", "unproved")
    }

    @Test func `one object that is no set stops neither lists nor restores nor prunes`() async throws {
        let journey = try await journey(["key"], signing: "{certificate: key.crt, key: key.key}")
        try journey.write("file", "1")
        try await journey.expect(0, "backup")
        let rubbish = journey.repository.appending(path: "sets/99991231T235959Z.json")
        try Data("x".utf8).write(to: rubbish)
        let list = try await journey.expect(0, "list")
        #expect(list.errors.contains("dr did not write it") && list.errors.contains("change its credentials"))
        let second = journey.folder.url.appending(path: "second")
        try FileManager.default.copyItem(at: journey.repository, to: second)
        let copies = "copies: [{name: offsite, url: \"file://\(second.path)\"}]"
        try configure(journey, signing: "{certificate: key.crt, key: key.key}, \(copies)")
        let copy = try await journey.expect(0, "list", "--copy", "offsite")
        #expect(copy.errors.contains("`dr drop 99991231T235959Z --copy offsite"), "\(copy.errors)")
        try configure(journey, signing: "{certificate: key.crt, key: key.key}")
        try await journey.expect(0, "show")
        let restore = try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        #expect(restore.errors.contains("99991231T235959Z"))
        let prune = try await journey.expect(0, "prune")
        #expect(!prune.errors.contains("frozen") && prune.errors.contains("dr did not write it"))
        try await journey.expect(
            0, "drop", "99991231T235959Z", "--reason", "not a backup set", "--yes", "--grace", "0s")
        #expect(!FileManager.default.fileExists(atPath: rubbish.path))
        #expect(try await journey.expect(0, "list").errors.isEmpty)
    }

    @Test func `an expected set refuses a repository that was rolled back`() async throws {
        let journey = try await journey(["key"], signing: "{certificate: key.crt, key: key.key}")
        for number in 1...2 {
            try journey.write("file", "\(number)")
            try await Journey.nextSecond()
            try await journey.expect(0, "backup", "--no-prune")
        }
        let store = [
            "--store", "file://\(journey.repository.path)", "--trust", try await fingerprint(of: "key", in: journey),
        ]
        let restore = ["restore", "--component", "tree"] + store
        let newest = try #require(try sets(journey).last)
        let sum = try await CommandRun.run(
            "/usr/bin/sha256sum", ["repository/sets/\(newest).json"], in: journey.folder.url)
        let digest = String(sum.output.prefix(64))
        for (number, expected) in ["1", "2", "2:\(digest)", "2:\(digest.prefix(16))"].enumerated() {
            let run = try await journey.dr(restore + ["--expect-set", expected, "--to", "out\(number)"])
            #expect(run.status == 0, "\(expected): \(run.errors)")
        }
        for expected in ["3", "2:\(String(repeating: "0", count: 64))"] {
            for command in [restore + ["--to", "refused"], ["list"] + store, ["verify"] + store] {
                let run = try await journey.dr(command + ["--expect-set", expected])
                #expect(run.status == 4 && run.errors.contains("expected"), "\(command) \(expected): \(run.errors)")
            }
        }
        #expect(try await journey.dr(restore + ["--expect-set", "x", "--to", "out"]).status == 2)
    }
}
