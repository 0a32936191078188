import Documents
import Foundation
import Lab
import Testing

/// The commands as a user types them: what they print, what they exit with.
@Suite struct CommandTests {
    private struct SetAnswer: Decodable {
        struct Component: Decodable {
            var files: Int
            var sha256: String
        }
        var name: String
        var status: String
        var components: [String: Component]
    }

    @Test func `a repository works from the first backup to restore`() async throws {
        let journey = try await Journey()
        try journey.write("a", "one\n")
        try journey.write("b/c", "two\n")
        let first = try await journey.json(SetAnswer.self, "backup")
        #expect(first.status == "complete" && first.components["tree"]?.files == 2)
        try journey.write("a", "changed\n")
        try FileManager.default.removeItem(at: journey.data.appending(path: "b/c"))
        try await journey.expect(0, "backup")

        let list = try await journey.expect(0, "list")
        #expect(list.output.split(separator: "\n").count == 3 && list.output.contains(first.name))
        let show = try await journey.expect(0, "show", first.name, "--files")
        #expect(show.output.contains("tree/b/c"))
        let diff = try await journey.expect(0, "diff", first.name)
        #expect(diff.output.contains("M tree/a") && diff.output.contains("- tree/b/c"))
        try await journey.expect(0, "stats")
        try await journey.expect(0, "status")
        let verify = try await journey.expect(0, "verify", "--read-data")
        #expect(verify.output.contains("no damage found"))
        try await journey.expect(0, "verify", "--read-data=50%")
        let doctor = try await journey.expect(0, "doctor")
        #expect(!doctor.output.contains("failed"))

        try await journey.expect(0, "restore", "--component", "tree", "--to", "out", "--at", first.name)
        let restored = journey.folder.url.appending(path: "out")
        #expect(try String(contentsOf: restored.appending(path: "a"), encoding: .utf8) == "one\n")
        let refused = try await journey.expect(1, "restore", "--component", "tree", "--to", "out")
        #expect(refused.errors.contains("hint: ") && refused.errors.contains("--replace"))
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out", "--replace")
        #expect(try String(contentsOf: restored.appending(path: "a"), encoding: .utf8) == "changed\n")
    }

    /// With --json, standard output is one JSON document, of the shape that the published schema gives for the command.
    @Test(arguments: [
        ["init"], ["backup", "--verify=sample"], ["list"], ["show"], ["show", "--files"], ["diff", "latest"], ["stats"],
        ["verify", "--read-data"], ["restore", "--component", "tree", "--to", "new"], ["status"], ["doctor"],
        ["prune", "--grace", "0s"], ["pin", "latest", "--until", "forever"],
        ["restore", "--component", "tree", "--to", "new", "--dry-run"], ["check"], ["check", "--at", "latest"],
        ["restore", "--scenario", "loss", "--yes"], ["restore", "--scenario", "loss", "--dry-run"],
        ["drill", "--scenario", "loss", "--inject", "missing_pack"],
    ]) func `JSON fits the published schema`(command: [String]) async throws {
        let journey = try await Journey(extra: "objectives: {rpo: 1h}")
        try journey.write("a", "x")
        try await journey.expect(0, "backup")
        try journey.write("a", "changed")
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data("scenario: loss\nobjectives: {rto: 4h}\nsteps: [{id: tree, restore: tree}]\n".utf8)
            .write(to: plans.appending(path: "loss.yaml"))
        let variants = ["--files": "show --files", "--dry-run": "restorePreview"]
        var name = command.compactMap { variants[$0] }.first ?? command[0]
        if command.contains("--scenario"), command[0] == "restore" {
            name = command.contains("--dry-run") ? "restoreScenarioPreview" : "restoreScenario"
        }
        for arguments in [["--json"] + command, command + ["--json"]] {
            let run = try await journey.dr(arguments)
            let objections = try await journey.objections(
                to: Data(run.output.utf8), schema: "output.schema.json", name)
            #expect(objections == "", "\(command): \(run.output)\n\(run.errors)")
            try? FileManager.default.removeItem(at: journey.folder.url.appending(path: "new"))
        }
    }

    @Test func `a restore is rehearsed`() async throws {
        let journey = try await Journey()
        try journey.write("a/b", "12345")
        try journey.write("c", "1")
        try await journey.expect(0, "backup")
        let fresh = try await journey.expect(0, "restore", "--component", "tree", "--to", "out", "--dry-run")
        #expect(fresh.output.contains("would restore tree") && fresh.output.contains("2 files, 6 B"))
        #expect(!FileManager.default.fileExists(atPath: journey.folder.url.appending(path: "out").path))
        let part = try await journey.expect(0, "restore", "--component", "tree", "--to", "out", "--dry-run", "a")
        #expect(part.output.contains("1 file, 5 B"))
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        // What the real run would refuse, the rehearsal refuses too.
        let refused = try await journey.dr(["restore", "--component", "tree", "--to", "out", "--dry-run"])
        #expect(refused.status == 1 && refused.errors.contains("--replace"))
        let would = try await journey.expect(
            0, "restore", "--component", "tree", "--to", "out", "--dry-run", "--replace")
        #expect(would.output.contains("would be kept beside it"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: journey.folder.path).filter { $0.contains("before") }
                .isEmpty)
    }

    @Test(arguments: [
        (["frobnicate"], 2, "frobnicate"), (["restore", "--component", "tree"], 2, "--to"),
        (["backup", "--component", "nope"], 2, "there is no component 'nope'"),
        (["list", "--config", "/nowhere/dr.yaml"], 2, "/nowhere/dr.yaml"),
        (["show", "20200101T000000Z"], 2, "there is no backup yet"),
        (["verify", "--read-data=0%"], 2, "share"),
        (["restore", "--component", "tree", "--to", "x", "--at", "soon"], 2, "soon"),
        (["restore", "--component", "tree", "--to", "x", "--owner", "me"], 2, "UID:GID"),
        (["list", "--last", "0"], 2, "--last"),
        (["backup", "--quiet", "--verbose"], 2, "exclude"),
    ]) func `mistakes are explained`(arguments: [String], status: Int32, words: String) async throws {
        let journey = try await Journey()
        let run = try await journey.dr(arguments)
        #expect(run.status == status, "\(run.errors)")
        #expect(run.errors.contains(words), "\(run.errors)")
        #expect(run.output.isEmpty)
        #expect(!run.errors.contains("Fatal error") && !run.errors.contains("Swift."))
    }

    @Test func `help and version are results`() async throws {
        let journey = try await Journey(initialize: false)
        let help = try await journey.expect(0, "--help")
        #expect(help.output.contains("Exit codes: 0 done"))
        #expect(try await journey.expect(0, "--version").output == "0.1.0\n")
        for command in [
            "init", "backup", "list", "show", "diff", "stats", "verify", "restore", "status", "doctor", "retention",
        ] {
            #expect(try await journey.expect(0, command, "--help").output.contains("USAGE: dr \(command)"))
        }
        #expect(try await journey.expect(0, "--generate-completion-script", "bash").output.contains("complete"))
    }

    @Test func `init writes a file once and explains it`() async throws {
        let folder = try TemporaryFolder("init")
        func dr(_ arguments: String...) async throws -> CommandRun {
            try await CommandRun.run(Journey.program, arguments, in: folder.url)
        }
        let store = "file://\(folder.path)/r"
        #expect(try await dr("init", "--create", "--store", store).status == 0)
        let text = try String(contentsOf: folder.url.appending(path: "dr.yaml"), encoding: .utf8)
        #expect(text.contains("# ") && text.contains(store))
        let again = try await dr("init", "--store", store)
        #expect(again.status == 0 && again.output.contains("kept") && again.output.contains("found repository"))
        #expect(try String(contentsOf: folder.url.appending(path: "dr.yaml"), encoding: .utf8) == text)
        #expect(try await dr("init", "--store", "file:///elsewhere").status == 2)
        #expect(try await dr("init", "--store", "ftp://x").status == 2)
    }

    @Test(.enabled(if: TinyDisk.isPossible))
    func `a new file only proposes an address, and init creates nothing there before it is seen`() async throws {
        let folder = try TemporaryFolder("proposal")
        let script = """
            for folder in /var/backups /var/lib; do mkdir -p $folder && mount -t tmpfs tmpfs $folder; done
            "$DR" init --json > first
            [ ! -e /var/backups/dr ] && [ ! -e /var/lib/dr ]
            "$DR" init > second
            [ -e /var/backups/dr/repository.json ]
            """
        let run = try await CommandRun.run(
            "/usr/bin/unshare", ["-rm", "/bin/sh", "-ec", script], in: folder.url,
            environment: [
                "DR": Journey.program, "HOME": folder.path, "XDG_STATE_HOME": "\(folder.path)/state",
                "XDG_CACHE_HOME": "\(folder.path)/cache",
            ])
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(run.errors.contains("next: edit dr.yaml, then run `dr init` to create the repository"), "\(run.errors)")
        let first = try JSONValue(parsing: String(contentsOf: folder.url.appending(path: "first"), encoding: .utf8))
        #expect(first["createdRepository"] == .bool(false) && first["repository"] == nil)
        #expect(first["store"]?.text == "file:///var/backups/dr" && first["signingFingerprint"] != nil)
        let second = try String(contentsOf: folder.url.appending(path: "second"), encoding: .utf8)
        #expect(second.contains("kept dr.yaml\ncreated repository "), "\(second)")
    }

    @Test func `bad configuration is refused with its place`() async throws {
        let journey = try await Journey(extra: "retentoin: {hourly: 24h}", initialize: false)
        let run = try await journey.expect(2, "backup")
        #expect(run.errors.contains("dr.yaml:5:1") && run.errors.contains("did you mean 'retention'"))
    }

    @Test func `one failing component makes the set partial`() async throws {
        let journey = try await Journey(
            components: "{tree: {kind: files, data: DATA}, gone: {kind: files, data: /nowhere/at/all}}",
            initialize: false)
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8).replacing("DATA", with: journey.data.path)
        try Data(text.utf8).write(to: file)
        try journey.write("a", "x")
        try await journey.expect(0, "init")
        let run = try await journey.expect(3, "backup")
        #expect(run.errors.contains("gone: read the folder '/nowhere/at/all'"))
        #expect(try await journey.expect(0, "list").output.contains("partial"))
        try await journey.expect(5, "status")
    }

    @Test func `an empty backup is remarked on`() async throws {
        let journey = try await Journey()
        let run = try await journey.expect(0, "backup")
        #expect(run.errors.contains("warning: tree: there is nothing to back up"))
        try await journey.expect(0, "verify", "--read-data")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
    }

    @Test func `node exporter can read the metrics file`() async throws {
        let journey = try await Journey(extra: "metrics: {textfile: dr.prom}")
        try journey.write("a", "x")
        try await journey.expect(0, "backup")
        let file = journey.folder.url.appending(path: "dr.prom")
        let check = try await CommandRun.run("/bin/sh", ["-c", "promtool check metrics < '\(file.path)'"])
        #expect(check.status == 0, "\(check.output)\(check.errors)")
        #expect(try String(contentsOf: file, encoding: .utf8).contains("dr_backup_complete{stack=\"monitoring\"} 1"))
    }

    @Test(arguments: [
        ["backup", "--component", "nope"], ["check", "nope"], ["restore", "--scenario", "nope"],
        ["show", "20200101T000000Z"], ["restore", "--component", "tree", "--tenant", "nope"],
    ]) func `an error that is not one of the command line ends without its usage`(_ arguments: [String]) async throws {
        let journey = try await Journey()
        try await journey.expect(0, "backup")
        let run = try await journey.dr(arguments)
        #expect(run.status == 2 && run.errors.hasPrefix("dr: "), "\(run.errors)")
        #expect(!run.errors.localizedCaseInsensitiveContains("usage:"), "\(run.errors)")
        let wrong = try await journey.dr(arguments + ["--nope"])
        #expect(wrong.status == 2 && wrong.errors.contains("Usage: dr"), "\(wrong.errors)")
    }
}
