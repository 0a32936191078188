import Cryptography
import FileTree
import Foundation
import Lab
import ObjectStorage
import Synchronization
import Testing
@testable import BackupRepository

@Suite struct RoundTripTests {
    @Test func `unusual file trees restore byte for byte`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        try fixture.write("spaces and\nnewlines/ä ö", "x")
        try fixture.write(String(repeating: "n", count: 255) + "/" + String(repeating: "m", count: 255), "long")
        try fixture.write("twin", Fixture.noise(900, seed: 1))
        try fixture.write("a.b", "sorts before a/ in bytes")
        try fixture.write("a/c", "x")
        let script = """
            cd "$1"; printf y > "$(printf 'raw\\377\\376')"; ln -s many/0 link; ln -s /nowhere dangling
            ln -s "$(printf 'to\\377')" oddlink; mkdir hollow; truncate -s 300000 sparse; chmod 4751 large; chmod 0555 hollow
            ln large hard; chmod 000 twin; touch -d '1931-05-06 07:08:09.123456789 UTC' text/words
            touch -h -d '2001-02-03 04:05:06.7 UTC' link
            """
        #expect(try await CommandRun.run("/bin/sh", ["-c", script, "sh", fixture.source.path]).status == 0)
        let repository = try fixture.repository()
        let report = try await fixture.backup(repository)
        #expect(report.set.status == .complete, "\(report.set.reasons)")
        #expect(try await fixture.verify(repository).findings.isEmpty)
        try await fixture.restore(repository, set: report.set, to: "out", keepsSetuid: true)
        try await fixture.expectSame("out")
        let sparse = try await CommandRun.run(
            "/usr/bin/stat", ["-c", "%b", fixture.folder.url.appending(path: "out/sparse").path])
        #expect(sparse.output == "0\n", "a hole is restored as a hole")
    }

    @Test func `an unchanged run reads nothing and stores one manifest`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        let first = try await fixture.backup(repository)
        let before = try fixture.objects().count
        let second = try await fixture.backup(repository)
        let part = try #require(second.set.components["tree"])
        #expect(first.set.components["tree"]?.added.files == first.set.components["tree"]?.files)
        #expect(part.added.files == 0 && part.added.packs == 0 && part.added.bytes == 0)
        #expect(part.added.stored < 4096)
        #expect(try fixture.objects().count == before + 3, "a manifest, a set and its outcome")
        #expect(second.manifests["tree"]?.packs == first.manifests["tree"]?.packs)
        try await fixture.restore(repository, set: second.set, to: "out")
        try await fixture.expectSame("out")
    }

    @Test func `the backup stores only changed content`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        try await fixture.backup(repository)
        try fixture.write("many/3", "changed")
        try fixture.write("new", "new")
        try FileManager.default.removeItem(at: fixture.source.appending(path: "many/4"))
        try FileManager.default.moveItem(
            at: fixture.source.appending(path: "large"), to: fixture.source.appending(path: "moved"))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: fixture.source.appending(path: "many/5").path)
        let second = try await fixture.backup(repository)
        let part = try #require(second.set.components["tree"])
        #expect(part.added.bytes == 10, "two small contents; the moved one is known, and a mode has no content")
        try await fixture.restore(repository, set: second.set, to: "out")
        try await fixture.expectSame("out")
        #expect(try await fixture.verify(repository).findings.isEmpty)
        // And a third on top of contents in other packs.
        try fixture.write("many/6", "again")
        let third = try await fixture.backup(repository)
        try await fixture.restore(repository, set: third.set, to: "third")
        try await fixture.expectSame("third")
    }

    /// The catalog is a cache: without it, on another machine or after a loss, the same run stores just as little.
    /// A machine without its notes cannot tell its own unsigned sets from those of others: it stores everything again.
    @Test func `a lost catalog costs time only, a lost state folder stores again`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        try await fixture.backup(repository)
        let second = try await fixture.backup(repository, state: "elsewhere")
        #expect(try #require(second.set.components["tree"]).added.packs > 0)
        #expect(second.warnings.contains { $0.contains("this machine did not make the backup") }, "\(second.warnings)")
        let file = try #require(
            FileManager.default.enumerator(
                at: fixture.folder.url.appending(path: "state"), includingPropertiesForKeys: nil)?
                .compactMap { $0 as? URL }.first { $0.pathExtension == "sqlite" })
        try Data("not a database, but as long as one would be".utf8).write(to: file)
        let third = try await fixture.backup(repository)
        #expect(third.set.components["tree"]?.added.packs == 0)
    }

    @Test func `two backups at once both succeed`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        let frozen = Fixture.clock()
        try await withThrowingTaskGroup(of: BackupRun.Report.self) { group in
            for _ in 0..<3 { group.addTask { try await fixture.backup(repository, now: { frozen }) } }
            for try await report in group { #expect(report.set.status == .complete) }
        }
        let names = try repository.setNames()
        #expect(names.count == 3 && Set(names).count == 3)
        #expect(try await fixture.verify(repository).findings.isEmpty)
        for name in names {
            try await fixture.restore(repository, set: try repository.set(name), to: "out-\(name)")
            try await fixture.expectSame("out-\(name)")
        }
    }

    @Test func `restore can restore selected paths only`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        let set = try await fixture.backup(repository).set
        let report = try await fixture.restore(repository, set: set, to: "some", paths: ["many/7", "text"])
        #expect(report.files == 2)
        let names = try #require(
            FileManager.default.enumerator(atPath: fixture.folder.url.appending(path: "some").path))
        #expect(Set(names.compactMap { $0 as? String }) == ["many", "many/7", "text", "text/words"])
        let error = await #expect(throws: RepositoryError.self) {
            try await fixture.restore(repository, set: set, to: "none", paths: ["many/77"])
        }
        #expect(error?.reason == .noSuchPath && error?.object == "many/77")
    }

    @Test func `excluded paths stay out`() async throws {
        let fixture = try Fixture()
        try fixture.write("keep/a", "x")
        try fixture.write("keep/b.tmp", "x")
        try fixture.write("cache/c", "x")
        let repository = try fixture.repository()
        let report = try await fixture.backup(
            repository, source: FileTreeSource(data: fixture.source.path, exclusions: ["*.tmp", "cache"]))
        #expect(report.set.components["tree"]?.files == 1)
    }

    /// GNU tar and gzip read a whole pack, and from the `at` of any member.
    @Test func `packs are tar and gzip`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        try fixture.write("huge", Fixture.noise(3 << 20, seed: 5))
        let repository = try fixture.repository()
        let report = try await fixture.backup(repository)
        let out = fixture.folder.url.appending(path: "tar")
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        for use in try #require(report.manifests["tree"]).packs {
            let file = fixture.file(of: Layout.pack("tree", use.pack)).path
            let whole = try await CommandRun.run("/bin/tar", ["-xpzf", file], in: out)
            #expect(whole.status == 0 && whole.errors.isEmpty, "\(whole.errors)")
            let index = try repository.index("tree", use)
            for member in index.members {
                let at = try #require(member.at)
                let script =
                    "tail -c +\(at + 1) '\(file)' | gzip -dc 2>/dev/null | tar -tf - 2>/dev/null | grep -qxF '\(member.path ?? "")'"
                #expect(try await CommandRun.run("/bin/sh", ["-c", script]).status == 0, "\(member.path ?? "")")
            }
        }
        let diff = try await CommandRun.run("/usr/bin/diff", ["-r", fixture.source.path, out.path])
        #expect(diff.status == 0, "\(diff.output)")
    }
}
