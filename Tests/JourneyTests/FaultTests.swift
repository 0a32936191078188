import Foundation
import Lab
import Testing

/// The built program killed, starved and lied to.
@Suite struct FaultTests {
    /// SIGKILL at moments spread over a run: nothing that was committed is harmed, and the next run works.
    @Test func `killed backups harm nothing`() async throws {
        let journey = try await Journey()
        for number in 0..<40 {
            try journey.write("f\(number)", String(repeating: "\(number) words and more words ", count: 40_000))
        }
        try await journey.expect(0, "backup")
        var killed = 0
        for round in 1...6 {
            for number in 0..<40 {
                try journey.write("f\(number)", String(repeating: "\(number) in round \(round) ", count: 40_000))
            }
            let run = try await journey.dr(["backup"], killAfter: .milliseconds(round * 60))
            if run.status == 9 { killed += 1 }
            try await journey.expect(0, "verify", "--read-data")
        }
        #expect(killed > 0, "no run was slow enough to be killed")
        try await journey.expect(0, "backup")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        let diff = try await CommandRun.run(
            "/usr/bin/diff", ["-r", journey.data.path, journey.folder.url.appending(path: "out").path])
        #expect(diff.status == 0)
    }

    /// A server that takes requests and never answers holds nobody back for long.
    @Test func `the backup set leaves out a component that hangs`() async throws {
        let server = try ScriptedServer { _, _ in .silence }
        defer { server.stop() }
        let folder = try TemporaryFolder("data")
        try Data("kept".utf8).write(to: folder.url.appending(path: "file"))
        let journey = try await Journey(
            components: "tree: {kind: files, data: \(folder.path)}\n  "
                + "grafana: {url: '\(server.url)', username: a, password: {env: PATH}, stall_timeout: 1s}")
        let run = try await journey.expect(3, "backup")
        #expect(run.errors.contains("grafana: no progress within 1 second while capturing"))
        #expect(!server.requests.isEmpty)
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        #expect(FileManager.default.fileExists(atPath: journey.folder.url.appending(path: "out/file").path))
    }

    @Test func `killed restores go on`() async throws {
        let journey = try await Journey()
        for number in 0..<40 {
            try journey.write("f\(number)", String(repeating: "\(number) words and more words ", count: 40_000))
        }
        try await journey.expect(0, "backup")
        for milliseconds in [40, 80, 120, 160] {
            _ = try await journey.dr(
                ["restore", "--component", "tree", "--to", "out"], killAfter: .milliseconds(milliseconds))
        }
        _ = try await journey.dr(["restore", "--component", "tree", "--to", "out"])
        let diff = try await CommandRun.run(
            "/usr/bin/diff", ["-r", journey.data.path, journey.folder.url.appending(path: "out").path])
        #expect(diff.status == 0, "\(diff.output)")
        let rest = try FileManager.default.contentsOfDirectory(atPath: journey.folder.path).filter {
            $0.contains(".dr-restore")
        }
        #expect(rest.isEmpty, "the staging folder is gone with the restore")
    }

    @Test(arguments: [("flip", 4), ("remove", 4), ("newer", 7), ("nothing", 0)])
    func `damage has its exit code`(damage: String, status: Int32) async throws {
        let journey = try await Journey()
        try journey.write("a", "x")
        try await journey.expect(0, "backup")
        let packs = journey.repository.appending(path: "tree/packs")
        let pack = try #require(
            try FileManager.default.contentsOfDirectory(atPath: packs.path).first { $0.hasSuffix(".tar.gz") })
        let file = packs.appending(path: pack)
        switch damage {
        case "flip":
            var content = try Data(contentsOf: file)
            content[content.count / 2] ^= 1
            try content.write(to: file)
        case "remove": try FileManager.default.removeItem(at: file)
        case "newer":
            let description = journey.repository.appending(path: "repository.json")
            let text = try String(contentsOf: description, encoding: .utf8)
            try Data(text.replacing("\"format\":1", with: "\"format\":2").utf8).write(to: description)
        default: break
        }
        let run = try await journey.expect(status, "verify", "--read-data")
        if status == 4 { #expect(run.output.contains(pack)) }
        if status == 7 { #expect(run.errors.contains("use a newer dr")) }
    }

    /// A file system of one mebibyte stands for a full disk, on either side.
    @Test(.enabled(if: TinyDisk.isPossible, "mounting needs root")) func `a full disk is named and harms nothing`()
        async throws
    {
        let disk = try await TinyDisk(kibibytes: 1024)
        let journey = try await Journey(initialize: false)
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(text.replacing("file://\(journey.folder.path)/repository", with: "file://\(disk.path)/r").utf8).write(
            to: file)
        try await journey.expect(0, "init")
        try journey.write("small", "x")
        try await journey.expect(0, "backup")
        let noise = CorpusRandom.noise(3 << 20, seed: .random(in: .min ... .max))
        try Data(noise).write(to: journey.data.appending(path: "large"))
        let full = try await journey.expect(1, "backup")
        #expect(full.errors.contains("No space left"), "\(full.errors)")
        try await journey.expect(0, "verify", "--read-data")

        // And on the other side.
        try Data(text.utf8).write(to: file)
        try await journey.expect(0, "init")
        try await journey.expect(0, "backup")
        let target = "\(disk.path)/out"
        let refused = try await journey.expect(1, "restore", "--component", "tree", "--to", target)
        #expect(refused.errors.contains("No space left") && refused.errors.contains("hint: "), "\(refused.errors)")
        #expect(!FileManager.default.fileExists(atPath: target))
    }

    /// To the last byte: not even a mark has room.
    @Test(.enabled(if: TinyDisk.isPossible, "mounting needs root"))
    func `a full store is pruned by the backup that fails, and by dr prune`() async throws {
        let disk = try await TinyDisk(kibibytes: 2048)
        let journey = try await Journey(extra: "retention: {keep_last: 1}", initialize: false)
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(text.replacing("file://\(journey.folder.path)/repository", with: "file://\(disk.path)/r").utf8).write(
            to: file)
        try await journey.expect(0, "init")
        for _ in 1...3 {
            try Data(CorpusRandom.noise(300_000, seed: .random(in: .min ... .max))).write(
                to: journey.data.appending(path: "own"))
            try await journey.expect(0, "backup", "--no-prune")
        }
        _ = try await CommandRun.run("/bin/dd", ["if=/dev/zero", "of=\(disk.path)/other", "bs=1k"])
        let failed = try await journey.expect(1, "backup")
        #expect(
            failed.errors.contains("No space left") && failed.errors.contains("the store is full"), "\(failed.errors)")
        // A set of a run that took less than a second may have the name of the next one, and is kept till then.
        var pruned = try await journey.expect(0, "prune", "--grace", "0s")
        while try await journey.expect(0, "list").output.split(separator: "\n").count > 2 {
            pruned = try await journey.expect(0, "prune", "--grace", "0s")
        }
        #expect(pruned.output.contains("keep_last"))
        try await journey.expect(0, "verify", "--read-data")
        try await journey.expect(0, "backup")
    }

    @Test func `an interrupted run says so`() async throws {
        let journey = try await Journey()
        for number in 0..<60 {
            try journey.write("f\(number)", String(repeating: "\(number) words and more words ", count: 60_000))
        }
        // Interrupted once its first pack is on its way, however long the program took to start.
        let script = """
            '\(Journey.program)' backup & until ls repository/.tmp/* > /dev/null 2>&1; do sleep 0.01; done
            kill -INT $!; wait $!
            """
        let run = try await CommandRun.run("/bin/bash", ["-c", script], in: journey.folder.url)
        #expect(run.status == 130, "\(run.output)\(run.errors)")
        #expect(run.errors.contains("interrupted"))
        try await journey.expect(0, "verify")
    }

    @Test func `secrets stay out of everything printed`() async throws {
        let journey = try await Journey(
            components:
                "prometheus: {url: 'http://127.0.0.1:9', data: /nowhere, username: u, password: {env: DR_TEST_SECRET}}",
            initialize: false)
        let secret = "hunter2-\(UUID().uuidString)"
        for command in [["init"], ["backup", "--verbose"], ["doctor"], ["status"]] {
            let run = try await CommandRun.run(
                Journey.program, command, in: journey.folder.url, environment: ["DR_TEST_SECRET": secret])
            #expect(!(run.output + run.errors).contains(secret))
        }
    }
}
