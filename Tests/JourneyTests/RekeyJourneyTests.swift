import Foundation
import Lab
import Testing

/// `dr rekey` as an operator types it: after encryption was turned on, and after a recipient was replaced.
@Suite struct RekeyJourneyTests {
    private func configure(_ journey: Journey, store: String) throws {
        let file = journey.folder.url.appending(path: "dr.yaml")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let text = lines.map { $0.hasPrefix("store:") ? "store: {\(store)}" : String($0) }.joined(separator: "\n")
        try Data(text.utf8).write(to: file)
    }

    private func address(_ journey: Journey, _ name: String) -> String { "file://\(journey.folder.path)/\(name)" }

    private struct Copied: Decodable {
        struct Report: Decodable { var sets, packs, packsPresent, marks: Int }
        var repository: String
        var copied: Report
    }

    @Test func `a copy of a repository in the clear is encrypted, and backups continue in it`() async throws {
        let journey = try await Journey()
        for number in 1...2 {
            try journey.write("file\(number)", "SECRETWORD \(number) " + String(repeating: "x", count: number))
            try await Journey.nextSecond()
            try await journey.expect(0, "backup", "--no-prune")
        }
        try await journey.expect(0, "pin", "latest", "--until", "forever", "--reason", "audit")
        try await journey.expect(0, "init", "--recovery-key", "recovery.pem")
        try configure(journey, store: "url: \"\(address(journey, "repository"))\", recipients: [recovery.pem.crt]")
        #expect(try await journey.expect(0, "list").output.contains("not all"))
        #expect(try await journey.expect(0, "show").output.contains("without encryption"))
        #expect(try await journey.dr(["status"]).errors.contains("without encryption"))
        #expect(try await journey.dr(["doctor"]).output.contains("2 sets of 2 have packs without encryption"))

        let to = address(journey, "copy")
        let preview = try await journey.expect(0, "rekey", "--to", to, "--sets", "all", "--dry-run")
        #expect(preview.output.contains("would copy 2 sets, 2 manifests"))
        #expect(!FileManager.default.fileExists(atPath: journey.folder.url.appending(path: "copy").path))
        let made = try await journey.expect(0, "rekey", "--to", to, "--sets", "all")
        #expect(made.output.contains("the copy is complete") && made.output.contains("url: \(to)"))
        let again = try await journey.json(Copied.self, "rekey", "--to", to, "--sets", "all")
        #expect(again.copied.sets == 2 && again.copied.packs == again.copied.packsPresent)

        let words = try await CommandRun.run(
            "/bin/bash", ["-c", "for f in copy/tree/packs/*.gz*; do zcat -f $f; done | grep -c SECRETWORD"],
            in: journey.folder.url)
        #expect(words.output == "0\n")
        try configure(
            journey, store: "url: \"\(to)\", recipients: [recovery.pem.crt], repository: \(again.repository)")
        #expect(try await !journey.expect(0, "list").output.contains("not all"))
        try await journey.expect(0, "verify", "--read-data", "--recovery-key", "recovery.pem")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out", "--recovery-key", "recovery.pem")
        let diff = try await CommandRun.run("/usr/bin/diff", ["-r", "data", "out"], in: journey.folder.url)
        #expect(diff.status == 0)
        // The next backup builds upon the copy.
        struct Made: Decodable {
            struct Part: Decodable {
                struct Added: Decodable { var files: Int }
                var added: Added
            }
            var components: [String: Part]
            var number: Int
        }
        try await Journey.nextSecond()
        let next = try await journey.json(Made.self, "backup", "--no-prune")
        #expect(next.components["tree"]?.added.files == 0 && next.number == 3)
        try await journey.expect(0, "verify")
    }

    @Test func `a replaced recipient opens the copy, and the old one does not`() async throws {
        let journey = try await Journey()
        try await journey.expect(0, "init", "--recovery-key", "old.pem")
        try await journey.expect(0, "init", "--recovery-key", "new.pem")
        func encrypted(to name: String, at place: String) throws {
            try configure(journey, store: "url: \"\(address(journey, place))\", recipients: [\(name).pem.crt]")
        }
        try encrypted(to: "old", at: "repository")
        try journey.write("file", "SECRETWORD")
        try await journey.expect(0, "backup")
        try encrypted(to: "new", at: "repository")
        #expect(try await journey.expect(0, "list").output.contains("other recipients"))
        #expect(try await journey.dr(["doctor"]).output.contains("cannot open it"))
        #expect(try await journey.dr(["status"]).errors.contains("is encrypted to other recipients"))

        let to = address(journey, "copy")
        // Without the old key nothing is copied, and nothing is left that looks like a copy.
        try await journey.expect(1, "rekey", "--to", to)
        try await journey.expect(0, "rekey", "--to", to, "--recovery-key", "old.pem")
        try encrypted(to: "new", at: "copy")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out", "--recovery-key", "new.pem")
        try await journey.expect(1, "restore", "--component", "tree", "--to", "no", "--recovery-key", "old.pem")
        // Taking the recipients out is not silent either.
        try configure(journey, store: "url: \"\(to)\"")
        #expect(try await journey.dr(["doctor"]).output.contains("the next backup is not"))
        #expect(try await journey.expect(0, "backup").errors.contains("dr.yaml has no recipients"))
    }

    @Test func `an address that is not empty is refused`() async throws {
        let journey = try await Journey()
        try journey.write("file", "1")
        try await journey.expect(0, "backup")
        let own = try await journey.expect(2, "rekey", "--to", address(journey, "repository"))
        #expect(own.errors.contains("address of the repository itself"))
        let other = try await Journey()
        try await other.expect(0, "backup")
        let refused = try await journey.expect(1, "rekey", "--to", address(other, "repository"))
        #expect(refused.errors.contains("is not a copy of this one"))
    }
}
