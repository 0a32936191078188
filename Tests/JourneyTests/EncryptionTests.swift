import Foundation
import Lab
import Testing

/// Backups that only the holder of the recovery key can read.
@Suite struct EncryptionTests {
    private func prepared() async throws -> (Journey, key: String) {
        let journey = try await Journey(initialize: false)
        try await journey.expect(0, "init", "--recovery-key", "recovery.pem")
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacing("repository\"}", with: "repository\", recipients: [recovery.pem.crt]}")
        try Data(text.utf8).write(to: file)
        for number in 0..<20 { try journey.write("f\(number)", "SECRETWORD \(number)\n") }
        try journey.write("large", String(repeating: "SECRETWORD and more ", count: 200_000))
        try await journey.expect(0, "backup")
        return (journey, "recovery.pem")
    }

    @Test func `only the key brings it back`() async throws {
        let (journey, key) = try await prepared()
        let words = try await CommandRun.run("/bin/grep", ["-rlz", "SECRETWORD", journey.repository.path])
        #expect(words.output.isEmpty)
        let verify = try await journey.expect(0, "verify", "--read-data")
        #expect(verify.output.contains("encrypted"))
        let refused = try await journey.expect(1, "restore", "--component", "tree", "--to", "out")
        #expect(refused.errors.contains("--recovery-key"))
        try await journey.expect(0, "verify", "--read-data", "--recovery-key", key)
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out", "--recovery-key", key)
        let diff = try await CommandRun.run(
            "/usr/bin/diff", ["-r", journey.data.path, journey.folder.url.appending(path: "out").path])
        #expect(diff.status == 0)
        // A part of it, and an increment on top.
        try journey.write("f3", "changed")
        try await journey.expect(0, "backup")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "some", "--recovery-key", key, "f3", "f4")
        let some = journey.folder.url.appending(path: "some")
        #expect(try String(contentsOf: some.appending(path: "f3"), encoding: .utf8) == "changed")
        #expect(try String(contentsOf: some.appending(path: "f4"), encoding: .utf8) == "SECRETWORD 4\n")
    }

    @Test func `restore distinguishes a wrong key from damaged data`() async throws {
        let (journey, key) = try await prepared()
        try await journey.expect(0, "init", "--recovery-key", "other.pem")
        try await journey.expect(2, "init", "--recovery-key", "other.pem")
        let wrong = try await journey.expect(
            1, "restore", "--component", "tree", "--to", "out", "--recovery-key", "other.pem")
        #expect(!wrong.errors.contains("Fatal"))
        let packs = journey.repository.appending(path: "tree/packs")
        for name in try FileManager.default.contentsOfDirectory(atPath: packs.path) where name.hasSuffix(".p7m") {
            var content = try Data(contentsOf: packs.appending(path: name))
            content[content.count / 2] ^= 1
            try content.write(to: packs.appending(path: name))
        }
        try await journey.expect(4, "verify", "--read-data")
        try await journey.expect(4, "restore", "--component", "tree", "--to", "out", "--recovery-key", key)
    }

    /// The tag is an envelope's last part, and comes after all that it proves: a wrong one must void what came before.
    @Test func `a changed tag voids everything`() async throws {
        let (journey, key) = try await prepared()
        let packs = journey.repository.appending(path: "tree/packs")
        for name in try FileManager.default.contentsOfDirectory(atPath: packs.path) where name.hasSuffix(".p7m") {
            var content = try Data(contentsOf: packs.appending(path: name))
            content[content.count - 10] ^= 1
            try content.write(to: packs.appending(path: name))
        }
        let run = try await journey.expect(
            4, "restore", "--component", "tree", "--to", "out", "--recovery-key", key)
        #expect(run.output.isEmpty && run.errors.contains("damaged"))
        #expect(!FileManager.default.fileExists(atPath: journey.folder.url.appending(path: "out").path))
    }

    /// Stock openssl, gzip and tar read a pack.
    @Test func `OpenSSL reads a pack`() async throws {
        let (journey, key) = try await prepared()
        let script = """
            for pack in repository/tree/packs/*.p7m; do
              openssl cms -decrypt -inform DER -in "$pack" -inkey \(key) -binary -out pack.tar.gz
              mkdir -p by-hand; tar -xzf pack.tar.gz -C by-hand
            done
            diff -r data by-hand
            """
        let run = try await CommandRun.run("/bin/sh", ["-euc", script], in: journey.folder.url)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }
}
