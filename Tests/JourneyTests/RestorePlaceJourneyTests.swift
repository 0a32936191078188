import Foundation
import Lab
import Testing

/// Where a restore writes, and to whom the data belong then.
@Suite struct RestorePlaceJourneyTests {
    /// Runs the program as `nobody`, where root may and the program can be reached.
    private enum OtherUser {
        static let prefix = ["--reuid=65534", "--regid=65534", "--clear-groups", Journey.program]

        static let isPossible: Bool = {
            guard geteuid() == 0 else { return false }
            let trial = Process()
            trial.executableURL = URL(filePath: "/usr/bin/setpriv")
            trial.arguments = prefix + ["--version"]
            (trial.standardOutput, trial.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            guard (try? trial.run()) != nil else { return false }
            trial.waitUntilExit()
            return trial.terminationStatus == 0
        }()
    }

    private struct Answer: Decodable {
        struct Shortfall: Decodable {
            var owners: Int
            var uid: UInt32?
        }
        var shortfall: Shortfall?
        var kept: String?
        var discarded: String?
    }

    @Test(.enabled(if: OtherUser.isPossible, "only root runs the program as another user"))
    func `restore tells an ordinary user which owners only root can set`() async throws {
        let journey = try await Journey()
        try journey.write("program", "x")
        let script = """
            cd "$1"; chmod 4755 data/program; chown -R 1234:1234 data; chmod 711 .; mkdir -m 1777 theirs; mkdir -m 777 theirs/state
            sed 's#^state:.*#state: theirs/state#; s#theirs#'"$1"'/theirs#' dr.yaml > theirs/dr.yaml
            """
        #expect(try await CommandRun.run("/bin/bash", ["-c", script, "sh", journey.folder.path]).status == 0)
        try await journey.expect(0, "backup")
        #expect(try await CommandRun.run("/bin/chmod", ["-R", "a+rX", journey.repository.path]).status == 0)
        func restore(_ name: String, _ more: String...) async throws -> CommandRun {
            try await CommandRun.run(
                "/usr/bin/setpriv",
                OtherUser.prefix + [
                    "restore", "--component", "tree", "--config", "\(journey.folder.path)/theirs/dr.yaml", "--json",
                    "--to",
                    "\(journey.folder.path)/theirs/\(name)",
                ] + more, in: journey.folder.url, environment: journey.environment)
        }
        let foreign = try await restore("foreign")
        #expect(foreign.status == 3, "\(foreign.errors)")
        #expect(foreign.errors.contains("chown -hR 1234:1234 '\(journey.folder.path)/theirs/foreign'"))
        let answer = try JSONDecoder().decode(Answer.self, from: Data(foreign.output.utf8))
        #expect(answer.shortfall?.owners == 2 && answer.shortfall?.uid == 1234, "the file, and the folder itself")
        let mode = try await CommandRun.run(
            "/usr/bin/stat", ["-c", "%a", "\(journey.folder.path)/theirs/foreign/program"])
        #expect(mode.output == "755\n", "a program of one user does not become one that acts as another")
        let own = try await restore("own", "--owner", "65534:65534")
        #expect(own.status == 0 && !own.output.contains("shortfall"), "\(own.errors)")
        #expect(try await restore("other", "--owner", "1:1").status == 2)
        // A target whose parent this user may not write is filled in place.
        let place = "cd \"$1\"; mkdir -p theirs/svc/data; echo old > theirs/svc/data/old; chown 65534 theirs/svc/data"
        #expect(try await CommandRun.run("/bin/bash", ["-c", place, "sh", journey.folder.path]).status == 0)
        let filled = try await restore("svc/data", "--owner", "65534:65534", "--replace")
        #expect(filled.status == 0, "\(filled.errors)")
        let kept = try JSONDecoder().decode(Answer.self, from: Data(filled.output.utf8)).kept
        #expect(kept?.contains("/svc/data/.dr-before-") == true)
    }

    @Test func `replaced content is listed by status, and can be discarded`() async throws {
        struct Status: Decodable {
            struct Content: Decodable {
                var path: String
                var bytes: Int
                var command: String
            }
            var previousContent: [Content]
        }
        let journey = try await Journey()
        try journey.write("a", "new content")
        try await journey.expect(0, "backup")
        try await journey.expect(0, "restore", "--component", "tree", "--to", journey.data.path, "--replace")
        let listed = try await journey.json(Status.self, "status").previousContent
        #expect(listed.count == 1 && listed.first?.bytes == 11)
        let removal = try await CommandRun.run("/bin/sh", ["-c", try #require(listed.first).command])
        #expect(removal.status == 0)
        #expect(try await journey.json(Status.self, "status").previousContent.isEmpty)
        try await journey.expect(2, "restore", "--component", "tree", "--to", journey.data.path, "--discard-previous")
        let answer = try await journey.json(
            Answer.self, "restore", "--component", "tree", "--to", journey.data.path, "--replace", "--discard-previous")
        #expect(answer.kept == nil && answer.discarded?.contains("data.before-") == true)
        #expect(!FileManager.default.fileExists(atPath: try #require(answer.discarded)))
    }

    @Test func `a target that holds the store is refused, also by a dry run of a plan`() async throws {
        let journey = try await Journey()
        try journey.write("a", "x")
        try await journey.expect(0, "backup")
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        let plan =
            "scenario: loss\nobjectives: {rto: 4h}\nsteps: [{id: tree, restore: {component: tree, to: \(journey.folder.path)}}]\n"
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        for arguments in [
            ["--component", "tree", "--replace", "--to", journey.folder.path],
            ["--component", "tree", "--to", "\(journey.repository.path)/new", "--dry-run"],
            ["--scenario", "loss", "--dry-run"],
        ] {
            let run = try await journey.dr(["restore"] + arguments)
            #expect(run.status == 1 && run.errors.contains("the store"), "\(arguments): \(run.output)\(run.errors)")
        }
        try await journey.expect(0, "list")
    }

    @Test func `a path that is not UTF-8 is restored alone, as it is or as it is shown`() async throws {
        let journey = try await Journey()
        let script = "cd \"$1\"; mkdir $'dir\\xff'; echo 1 > $'dir\\xff/f'; echo 2 > other"
        #expect(try await CommandRun.run("/bin/bash", ["-c", script, "sh", journey.data.path]).status == 0)
        try await journey.expect(0, "backup")
        let shown = try await journey.expect(0, "show", "--files")
        #expect(shown.output.contains("tree/dir\\xff/f"))
        #expect(try await journey.expect(0, "show", "--files", "--json").output.contains("\"path64\":\"ZGly/y9m\""))
        try await journey.expect(0, "restore", "--component", "tree", "--to", "shown", "dir\\xff")
        let raw = "exec \"$1\" restore --component tree --to raw $'dir\\xff/f'"
        let run = try await CommandRun.run("/bin/bash", ["-c", raw, "sh", Journey.program], in: journey.folder.url)
        #expect(run.status == 0, "\(run.errors)")
        let found = try await CommandRun.run("/bin/sh", ["-c", "cat shown/*/f raw/*/f"], in: journey.folder.url)
        #expect(found.output == "1\n1\n")
    }

    @Test(arguments: ["./cache", "/", "[x"]) func `a pattern that matches nothing is an error with its place`(
        pattern: String
    ) async throws {
        let journey = try await Journey(
            components: "tree: {kind: files, data: ., exclude: ['\(pattern)']}", initialize: false)
        let run = try await journey.expect(2, "backup")
        #expect(run.errors.contains("dr.yaml:4:") && run.errors.contains("hint: "), "\(run.errors)")
    }
}
