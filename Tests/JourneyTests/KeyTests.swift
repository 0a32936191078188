import Foundation
import Lab
import Testing

/// `dr key create`, and every way to give a passphrase.
@Suite struct KeyTests {
    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder("keys")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path)
        return folder
    }

    private func dr(
        _ folder: TemporaryFolder, _ arguments: String..., environment: [String: String] = [:]
    ) async throws -> CommandRun {
        try await CommandRun.run(Journey.program, arguments, in: folder.url, environment: environment)
    }

    private func openssl(_ folder: TemporaryFolder, _ arguments: String...) async throws -> CommandRun {
        try await CommandRun.run("/usr/bin/env", ["openssl"] + arguments, in: folder.url)
    }

    private func mode(_ folder: TemporaryFolder, _ name: String) throws -> Int? {
        let path = folder.url.appending(path: name).path
        return try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test(arguments: ["rsa-3072", "rsa-4096", "p-256", "p-384"], ["--recovery", "--signing"])
    func `OpenSSL reads a key of every kind and purpose`(_ kind: String, _ purpose: String) async throws {
        let folder = try folder()
        let made = try await dr(
            folder, "key", "create", "--kind", kind, purpose, "k.pem", "--passphrase-command", "echo 'correct horse'")
        #expect(made.status == 0, "\(made.errors)")
        #expect(try mode(folder, "k.pem") == 0o600)
        let key = try await openssl(folder, "pkey", "-in", "k.pem", "-passin", "pass:correct horse", "-pubout")
        let certificate = try await openssl(folder, "x509", "-in", "k.pem.crt", "-noout", "-pubkey")
        #expect(key.status == 0 && key.output == certificate.output)
        let print = try await openssl(folder, "x509", "-in", "k.pem.crt", "-noout", "-fingerprint", "-sha256")
        let digits = print.output.split(separator: "=").last.map { $0.lowercased().filter(\.isHexDigit) }
        #expect(made.output.contains(try #require(digits)))
    }

    @Test func `a key is never overwritten, and its certificate neither`() async throws {
        let folder = try folder()
        #expect(try await dr(folder, "key", "create", "k.pem", "--kind", "p-256", "--no-passphrase").status == 0)
        let before = try Data(contentsOf: folder.url.appending(path: "k.pem"))
        #expect(try await dr(folder, "key", "create", "k.pem", "--kind", "p-256", "--no-passphrase").status == 2)
        let other = try await dr(
            folder, "key", "create", "new.pem", "--certificate", "k.pem.crt", "--kind", "p-256", "--no-passphrase")
        #expect(other.status == 2 && other.errors.contains("'k.pem.crt' exists already"))
        #expect(try Data(contentsOf: folder.url.appending(path: "k.pem")) == before)
        #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "new.pem").path))
    }

    @Test func `without a terminal a key without a passphrase must be ordered`() async throws {
        let folder = try folder()
        let refused = try await dr(folder, "key", "create", "k.pem", "--kind", "p-256")
        #expect(refused.status == 2 && refused.errors.contains("--no-passphrase"))
        #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "k.pem").path))
        let variable = try await dr(
            folder, "key", "create", "k.pem", "--kind", "p-256",
            environment: ["DR_RECOVERY_PASSPHRASE": "from the variable"])
        #expect(variable.status == 0)
        #expect(
            try await openssl(folder, "pkey", "-in", "k.pem", "-passin", "pass:from the variable", "-noout").status == 0
        )
    }

    @Test func `a passphrase file that other users can read is refused`() async throws {
        let folder = try folder()
        let file = folder.url.appending(path: "passphrase")
        try Data("correct horse\n".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
        let arguments = ["key", "create", "k.pem", "--kind", "p-256", "--passphrase-file", "passphrase"]
        let refused = try await CommandRun.run(Journey.program, arguments, in: folder.url)
        #expect(refused.status == 2 && refused.errors.contains("can be read by other users"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        #expect(try await CommandRun.run(Journey.program, arguments, in: folder.url).status == 0)
        #expect(
            try await openssl(folder, "pkey", "-in", "k.pem", "-passin", "file:passphrase", "-noout").status == 0)
    }

    /// Runs `dr` on a terminal of its own, and types a line after each prompt.
    private func onTerminal(
        _ folder: TemporaryFolder, typing lines: [String], _ arguments: String...
    ) async throws -> CommandRun {
        let script = """
            import os, pty, sys
            lines = sys.argv[1].split("|")
            pid, terminal = pty.fork()
            if pid == 0: os.execv(sys.argv[2], sys.argv[2:])
            seen = b""
            while True:
                try: piece = os.read(terminal, 4096)
                except OSError: break
                if not piece: break
                seen += piece
                if lines and seen.endswith(b": "):
                    os.write(terminal, lines.pop(0).encode() + b"\\n")
            sys.stdout.write(seen.decode())
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """
        return try await CommandRun.run(
            "/usr/bin/env",
            ["python3", "-c", script, lines.joined(separator: "|"), Journey.program] + arguments, in: folder.url)
    }

    @Test func `the terminal asks twice and shows nothing of the passphrase`() async throws {
        let folder = try folder()
        let made = try await onTerminal(
            folder, typing: ["correct horse", "correct horse"], "key", "create", "--kind", "p-256", "k.pem")
        #expect(made.status == 0, "\(made.output)\(made.errors)")
        #expect(made.output.contains("new passphrase for k.pem: ") && made.output.contains("repeat it: "))
        #expect(!made.output.contains("correct horse"))
        #expect(
            try await openssl(folder, "pkey", "-in", "k.pem", "-passin", "pass:correct horse", "-noout").status == 0)
        let differing = try await onTerminal(
            folder, typing: ["correct horse", "wrong horse"], "key", "create", "--kind", "p-256", "other.pem")
        #expect(differing.status == 2 && differing.output.contains("the two passphrases differ"))
        #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "other.pem").path))
    }

    /// Every command that opens a recovery key takes its passphrase from each place.
    @Test func `restore and verify take the passphrase from a file, a command and the environment`() async throws {
        let journey = try await Journey(
            store: "recipients: [k.pem.crt]", environment: ["DR_RECOVERY_PASSPHRASE": ""], initialize: false)
        let folder = journey.folder
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path)
        #expect(
            try await dr(
                folder, "key", "create", "k.pem", "--kind", "p-256", "--passphrase-command", "echo 'correct horse'"
            ).status == 0)
        let file = folder.url.appending(path: "passphrase")
        try Data("correct horse\n".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        try journey.write("f", "secret")
        #expect(try await dr(folder, "init").status == 0)
        #expect(try await dr(folder, "backup").status == 0)
        let ways: [(options: [String], environment: [String: String])] = [
            (["--passphrase-file", "passphrase"], [:]), (["--passphrase-command", "cat passphrase"], [:]),
            ([], ["DR_RECOVERY_PASSPHRASE": "correct horse"]),
        ]
        for (number, way) in ways.enumerated() {
            let verify = try await CommandRun.run(
                Journey.program, ["verify", "--read-data", "--recovery-key", "k.pem"] + way.options, in: folder.url,
                environment: way.environment)
            #expect(verify.status == 0 && !verify.output.contains("not decrypted"), "\(verify.errors)")
            let restore = try await CommandRun.run(
                Journey.program,
                ["restore", "--component", "tree", "--to", "out\(number)", "--recovery-key", "k.pem"] + way.options,
                in: folder.url, environment: way.environment)
            #expect(restore.status == 0, "\(restore.errors)")
        }
        let none = try await dr(folder, "restore", "--component", "tree", "--to", "out", "--recovery-key", "k.pem")
        #expect(none.status != 0 && none.errors.contains("no passphrase was given"))
        let wrong = try await dr(
            folder, "restore", "--component", "tree", "--to", "out", "--recovery-key", "k.pem", "--passphrase-command",
            "echo 'wrong horse'")
        #expect(wrong.status != 0 && wrong.errors.contains("the passphrase is wrong"))
        let typed = try await onTerminal(
            folder, typing: ["correct horse"], "restore", "--component", "tree", "--to", "out", "--recovery-key",
            "k.pem")
        #expect(typed.status == 0 && typed.output.contains("passphrase of k.pem: "), "\(typed.output)")
        #expect(!typed.output.contains("correct horse"))
    }

    // MARK: Signed by default

    @Test func `a new configuration is pinned, signed and encrypted, and a second run changes nothing`() async throws {
        let folder = try folder()
        let store = "file://\(folder.path)/repository"
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "data"), withIntermediateDirectories: true)
        try Data("one".utf8).write(to: folder.url.appending(path: "data/f"))
        #expect(try await dr(folder, "key", "create", "k.pem", "--kind", "p-256", "--no-passphrase").status == 0)
        let made = try await dr(folder, "init", "--create", "--store", store, "--recipient", "k.pem.crt", "--json")
        #expect(made.status == 0, "\(made.errors)")
        struct Made: Decodable {
            var repository: String
            var signingFingerprint: String
        }
        let result = try JSONDecoder().decode(Made.self, from: Data(made.output.utf8))
        #expect(try mode(folder, "signing.key") == 0o600)
        let file = folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text.contains("\n  repository: \(result.repository)\n"))
        #expect(text.contains("\n  recipients: [k.pem.crt]\n"))
        #expect(text.contains("\n  signing: {certificate: signing.crt, key: signing.key}\n"))
        let key = try Data(contentsOf: folder.url.appending(path: "signing.key"))
        let again = try await dr(folder, "init", "--recipient", "k.pem.crt")
        #expect(again.status == 0 && again.output.contains("kept dr.yaml"))
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
        #expect(try Data(contentsOf: folder.url.appending(path: "signing.key")) == key)
        // The sets of this configuration are signed by that key, and a reader with its fingerprint accepts them.
        let components = try #require(text.range(of: "\ncomponents:\n"))
        let rest = try #require(text.range(of: "\n# Retention policy:"))
        let short = text.replacingCharacters(
            in: components.upperBound..<rest.lowerBound, with: "  tree: {kind: files, data: \(folder.path)/data}\n")
        try Data("state: \(folder.path)/state\n\(short)".utf8).write(to: file)
        let backup = try await dr(folder, "backup")
        #expect(backup.status == 0 && !backup.errors.contains("not signed"), "\(backup.errors)")
        let listed = try await dr(
            folder, "list", "--store", store, "--trust", result.signingFingerprint, "--recovery-key", "k.pem")
        #expect(listed.status == 0 && listed.output.contains("complete"), "\(listed.output)\(listed.errors)")
        // Another recipient is added by `dr key rotate`, which tells what it means.
        #expect(try await dr(folder, "key", "create", "k2.pem", "--kind", "p-256", "--no-passphrase").status == 0)
        let other = try await dr(folder, "init", "--recipient", "k2.pem.crt")
        #expect(other.status == 2 && other.errors.contains("dr key rotate"))
    }

    @Test func `without a signature backup, status and doctor warn once`() async throws {
        let folder = try folder()
        let store = "file://\(folder.path)/repository"
        #expect(try await dr(folder, "init", "--create", "--no-signing", "--store", store).status == 0)
        #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "signing.key").path))
        let journey = try await Journey()
        try journey.write("f", "one")
        let backup = try await journey.expect(0, "backup")
        #expect(backup.errors.components(separatedBy: "backup sets are not signed").count == 2)
        let status = try await journey.dr(["status"])
        #expect(status.errors.components(separatedBy: "backup sets are not signed").count == 2)
        let doctor = try await journey.expect(0, "doctor")
        #expect(doctor.output.components(separatedBy: "backup sets are not signed").count == 2)
    }

    @Test func `a repository with backups gets no new signer, since its sets have another`() async throws {
        let journey = try await Journey()
        try journey.write("f", "one")
        try await journey.expect(0, "backup")
        let folder = try folder()
        let made = try await dr(folder, "init", "--store", "file://\(journey.folder.path)/repository")
        #expect(made.status == 0 && made.errors.contains("created no signing key"), "\(made.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "signing.key").path))
        #expect(try await dr(folder, "list").status == 0)
    }

    @Test func `the passphrase of the signing key can come from a command in the configuration`() async throws {
        let folder = try folder()
        #expect(
            try await dr(
                folder, "key", "create", "--signing", "--kind", "p-384", "s.pem", "--passphrase-command", "echo horse"
            ).status == 0)
        let signing = "signing: {certificate: \(folder.path)/s.pem.crt, key: \(folder.path)/s.pem"
        let journey = try await Journey(store: "\(signing), passphrase: {command: [echo, horse]}}")
        try journey.write("f", "one")
        try await journey.expect(0, "backup")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        let without = try await Journey(store: "\(signing)}")
        try without.write("f", "one")
        let refused = try await without.expect(2, "backup")
        #expect(refused.errors.contains("no passphrase was given") && refused.errors.contains("DR_SIGNING_PASSPHRASE"))
    }

    // MARK: Show and test

    /// A journey with encrypted backups of two components.
    private func encrypted(_ recipients: String = "rsa.pem.crt, ec.pem.crt", extra: String = "") async throws -> Journey
    {
        let journey = try await Journey(
            store: "recipients: [\(recipients)]",
            components: "{tree: {kind: files, data: DATA}, second: {kind: files, data: DATA}}", extra: extra,
            initialize: false)
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8).replacing("DATA", with: journey.data.path)
        try Data(text.utf8).write(to: file)
        for (name, kind) in [("rsa", "rsa-3072"), ("ec", "p-384"), ("other", "p-256")] {
            let made = try await dr(
                journey.folder, "key", "create", "--kind", kind, "\(name).pem", "--no-passphrase", "--name", name)
            #expect(made.status == 0, "\(made.errors)")
        }
        try await journey.expect(0, "init")
        try journey.write("f", "secret")
        try await journey.expect(0, "backup")
        return journey
    }

    private struct Tested: Decodable {
        struct Row: Decodable {
            var component: String
            var outcome: String
            var reason: String?
        }
        struct Recipient: Decodable {
            var subject: String
            var tested: String?
            var set: String?
            var verdict: String
        }
        var passed: Bool
        var components: [Row]
        var recipients: [Recipient]
    }

    private struct Health: Decodable {
        struct Check: Decodable {
            var name: String
            var verdict: String
        }
        var checks: [Check]

        var keys: [String] { checks.filter { $0.name.hasPrefix("recovery key: ") }.map(\.verdict) }
    }

    @Test func `a test opens every component and says which recipients were proved`() async throws {
        let metrics = try TemporaryFolder("metrics")
        let journey = try await encrypted(extra: "metrics: {textfile: \(metrics.path)/dr.prom}")
        #expect(try await journey.json(Health.self, "doctor").keys == ["warning", "warning"])
        let document = try await journey.expect(0, "key", "test", "--recovery-key", "ec.pem", "--json")
        let objections = try await journey.objections(
            to: Data(document.output.utf8), schema: "output.schema.json", "key test")
        #expect(objections == "")
        let tested = try JSONDecoder().decode(Tested.self, from: Data(document.output.utf8))
        #expect(tested.passed)
        #expect(tested.components.map(\.component) == ["second", "tree"])
        #expect(tested.components.allSatisfy { $0.outcome == "opened" })
        #expect(tested.recipients.map(\.verdict) == ["never", "tested"])
        #expect(tested.recipients.map(\.subject) == ["CN=rsa", "CN=ec"])
        #expect(try await journey.json(Health.self, "doctor").keys == ["warning", "ok"])
        let status = try await journey.dr(["status"])
        #expect(status.output.contains("recovery key CN=rsa") && status.output.contains(": never tested"))
        #expect(status.output.contains("recovery key CN=ec") && status.output.contains(": tested "))
        let statusDocument = try await journey.dr(["status", "--json"])
        #expect(
            try await journey.objections(
                to: Data(statusDocument.output.utf8), schema: "output.schema.json", "status") == "")
        try await journey.expect(0, "backup")
        let lines = try String(contentsOfFile: "\(metrics.path)/dr.prom", encoding: .utf8).split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("dr_recovery_key_tested_timestamp_seconds{") } == 1)
        let flags = lines.filter { $0.hasPrefix("dr_recovery_key_tested{") }.map { $0.suffix(2) }
        #expect(flags.sorted() == [" 0", " 1"])
    }

    @Test func `a test with another key fails, and a damaged pack is named`() async throws {
        let journey = try await encrypted("ec.pem.crt")
        let wrong = try await journey.expect(4, "key", "test", "--recovery-key", "other.pem", "--json")
        let tested = try JSONDecoder().decode(Tested.self, from: Data(wrong.output.utf8))
        #expect(!tested.passed && tested.components.allSatisfy { $0.outcome == "failed" })
        #expect(tested.recipients.map(\.verdict) == ["never"])
        // The tag is the last part of a pack: only reading it whole shows the damage.
        let packs = journey.repository.appending(path: "tree/packs")
        for name in try FileManager.default.contentsOfDirectory(atPath: packs.path) where name.hasSuffix(".p7m") {
            var content = try Data(contentsOf: packs.appending(path: name))
            content[content.count - 10] ^= 1
            try content.write(to: packs.appending(path: name))
        }
        let damaged = try await journey.expect(4, "key", "test", "--recovery-key", "ec.pem", "--json")
        let rows = try JSONDecoder().decode(Tested.self, from: Data(damaged.output.utf8)).components
        #expect(rows.map(\.outcome) == ["opened", "failed"])
        #expect(try await journey.json(Health.self, "doctor").keys == ["warning"])
    }

    @Test func `a machine without a configuration tests a key by the address of the store`() async throws {
        let journey = try await encrypted("ec.pem.crt")
        let store = "file://\(journey.folder.path)/repository"
        let bare = try folder()
        for name in ["ec.pem", "ec.pem.crt"] {
            try FileManager.default.copyItem(
                at: journey.folder.url.appending(path: name), to: bare.url.appending(path: name))
        }
        let run = try await dr(bare, "key", "test", "--store", store, "--recovery-key", "ec.pem")
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        // The certificate beside the key says whose test it was.
        #expect(try await journey.json(Health.self, "doctor").keys == ["ok"])
    }

    @Test func `show describes certificates and keys, and never prints a key`() async throws {
        let journey = try await encrypted()
        let listed = try await journey.expect(0, "key", "show", "--json")
        #expect(
            try await journey.objections(to: Data(listed.output.utf8), schema: "output.schema.json", "key show") == "")
        let all = try await journey.expect(0, "key", "show", "rsa.pem", "ec.pem.crt", "other.pem")
        #expect(!all.output.contains("PRIVATE KEY-----"))
        let rows = all.output.split(separator: "\n").dropFirst().map { $0.split(separator: " ", maxSplits: 1) }
        #expect(rows.map { $0[0] } == ["rsa.pem", "ec.pem.crt", "other.pem"])
        #expect(rows[0][1].contains("private key  RSA-3072") && rows[0][1].contains("recipient"))
        #expect(rows[1][1].contains("certificate  P-384") && rows[1][1].contains("recipient"))
        #expect(rows[2][1].contains("private key  P-256") && !rows[2][1].contains("recipient"))
        let sealed = try await dr(
            journey.folder, "key", "create", "--kind", "p-256", "s.pem", "--passphrase-command", "echo horse", "--json")
        #expect(
            try await journey.objections(to: Data(sealed.output.utf8), schema: "output.schema.json", "key create") == ""
        )
        #expect(try await dr(journey.folder, "key", "show", "s.pem").output.contains("encrypted"))
        #expect(
            try await dr(journey.folder, "key", "show", "s.pem", "--passphrase-command", "echo horse").output
                .contains("P-256"))
    }
}
