import Cryptography
import Foundation
import Lab
import ObjectStorage
import Testing
@testable import BackupRepository

@Suite struct RestoreTargetTests {
    private func prepared() async throws -> (Fixture, Repository, BackupSet) {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        return (fixture, repository, try await fixture.backup(repository).set)
    }

    @Test func `an empty directory is filled`() async throws {
        let (fixture, repository, set) = try await prepared()
        try FileManager.default.createDirectory(
            at: fixture.folder.url.appending(path: "out"), withIntermediateDirectories: true)
        let report = try await fixture.restore(repository, set: set, to: "out/")
        #expect(report.kept == nil)
        try await fixture.expectSame("out")
    }

    @Test func `restore refuses existing files, or keeps them aside with --replace`() async throws {
        let (fixture, repository, set) = try await prepared()
        let out = fixture.folder.url.appending(path: "out")
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        try Data("precious".utf8).write(to: out.appending(path: "precious"))
        let error = await #expect(throws: RepositoryError.self) {
            try await fixture.restore(repository, set: set, to: "out")
        }
        #expect(error?.reason == .target && error?.hint?.contains("--replace") == true)
        #expect(try String(contentsOf: out.appending(path: "precious"), encoding: .utf8) == "precious")

        let report = try await fixture.restore(repository, set: set, to: "out", replace: true)
        let kept = try #require(report.kept)
        #expect(try String(contentsOf: URL(filePath: kept).appending(path: "precious"), encoding: .utf8) == "precious")
        try await fixture.expectSame("out")
    }

    @Test func `restore fetches only files that differ`() async throws {
        let (fixture, repository, set) = try await prepared()
        try await fixture.restore(repository, set: set, to: "out")
        let out = fixture.folder.url.appending(path: "out")
        try Data("damaged".utf8).write(to: out.appending(path: "many/3"))
        // Same size, other bytes: the time does not show it, but the hash does.
        var large = try Data(contentsOf: out.appending(path: "text/words"))
        large[5] ^= 1
        try large.write(to: out.appending(path: "text/words"))
        let report = try await fixture.restore(repository, set: set, to: "out", replace: true)
        #expect(report.files - report.reusedFiles == 3, "the two changed files, and the empty file")
        #expect(report.fetched > 0 && report.fetched < 70_000)
        try await fixture.expectSame("out")
    }

    @Test func `a link is followed to its directory`() async throws {
        let (fixture, repository, set) = try await prepared()
        let real = fixture.folder.url.appending(path: "real")
        try FileManager.default.createDirectory(at: real, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: fixture.folder.url.appending(path: "link"), withDestinationURL: real)
        let report = try await fixture.restore(repository, set: set, to: "link")
        #expect(report.target.hasSuffix("/real"))
        try await fixture.expectSame("real")
        #expect(
            try FileManager.default.destinationOfSymbolicLink(
                atPath: fixture.folder.url.appending(path: "link").path) == real.path)
    }

    @Test(arguments: ["missing/parent/out", "file", "file/out", "dangling"])
    func `impossible targets are refused before anything is done`(target: String) async throws {
        let (fixture, repository, set) = try await prepared()
        try Data("x".utf8).write(to: fixture.folder.url.appending(path: "file"))
        try FileManager.default.createSymbolicLink(
            atPath: fixture.folder.url.appending(path: "dangling").path, withDestinationPath: "/nowhere/at/all")
        let before = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path).sorted()
        let error = await #expect(throws: RepositoryError.self) {
            try await fixture.restore(repository, set: set, to: target, replace: true)
        }
        #expect(error?.reason == .target)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path).sorted() == before)
    }

    /// A forged index must not make a restore write outside its target.
    @Test(arguments: ["../escaped", "/tmp/dr-escaped", "a/../../escaped"])
    func `nothing is written outside`(path: String) async throws {
        let (fixture, repository, set) = try await prepared()
        var manifest = try repository.manifest("tree", of: set)
        let index = PackIndex(
            format: 1, component: "tree", pack: String(repeating: "e", count: 32),
            object: .init(size: 0, sha256: .init(of: [])), gzip: [],
            members: [
                PackIndex.Member(
                    .init(
                        path: Array(path.utf8), kind: .file, size: 0, mode: 0o644, uid: 0, gid: 0,
                        modified: FileTime(nanoseconds: 0), inode: 1
                    ))
            ])
        let bytes = Repository.encodeIndex(index)
        _ = try repository.store.put(Layout.index("tree", index.pack), bytes, options: .init())
        manifest.packs = [.init(pack: index.pack, index: .init(of: bytes), members: 1)]
        let target = try RestoreTarget(
            fixture.folder.url.appending(path: "out").path, identity: "x", stamp: "now", replace: false)
        let restore = ComponentRestore(
            repository: repository, manifest: manifest, target: target, pool: Fixture.pool, progress: WorkProgress())
        let error = await #expect(throws: RepositoryError.self) { try await restore.run() }
        #expect(error?.reason == .damaged)
        #expect(!FileManager.default.fileExists(atPath: fixture.folder.url.appending(path: "escaped").path))
        #expect(!FileManager.default.fileExists(atPath: "/tmp/dr-escaped"))
    }

    /// The domain's checks run before the swap: a tree that fails them does not replace the target.
    @Test func `a tree that fails its checks stays aside`() async throws {
        struct Refusing: ComponentRestorer {
            static let kind = "files"
            func examine(restored tree: String) async throws -> [Damage] { [Damage(path: "large", reason: "no")] }
            func advice(restored tree: String, target: String) async -> [String] { [] }
        }
        let (fixture, repository, set) = try await prepared()
        let target = try RestoreTarget(
            fixture.folder.url.appending(path: "out").path, identity: "x", stamp: "now", replace: false)
        var restore = ComponentRestore(
            repository: repository, manifest: try repository.manifest("tree", of: set), target: target,
            pool: Fixture.pool, progress: WorkProgress())
        restore.restorer = Refusing()
        let checked = restore
        let failure = await #expect(throws: RestoreFailure.self) { try await checked.run() }
        #expect(failure?.damage.map(\.path) == ["large"])
        #expect(!FileManager.default.fileExists(atPath: target.path))
    }

    @Test func `a last question before the swap can refuse it, and the next run uses the staged tree`() async throws {
        struct InUse: Error {}
        let (fixture, repository, set) = try await prepared()
        let manifest = try repository.manifest("tree", of: set)
        func restore() throws -> ComponentRestore {
            let target = try RestoreTarget(
                fixture.folder.url.appending(path: "out").path, identity: "x", stamp: "now", replace: true)
            return ComponentRestore(
                repository: repository, manifest: manifest, target: target,
                pool: Fixture.pool, progress: WorkProgress())
        }
        var refused = try restore()
        refused.mayReplace = { throw InUse() }
        let asked = refused
        await #expect(throws: InUse.self) { try await asked.run() }
        #expect(!FileManager.default.fileExists(atPath: asked.target.path))
        let report = try await restore().run()
        #expect(report.reusedFiles > 0)
        try await fixture.expectSame("out")
    }
}
