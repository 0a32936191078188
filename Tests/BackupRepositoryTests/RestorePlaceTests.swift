import Foundation
import Lab
import ObjectStorage
import Testing

@testable import BackupRepository

/// Targets that are mount points, that contain protected places, or that have no free space.
@Suite struct RestorePlaceTests {
    private func prepared() async throws -> (Fixture, Repository, BackupSet) {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        return (fixture, repository, try await fixture.backup(repository).set)
    }

    private static func run(_ arguments: String...) async throws {
        let run = try await CommandRun.run("/bin/sh", ["-c", "exec \"$@\"", "sh"] + arguments)
        try #require(run.status == 0, "\(arguments): \(run.errors)")
    }

    @Test(.enabled(if: TinyDisk.isPossible, "mounting needs root"))
    func `a bind mount of the same file system is filled in place`() async throws {
        let (fixture, repository, set) = try await prepared()
        let disk = try await TinyDisk(kibibytes: 4096)
        for name in ["real", "target"] { try await Self.run("mkdir", "\(disk.path)/\(name)") }
        try await Self.run("sh", "-c", "printf old > '\(disk.path)/real/'$(printf 'o\\377')")
        try await Self.run("chmod", "0711", "\(disk.path)/real")
        try await Self.run("mount", "--bind", "\(disk.path)/real", "\(disk.path)/target")
        let manifest = try repository.manifest("tree", of: set)
        let target = try RestoreTarget("\(disk.path)/target", identity: "x", stamp: "now", replace: true)
        #expect(target.isFilledInPlace && target.replaces)
        let report = try await ComponentRestore(
            repository: repository, manifest: manifest, target: target, pool: Fixture.pool, progress: WorkProgress()
        ).run()
        let kept = try #require(report.kept)
        #expect(try await CommandRun.run("/bin/sh", ["-c", "cat '\(kept)'/*"]).output == "old")
        let diff = try await CommandRun.run(
            "/usr/bin/diff", ["-r", "-x", ".dr-before-now", fixture.source.path, "\(disk.path)/real"])
        #expect(diff.status == 0, "\(diff.output)")
        #expect(RootAttributes(of: "\(disk.path)/real")?.mode == 0o711, "it stays as an administrator made it")
    }

    /// The entries moved so far are moved back.
    @Test(.enabled(if: TinyDisk.isPossible, "mounting needs root"))
    func `an entry that cannot be moved aside is found before anything is fetched`() async throws {
        let disk = try await TinyDisk(kibibytes: 1024)
        try await Self.run("mkdir", "\(disk.path)/below")
        try await Self.run("mount", "-t", "tmpfs", "tmpfs", "\(disk.path)/below")
        let error = #expect(throws: RepositoryError.self) {
            try RestoreTarget(disk.path, identity: "x", stamp: "now", replace: true)
        }
        #expect(error?.object == "\(disk.path)/below" && error?.reason == .target)
    }

    @Test(.enabled(if: TinyDisk.isPossible, "mounting needs root"))
    func `a tree that does not fit is refused before anything is fetched`() async throws {
        let (fixture, repository, set) = try await prepared()
        try fixture.write("big", Fixture.noise(2 << 20, seed: 3))
        let disk = try await TinyDisk(kibibytes: 1024)
        let bigger = try await fixture.backup(repository).set
        for (set, fits) in [(set, true), (bigger, false)] {
            let target = try RestoreTarget("\(disk.path)/\(set.name)", identity: "x", stamp: "now", replace: false)
            let restore = ComponentRestore(
                repository: repository, manifest: try repository.manifest("tree", of: set), target: target,
                pool: Fixture.pool, progress: WorkProgress())
            #expect(try await restore.plan().obstacles.isEmpty == fits)
            guard !fits else { continue }
            let error = await #expect(throws: RepositoryError.self) { try await restore.run() }
            #expect(error?.reason == .noSpace)
            #expect(!FileManager.default.fileExists(atPath: target.staging))
        }
    }

    @Test(arguments: [
        ("holder", "holder/inside/store", true), ("holder/inside", "holder/inside", true),
        ("holder/inside/new", "holder/inside", true), ("holder/inside", "holder", true),
        ("holder/beside", "holder/inside", false),
        ("link", "holder/inside/store", true), ("holder/inside/store", "link", true), ("holder", "absent/store", false),
    ]) func `a target that holds a protected place, or lies in one, is refused`(
        target: String, place: String, isRefused: Bool
    ) throws {
        let folder = try TemporaryFolder("protected")
        for name in ["holder/inside/store", "holder/beside"] {
            try FileManager.default.createDirectory(
                at: folder.url.appending(path: name), withIntermediateDirectories: true)
        }
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/link", withDestinationPath: "\(folder.path)/holder")
        let places = [RestoreTarget.ProtectedPlace("\(folder.path)/\(place)", "the store")]
        func open() throws {
            _ = try RestoreTarget(
                "\(folder.path)/\(target)", identity: "x", stamp: "now", replace: true, protected: places)
        }
        if isRefused {
            let error = #expect(throws: RepositoryError.self) { try open() }
            #expect(error?.detail.contains("the store") == true)
        } else {
            try open()
        }
    }

    @Test(arguments: [1, 200, 231, 240, 255]) func `a target of any possible name is restored and kept aside`(
        length: Int
    )
        async throws
    {
        let (fixture, repository, set) = try await prepared()
        let name = String(repeating: "n", count: length)
        try await fixture.restore(repository, set: set, to: name)
        let report = try await fixture.restore(repository, set: set, to: name, replace: true)
        try await fixture.expectSame(name)
        let kept = try #require(report.kept)
        #expect(!kept.contains(".dr-restore-"))
        try await fixture.expectSame(URL(filePath: kept).lastPathComponent)
    }

    // MARK: Kept content

    @Test func `kept content is found beside its target and can be removed, nothing else can`() async throws {
        let (fixture, repository, set) = try await prepared()
        let path = fixture.folder.url.appending(path: "out").path
        func restore(stamp: String) async throws {
            let target = try RestoreTarget(path, identity: "x", stamp: stamp, replace: true)
            _ = try await ComponentRestore(
                repository: repository, manifest: try repository.manifest("tree", of: set), target: target,
                pool: Fixture.pool, progress: WorkProgress()
            ).run()
        }
        let stamps = ["20261120T010203Z", "20261121T010203Z"]
        for stamp in ["-"] + stamps { try await restore(stamp: stamp) }
        for name in ["out.before-yesterday", "output.before-\(stamps[0])"] {
            try FileManager.default.createDirectory(
                at: fixture.folder.url.appending(path: name), withIntermediateDirectories: false)
        }
        let found = PreviousContent.beside(path)
        #expect(found.map { $0.replaced.description } == stamps)
        let size = try #require(found.first).size()
        #expect(size.isWhole && size.bytes > 200_000)
        #expect(found.first?.size(limit: 3).isWhole == false)
        for path in [path, fixture.source.path, "\(path).before-yesterday", "/", "", "relative.before-\(stamps[0])"] {
            #expect(throws: RepositoryError.self, "\(path)") { try PreviousContent.remove(path) }
        }
        for content in found { try PreviousContent.remove(content.path) }
        #expect(PreviousContent.beside(path).isEmpty)
        try await fixture.expectSame("out")
    }

    /// Deeper than the limit of open files, and longer than the system accepts for a path.
    @Test func `a tree is removed however deep it is, and never through a link`() async throws {
        let folder = try TemporaryFolder("removal")
        let script = """
            cd "$1"; mkdir -p out/closed/d outside; echo x > outside/f; ln -s "$PWD/outside" out/link; echo x > out/closed/d/f
            chmod 0500 out/closed/d; chmod 0500 out/closed; cd out
            n=$(printf 'd%.0s' $(seq 200)); for i in $(seq 40); do mkdir $n; echo x > z$i; cd $n; done; echo x > f
            """
        #expect(try await CommandRun.run("/bin/bash", ["-c", script, "sh", folder.path]).status == 0)
        try TreeRemoval.remove("\(folder.path)/out")
        #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() == ["outside", "outside/f"])
    }
}
