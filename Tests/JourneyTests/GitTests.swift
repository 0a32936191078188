import Foundation
import Lab
import Testing

/// A configuration repository on its way through the built program, and back.
@Suite struct GitTests {
    private struct Place {
        let journey: Journey
        var origin: URL { journey.folder.url.appending(path: "origin") }

        /// - Parameter url: as `dr.yaml` names the repository, which lies beside it.
        init(url: String? = nil, extra: String = "") async throws {
            journey = try await Journey(
                components: "configuration: {kind: git, url: \(url ?? "origin")}", extra: extra, initialize: false)
            try FileManager.default.createDirectory(at: origin, withIntermediateDirectories: true)
            try await git("init", "--quiet", "--initial-branch=main")
            try await commit("alerts.yaml", "first\n")
            try await journey.expect(0, "init")
        }

        @discardableResult
        func git(_ arguments: String..., in folder: String = "origin") async throws -> String {
            let run = try await CommandRun.run(
                "/usr/bin/env", ["git"] + arguments, in: journey.folder.url.appending(path: folder),
                environment: [
                    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
                    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
                ])
            #expect(run.status == 0, "git \(arguments): \(run.errors)")
            return run.output.trimmingCharacters(in: .newlines)
        }

        @discardableResult
        func commit(_ file: String, _ text: String) async throws -> String {
            try Data(text.utf8).write(to: origin.appending(path: file))
            try await git("add", "--all")
            try await git("commit", "--quiet", "--message", "change \(file)")
            return try await git("rev-parse", "HEAD")
        }

        func text(_ path: String) -> String? {
            try? String(contentsOf: journey.folder.url.appending(path: path), encoding: .utf8)
        }
    }

    private struct BackupAnswer: Decodable {
        struct Component: Decodable {
            struct Added: Decodable { var files: Int }
            var added: Added
        }
        var name: String
        var status: String
        var components: [String: Component]
    }

    private struct ImportAnswer: Decodable {
        struct Object: Decodable {
            var outcome: String
            var detail: String?
        }
        var objects: [Object]
        var dryRun: Bool
    }

    private struct ShowAnswer: Decodable {
        struct Manifest: Decodable { var facts: [String: String] }
        struct Point: Decodable {
            struct Part: Decodable {
                var basis: String
                var verdict: String
            }
            var lossSeconds: Int
            var verdict: String
            var rpoSeconds: Int
            var components: [Part]
        }
        var manifests: [Manifest]
        var restorePoint: Point
    }

    @Test func `every set brings its own commit back`() async throws {
        let place = try await Place(extra: "objectives: {rpo: 1h}")
        let journey = place.journey
        let first = try await place.git("rev-parse", "HEAD")
        let one = try await journey.json(BackupAnswer.self, "backup")
        let unchanged = try await journey.json(BackupAnswer.self, "backup")
        #expect(unchanged.components["configuration"]?.added.files == 0)
        let second = try await place.commit("alerts.yaml", "second\n")
        let three = try await journey.json(BackupAnswer.self, "backup")
        #expect(three.components["configuration"]?.added.files == 2)

        let shown = try await journey.json(ShowAnswer.self, "show")
        #expect(shown.manifests.first?.facts["commit"] == second && shown.restorePoint.verdict == "ok")
        #expect(shown.restorePoint.rpoSeconds == 3600 && shown.restorePoint.lossSeconds < 3600)
        #expect(shown.restorePoint.components.map(\.basis) == ["capture"])
        let text = try await journey.expect(0, "show").output
        #expect(
            text.contains("in a disaster now, ") && text.contains("allows 1h 0m: met") && text.contains(second))
        let diff = try await journey.expect(0, "diff", one.name, "latest").output
        #expect(diff.contains("repository.bundle") && diff.contains("refs.json"))
        try await journey.expect(0, "diff", one.name, unchanged.name)
        try await journey.expect(0, "verify", "--read-data")

        // The repository is gone, and with it all that is beside the store.
        try FileManager.default.removeItem(at: place.origin)
        try FileManager.default.removeItem(at: journey.folder.url.appending(path: "state"))
        for (set, commit, content) in [(one.name, first, "first\n"), (three.name, second, "second\n")] {
            let would = try await journey.json(
                ImportAnswer.self, "restore", "--component", "configuration", "--at", set, "--to", "out-\(set)",
                "--dry-run")
            #expect(would.dryRun && would.objects.map(\.outcome) == ["create"])
            #expect(place.text("out-\(set)/alerts.yaml") == nil)
            try await journey.expect(0, "restore", "--component", "configuration", "--at", set, "--to", "out-\(set)")
            #expect(try await place.git("rev-parse", "HEAD", in: "out-\(set)") == commit)
            #expect(place.text("out-\(set)/alerts.yaml") == content)
        }
    }

    @Test func `restore reports existing files as a conflict and keeps them`() async throws {
        let place = try await Place()
        let journey = place.journey
        try await journey.expect(0, "backup")
        try FileManager.default.createDirectory(
            at: journey.folder.url.appending(path: "out"), withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: journey.folder.url.appending(path: "out/mine"))
        let arguments = ["restore", "--component", "configuration", "--to", "out"]
        let refused = try await journey.dr(arguments)
        #expect(refused.status != 0 && refused.output.contains("conflict") && refused.output.contains("--replace"))
        #expect(place.text("out/mine") == "mine")
        let replaced = try await journey.dr(arguments + ["--replace"])
        #expect(replaced.status == 0 && place.text("out/alerts.yaml") == "first\n" && place.text("out/mine") == nil)
        let kept = try FileManager.default.contentsOfDirectory(atPath: journey.folder.path)
            .filter { $0.hasPrefix("out.before-") }
        #expect(kept.count == 1 && place.text("\(kept.first ?? "")/mine") == "mine")
        let again = try await journey.dr(arguments)
        #expect(again.status == 0 && again.output.contains("1 same"))

        try await journey.expect(0, "restore", "--component", "configuration", "--to", "files", "--as-files")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: journey.folder.url.appending(path: "files").path)
                .sorted()
                == ["refs.json", "repository.bundle"])
    }

    /// The branch is rewritten: the present state is backed up, said aloud, and the older set still has the old one.
    @Test func `the backup reports a force push and keeps the old history`() async throws {
        let place = try await Place()
        let journey = place.journey
        let old = try await place.commit("alerts.yaml", "to be rewritten\n")
        let before = try await journey.json(BackupAnswer.self, "backup")
        try await place.git("reset", "--quiet", "--hard", "HEAD~1")
        let new = try await place.commit("alerts.yaml", "rewritten\n")
        let run = try await journey.expect(0, "backup")
        #expect(run.errors.contains("force-pushed") && run.errors.contains(old.prefix(12)))
        #expect(run.errors.contains(new.prefix(12)))
        try await journey.expect(0, "restore", "--component", "configuration", "--at", before.name, "--to", "old")
        #expect(try await place.git("rev-parse", "HEAD", in: "old") == old)
    }

    /// Killed at some moment of a first clone: the next run completes it.
    @Test(arguments: [60, 150, 300]) func `a run that is killed is completed by the next`(milliseconds: Int)
        async throws
    {
        let place = try await Place(url: "'file://ORIGIN'")
        let journey = place.journey
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8).replacing("ORIGIN", with: place.origin.path)
        try Data(text.utf8).write(to: file)
        let commit = try await place.commit("more", "more")
        _ = try await journey.dr(["backup"], killAfter: .milliseconds(milliseconds))
        try await journey.expect(0, "backup")
        try await journey.expect(0, "restore", "--component", "configuration", "--to", "out")
        #expect(try await place.git("rev-parse", "HEAD", in: "out") == commit)
    }

    @Test func `faults are explained`() async throws {
        let place = try await Place(extra: "")
        let journey = place.journey
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(text.replacing("url: origin", with: "url: origin, branch: production").utf8).write(to: file)
        let missing = try await journey.dr(["backup"])
        #expect(missing.status != 0 && missing.errors.contains("no branch 'production'; it has: 'main'"))
        let doctor = try await journey.dr(["doctor"])
        #expect(doctor.status != 0 && doctor.output.contains("no branch 'production'"))
        try Data(text.replacing("url: origin", with: "url: data").utf8).write(to: file)
        let none = try await journey.dr(["backup"])
        #expect(none.status != 0 && none.errors.contains("does not appear to be a git repository"))
    }

    /// The message of a restore that stops at damage names a place with what is good, and that place is there.
    @Test func `a damaged bundle leaves the target alone and the rest where it says`() async throws {
        let place = try await Place()
        try await place.journey.expect(0, "backup")
        let packs = place.journey.repository.appending(path: "configuration/packs")
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: packs.path).first { $0.hasSuffix(".tar.gz") })
        var pack = try Data(contentsOf: packs.appending(path: name))
        pack[300] ^= 0xFF
        try pack.write(to: packs.appending(path: name))
        let run = try await place.journey.expect(4, "restore", "--component", "configuration", "--to", "out")
        #expect(place.text("out/alerts.yaml") == nil)
        let quoted = run.errors.split(separator: "'").map(String.init)
        let staging = try #require(quoted.first { $0.contains(".dr-restore-") }, "\(run.errors)")
        #expect(FileManager.default.fileExists(atPath: staging))
    }
}
