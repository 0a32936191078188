import Foundation
import Lab
import Testing

/// `dr key rotate` and `dr key revoke`: another recovery key, for new data at once.
@Suite struct KeyRotationTests {
    private struct Change: Decodable {
        var added: [String]
        var dropped: [String]
        var recipients: [String]
        var changes: [String]
        var setsWithoutNew: [String]?
        var setsWithDropped: [String]?
    }

    /// A journey with a backup for the key `old`, and another key `new`.
    private func journey(_ recipients: String = "[old.pem.crt]  # ours") async throws -> Journey {
        let journey = try await Journey(initialize: false)
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacing(
                /store: .*\n/,
                with: "# the store\nstore:\n  url: \"file://\(journey.repository.path)\"\n  recipients: \(recipients)\n"
            )
        try Data(text.utf8).write(to: file)
        for name in ["old", "new"] {
            try await journey.expect(
                0, "key", "create", "--kind", "p-256", "\(name).pem", "--no-passphrase", "--name", name)
        }
        try await journey.expect(0, "init")
        try journey.write("f", "one")
        try await journey.expect(0, "backup")
        return journey
    }

    private func text(_ journey: Journey) throws -> String {
        try String(contentsOf: journey.folder.url.appending(path: "dr.yaml"), encoding: .utf8)
    }

    private func change(_ journey: Journey, _ arguments: String...) async throws -> Change {
        let run = try await journey.dr(["key"] + arguments + ["--json"])
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            try await journey.objections(to: Data(run.output.utf8), schema: "output.schema.json", "key rotate") == "")
        return try JSONDecoder().decode(Change.self, from: Data(run.output.utf8))
    }

    @Test func `new data are encrypted for the new key at once, and older sets are named`() async throws {
        let journey = try await journey()
        let before = try text(journey)
        let preview = try await change(journey, "rotate", "--recipient", "new.pem.crt", "--dry-run")
        #expect(try text(journey) == before)
        let made = try await change(journey, "rotate", "--recipient", "new.pem.crt")
        #expect(made.changes == preview.changes && made.added.count == 1 && made.recipients.count == 2)
        #expect(made.setsWithoutNew?.count == 1)
        #expect(try text(journey) == before.replacing("[old.pem.crt]", with: "[new.pem.crt, old.pem.crt]"))
        #expect(try await change(journey, "rotate", "--recipient", "new.pem.crt").changes == [])
        let backup = try await journey.expect(0, "backup")
        #expect(backup.errors.contains("recipients changed") && backup.errors.contains(made.added[0]))
        // Data from before are for the old key only.
        try await journey.expect(4, "key", "test", "--recovery-key", "new.pem")
        try await journey.expect(0, "key", "test", "--recovery-key", "old.pem")
        try FileManager.default.removeItem(at: journey.data.appending(path: "f"))
        try journey.write("g", "two")
        try await Journey.nextSecond()
        try await journey.expect(0, "backup")
        for key in ["old", "new"] {
            try await journey.expect(
                0, "restore", "--component", "tree", "--to", "out-\(key)", "--recovery-key", "\(key).pem")
        }
    }

    @Test func `an old key is dropped and a file with comments keeps them`() async throws {
        let journey = try await journey("\n    # the vault\n    - old.pem.crt  # safe 1")
        let made = try await change(journey, "rotate", "--recipient", "new.pem.crt")
        let dropped = try #require(made.recipients.first { !made.added.contains($0) })
        // The newest set rests on packs of the old key alone.
        let refused = try await journey.expect(2, "key", "revoke", dropped)
        #expect(refused.errors.contains("no remaining recipient could open") && refused.errors.contains("dr rekey"))
        let revoked = try await change(journey, "revoke", String(dropped.prefix(12)), "--force")
        #expect(revoked.dropped == [dropped] && revoked.recipients == made.added)
        #expect(revoked.setsWithDropped?.count == 1)
        let after = try text(journey)
        #expect(after.contains("    # the vault\n    - new.pem.crt\n") && !after.contains("old.pem.crt"))
        #expect(after.contains("# the store\n"))
        // The only recipient stays: without it the next backup would not be encrypted.
        let last = try await journey.expect(2, "key", "revoke", made.added[0])
        #expect(last.errors.contains("only recipient"))
        let unknown = try await journey.expect(2, "key", "revoke", String(repeating: "ab", count: 32))
        #expect(unknown.errors.contains("is not the fingerprint of a recipient"))
        #expect(try text(journey) == after)
        try await Journey.nextSecond()
        try journey.write("g", "two")
        try await journey.expect(0, "backup")
    }

    @Test func `a signer is revoked in place, and the set of another signer keeps the older one usable`() async throws {
        let journey = try await Journey(initialize: false)
        for name in ["new", "old"] {
            try await journey.expect(
                0, "key", "create", "--signing", "--kind", "p-256", "\(name).key", "--certificate", "\(name).crt",
                "--no-passphrase")
        }
        let file = journey.folder.url.appending(path: "dr.yaml")
        let both = journey.folder.url.appending(path: "both.crt")
        let certificates = try ["new", "old"].map {
            try String(contentsOf: journey.folder.url.appending(path: "\($0).crt"), encoding: .utf8)
        }
        try Data(certificates.joined().utf8).write(to: both)
        let plain = try text(journey)
        func sign(with name: String, trusting: String) throws {
            let signing = "signing: {certificate: \(trusting), key: \(name).key}  # the signer"
            try Data(
                plain.replacing(
                    /store: .*\n/, with: "store:\n  url: \"file://\(journey.repository.path)\"\n  \(signing)\n"
                )
                .utf8
            ).write(to: file)
        }
        try sign(with: "old", trusting: "old.crt")
        try await journey.expect(0, "init")
        try journey.write("f", "one")
        try await journey.expect(0, "backup")
        struct Listing: Decodable {
            struct Row: Decodable {
                var fingerprint: String
                var uses: [String]
            }
            var keys: [Row]
        }
        let old = try #require(try await journey.json(Listing.self, "key", "show", "old.crt").keys.first).fingerprint
        let own = try await journey.expect(2, "key", "revoke", old)
        #expect(own.errors.contains("this machine signs with this key"))

        try sign(with: "new", trusting: "both.crt")
        try await Journey.nextSecond()
        try await journey.expect(0, "backup")
        let before = try text(journey)
        let preview = try await journey.expect(0, "key", "revoke", String(old.prefix(10)), "--dry-run")
        #expect(preview.output.contains("would change"))
        #expect(try text(journey) == before)
        let made = try await journey.expect(0, "key", "revoke", old, "--json")
        #expect(
            try await journey.objections(to: Data(made.output.utf8), schema: "output.schema.json", "key revoke") == "")
        let after = try text(journey)
        #expect(after.contains("trust: [{fingerprint: \(old), revoked: \"") && after.contains("  # the signer"))
        #expect(try await journey.json(Listing.self, "key", "show", "old.crt").keys.first?.uses == ["revoked"])
        #expect(try await journey.expect(0, "key", "revoke", old).output.contains("is unchanged"))
        // The set of the other signer proves the older one.
        try await journey.expect(0, "list")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
    }
}
