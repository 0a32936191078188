import FileTree
import Foundation
import Lab
import Testing
@testable import BackupRepository

private let isRoot = geteuid() == 0

/// Owner, mode and time of the root folder of a tree.
@Suite struct TopFolderTests {
    /// - Parameter owner: only root may choose one.
    private func prepared(owner: UInt32 = geteuid(), mode: Int = 0o750) async throws -> (Fixture, Repository, BackupSet)
    {
        let fixture = try Fixture()
        try fixture.writeTree()
        #expect(chown(fixture.source.path, owner, owner == geteuid() ? getegid() : owner) == 0)
        try FileManager.default.setAttributes(
            [.posixPermissions: mode, .modificationDate: Date(timeIntervalSince1970: 1_600_000_000)],
            ofItemAtPath: fixture.source.path)
        let repository = try fixture.repository()
        return (fixture, repository, try await fixture.backup(repository).set)
    }

    private func attributes(_ fixture: Fixture, _ name: String) throws -> RootAttributes {
        try #require(RootAttributes(of: fixture.folder.url.appending(path: name).path))
    }

    @Test(arguments: ["out", "present", "present/with/content"])
    func `a restored tree's folder is as it was when it was captured`(target: String) async throws {
        let (fixture, repository, set) = try await prepared(owner: isRoot ? 1234 : geteuid())
        let folder = fixture.folder.url.appending(path: target)
        if target != "out" { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
        if target.contains("/") { try Data("old".utf8).write(to: folder.appending(path: "f")) }
        let report = try await fixture.restore(repository, set: set, to: target, replace: true)
        #expect(report.shortfall == nil)
        #expect(try attributes(fixture, target) == attributes(fixture, "source"))
    }

    @Test func `a part of a tree gets the same folder`() async throws {
        let (fixture, repository, set) = try await prepared()
        try await fixture.restore(repository, set: set, to: "out", paths: ["text"])
        #expect(try attributes(fixture, "out").mode == 0o750)
    }

    @Test func `an empty directory that only its owner may read is restored as one`() async throws {
        let (fixture, repository, set) = try await prepared(mode: 0o555)
        try await fixture.restore(repository, set: set, to: "out")
        try await fixture.restore(repository, set: set, to: "out", replace: true)
        #expect(try attributes(fixture, "out").mode == 0o555)
    }

    /// Sets of early versions do not record the folder.
    @Test(.enabled(if: isRoot, "only root gives files away"))
    func `a set without a record takes the folder that it replaces, else the parent's owner`() async throws {
        let (fixture, repository, set) = try await prepared()
        var manifest = try repository.manifest("tree", of: set)
        #expect(manifest.root != nil)
        manifest.root = nil
        func restore(_ name: String) async throws {
            let target = try RestoreTarget(
                fixture.folder.url.appending(path: name).path, identity: "x", stamp: "now", replace: true)
            _ = try await ComponentRestore(
                repository: repository, manifest: manifest, target: target, pool: Fixture.pool, progress: WorkProgress()
            ).run()
        }
        try fixture.write("../old/f", "x")
        let old = fixture.folder.url.appending(path: "old").path
        #expect(chown(old, 77, 78) == 0 && chmod(old, 0o711) == 0)
        try await restore("old")
        var found = try attributes(fixture, "old")
        #expect(found.uid == 77 && found.gid == 78 && found.mode == 0o711)
        #expect(chown(fixture.folder.path, 88, 89) == 0)
        try await restore("new")
        found = try attributes(fixture, "new")
        #expect(found.uid == 88 && found.gid == 89 && found.mode == 0o755)
    }

    @Test(.enabled(if: isRoot, "only root gives files away"))
    func `an owner that is asked for owns the folder too, and no bit lets others act as it`() async throws {
        let (fixture, repository, _) = try await prepared()
        let large = fixture.source.appending(path: "large").path
        #expect(chmod(large, 0o6755) == 0)
        let set = try await fixture.backup(repository).set
        let target = try RestoreTarget(
            fixture.folder.url.appending(path: "out").path, identity: "x", stamp: "now", replace: false)
        var restore = ComponentRestore(
            repository: repository, manifest: try repository.manifest("tree", of: set), target: target,
            pool: Fixture.pool, progress: WorkProgress())
        restore.owner = .fixed(uid: 99, gid: 98)
        restore.keepsSetuid = true
        let asked = restore
        let report = try await asked.run()
        #expect(report.shortfall == nil)
        let found = try attributes(fixture, "out")
        #expect(found.uid == 99 && found.gid == 98)
        var status = stat()
        #expect(stat("\(target.path)/large", &status) == 0 && status.st_mode & 0o7777 == 0o755 && status.st_uid == 99)
        try await fixture.restore(repository, set: set, to: "same", keepsSetuid: true)
        #expect(stat(fixture.folder.url.appending(path: "same/large").path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o6755, "with its recorded owner it has them")
    }

    @Test func `a folder for an importer stays private`() async throws {
        let (fixture, repository, set) = try await prepared(mode: 0o755)
        let target = try RestoreTarget(
            fixture.folder.url.appending(path: "out").path, identity: "x", stamp: "now", replace: false)
        var restore = ComponentRestore(
            repository: repository, manifest: try repository.manifest("tree", of: set), target: target,
            pool: Fixture.pool, progress: WorkProgress())
        restore.isPrivate = true
        let asked = restore
        _ = try await asked.run()
        #expect(try attributes(fixture, "out").mode == 0o700)
    }

    // MARK: Missing owners and modes

    @Test func `one command sets the owner of all, where all have the same`() {
        var given = OwnersGiven()
        given.miss(.owner, of: "a", owner: (65534, 65534), because: EPERM)
        given.miss(.owner, of: "b", owner: (65534, 65534), because: EPERM)
        #expect(given.shortfall?.owners == 2 && given.shortfall?.isSerious == true)
        let text = given.shortfall?.text(target: "/it's") ?? ""
        #expect(text.contains("chown -hR 65534:65534 '/it'\\''s'") && text.contains("'a'"), "\(text)")
        given.add(0, 0)
        #expect(given.shortfall?.command(target: "/x") == nil, "a chown of all would be wrong for one entry")
    }

    @Test func `a missing group alone, or a missing owner on the top folder alone, is not serious`() {
        var given = OwnersGiven()
        given.miss(nil, of: "./", owner: (1, 1), because: EPERM)
        #expect(given.shortfall == nil)
        given.miss(.group, of: "a", owner: (1, 2), because: EPERM)
        #expect(given.shortfall?.groups == 1 && given.shortfall?.isSerious == false)
    }
}
