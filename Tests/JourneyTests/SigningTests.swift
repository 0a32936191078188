import Foundation
import Lab
import Testing

/// Sets that only the holder of the signing key can have made.
@Suite struct SigningTests {
    private func prepared() async throws -> Journey {
        let journey = try await Journey()
        try journey.write("a", "unsigned")
        try await journey.expect(0, "backup")
        let made = try await CommandRun.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=backup host", "-days", "1", "-keyout", "signing.key", "-out", "signing.crt",
            ], in: journey.folder.url)
        try #require(made.status == 0, "\(made.errors)")
        try sign(journey, "certificate: signing.crt, key: signing.key")
        return journey
    }

    private func sign(_ journey: Journey, _ signing: String) throws {
        let file = journey.folder.url.appending(path: "dr.yaml")
        let store = "store: {url: \"file://\(journey.folder.path)/repository\", signing: {\(signing)}}"
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let text = lines.map { $0.hasPrefix("store:") ? store : String($0) }.joined(separator: "\n")
        try Data(text.utf8).write(to: file)
    }

    private func sets(_ journey: Journey, _ suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: journey.repository.appending(path: "sets").path)
            .filter { $0.hasSuffix(suffix) }.sorted()
    }

    @Test func `a signed set is proved by open SSL too`() async throws {
        let journey = try await prepared()
        try journey.write("a", "signed")
        try await journey.expect(0, "backup")
        let set = try #require(try sets(journey, ".json").last)
        let signature = try #require(try sets(journey, ".p7s").first)
        let verdict = try await CommandRun.run(
            "/usr/bin/openssl",
            [
                "cms", "-verify", "-binary", "-inform", "DER", "-in", "repository/sets/\(signature)", "-content",
                "repository/sets/\(set)", "-CAfile", "signing.crt", "-purpose", "any", "-out", "proved.json",
            ], in: journey.folder.url)
        #expect(verdict.status == 0, "\(verdict.errors)")
        // On the worst day there is the certificate, and not the key.
        try sign(journey, "certificate: signing.crt")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        let restored = journey.folder.url.appending(path: "out/a")
        #expect(try String(contentsOf: restored, encoding: .utf8) == "signed")
    }

    @Test func `an unsigned backup set is refused`() async throws {
        let journey = try await prepared()
        let old = try #require(try sets(journey, ".json").first).prefix(16)
        let refused = try await journey.expect(7, "restore", "--component", "tree", "--to", "out", "--at", String(old))
        #expect(refused.errors.contains("it is not signed") && refused.errors.contains("hint:"))
        // Nothing unsigned is built upon: the first signed set stands by itself.
        try await journey.expect(0, "backup")
        let verify = try await journey.expect(4, "verify")
        #expect(verify.output.contains("it is not signed"))
        try await journey.expect(
            0, "verify", try #require(try sets(journey, ".json").last.map { String($0.prefix(16)) }))
    }

    @Test func `a forged set is refused`() async throws {
        let journey = try await prepared()
        try await journey.expect(0, "backup")
        let name = try #require(try sets(journey, ".json").last)
        let file = journey.repository.appending(path: "sets/\(name)")
        let text = try String(contentsOf: file, encoding: .utf8)
        // Another stack's name, sealed as a forger would seal it: the seal is no secret.
        let forged = text.split(separator: "\n")[0].dropLast().replacing("\"stack\":\"", with: "\"stack\":\"x")
        try #require(!text.hasPrefix(forged))
        try Data(forged.utf8).write(to: journey.folder.url.appending(path: "content"))
        let sum = try await CommandRun.run("/usr/bin/sha256sum", ["content"], in: journey.folder.url)
        let seal = try #require(sum.output.split(separator: " ").first)
        try FileManager.default.removeItem(at: file)
        try Data("\(forged),\n\"sha256\":\"\(seal)\"}\n".utf8).write(to: file)
        let refused = try await journey.expect(7, "show", "latest")
        #expect(refused.errors.contains("its signature is not valid"))
        // Without signatures, nothing would have told.
        try sign(journey, "certificate: signing.crt")
        try await journey.expect(7, "restore", "--component", "tree", "--to", "out")
    }

    @Test func `a key that is not the certificates is explained`() async throws {
        let journey = try await prepared()
        let made = try await CommandRun.run(
            "/usr/bin/openssl", ["genpkey", "-algorithm", "ed25519", "-out", "signing.key"], in: journey.folder.url)
        try #require(made.status == 0)
        let refused = try await journey.expect(2, "backup")
        #expect(refused.errors.contains("signing.key"))
        #expect(try sets(journey, ".json").count == 1)
    }
}
