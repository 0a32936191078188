import BackupRepository
import Foundation
import Lab
import Testing

@testable import Git

@Suite struct GitImporterTests {
    private func text(_ file: String, _ fixture: GitFixture) -> String? {
        try? String(contentsOf: fixture.folder.url.appending(path: file), encoding: .utf8)
    }

    @Test func `the commit is checked out on its branch with its origin`() async throws {
        let fixture = try await GitFixture(commits: 3)
        try await fixture.git("tag", "v1")
        let commit = try await fixture.capture().capture.record.commit
        let would = try await fixture.restore(to: "out", dryRun: true)
        #expect(would.map(\.outcome) == [.create])
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.folder.path)/out"))

        let did = try await fixture.restore(to: "out")
        #expect(did.map(\.outcome) == [.create] && did[0].kind == "branch" && did[0].name.contains("'main'"))
        let out = "\(fixture.folder.path)/out"
        #expect(try await fixture.git("rev-parse", "HEAD", in: out) == commit)
        #expect(try await fixture.git("symbolic-ref", "HEAD", in: out) == "refs/heads/main")
        #expect(try await fixture.git("remote", "get-url", "origin", in: out) == fixture.origin)
        #expect(try await fixture.git("status", "--porcelain", in: out) == "")
        #expect(try await fixture.git("tag", in: out) == "v1")
        try await fixture.git("fetch", "--quiet", in: out)
        let diff = try await CommandRun.run("/usr/bin/diff", ["-r", "-x", ".git", fixture.origin, out])
        #expect(diff.status == 0, "\(diff.output)")

        // A second import does nothing.
        #expect(try await fixture.restore(to: "out").map(\.outcome) == [.same])
        #expect(try await fixture.restore(to: "out", dryRun: true, replace: true).map(\.outcome) == [.same])
        let left = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path).sorted()
        #expect(left == ["origin", "out", "state"])
    }

    @Test func `existing files are a conflict, or are kept aside with --replace`() async throws {
        let fixture = try await GitFixture()
        try await fixture.capture()
        try await fixture.restore(to: "out")
        try Data("my own".utf8).write(to: fixture.folder.url.appending(path: "out/file 0"))
        for dryRun in [true, false] {
            let objects = try await fixture.restore(to: "out", dryRun: dryRun)
            #expect(objects.map(\.outcome) == [.conflict] && objects[0].detail?.contains("--replace") == true)
        }
        #expect(text("out/file 0", fixture) == "my own")
        #expect(try await fixture.restore(to: "out", dryRun: true, replace: true).map(\.outcome) == [.update])
        #expect(text("out/file 0", fixture) == "my own")
        let done = try await fixture.restore(to: "out", replace: true)
        #expect(done.map(\.outcome) == [.update] && done[0].detail?.contains("out.before-now") == true)
        #expect(text("out/file 0", fixture) == "content 0\n" && text("out.before-now/file 0", fixture) == "my own")
    }

    /// Another branch, another commit: not the same, although its files are unchanged.
    @Test(arguments: ["checkout --quiet -b other", "reset --quiet --hard HEAD~1", "checkout --quiet --detach"])
    func `a repository elsewhere is not the same`(command: String) async throws {
        let fixture = try await GitFixture()
        try await fixture.capture()
        try await fixture.restore(to: "out")
        let run = try await CommandRun.run(
            "/bin/sh", ["-c", "git \(command)"], in: fixture.folder.url.appending(path: "out"))
        #expect(run.status == 0)
        #expect(try await fixture.restore(to: "out", dryRun: true).map(\.outcome) == [.conflict])
    }

    /// A folder that another program made beside the target is not used; a damaged bundle leaves the target unchanged.
    @Test func `a damaged bundle leaves the target alone`() async throws {
        let fixture = try await GitFixture()
        try await fixture.capture()
        try await fixture.restore(to: "out")
        try Data("my own".utf8).write(to: fixture.folder.url.appending(path: "out/file 0"))
        let staging = "\(fixture.folder.path)/.dr-restore-out-configuration-20260528T202640Z"
        try FileManager.default.createDirectory(atPath: "\(staging)/.git", withIntermediateDirectories: true)
        let bundle = URL(filePath: "\(fixture.state)/documents/repository.bundle")
        let whole = try Data(contentsOf: bundle)
        var flipped = whole
        flipped[whole.count - 40] ^= 1
        try flipped.write(to: bundle)
        await #expect(throws: ComponentError.self) { try await fixture.restore(to: "out", replace: true) }
        #expect(text("out/file 0", fixture) == "my own")
        let leftovers = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path).filter {
            $0.hasPrefix(".dr-restore-")
        }
        #expect(leftovers == [URL(filePath: staging).lastPathComponent], "the unfinished clone is removed")

        try whole.write(to: bundle)
        #expect(try await fixture.restore(to: "out", replace: true).map(\.outcome) == [.update])
    }

    @Test func `a backup without its bundle says so`() async throws {
        let fixture = try await GitFixture()
        try await fixture.capture()
        try FileManager.default.removeItem(atPath: "\(fixture.state)/documents/repository.bundle")
        let error = await #expect(throws: ComponentError.self) { try await fixture.restore(to: "out") }
        #expect(error?.reason == .damaged && error?.detail.contains("no bundle") == true)
    }
}
