import Foundation
import Lab
import ObjectStorage
import Synchronization
import Testing

@testable import BackupRepository

/// Restores that read everything and write nothing.
@Suite struct RehearsalTests {
    private func prepared() async throws -> (Fixture, Repository, BackupSet) {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        return (fixture, repository, try await fixture.backup(repository).set)
    }

    private func rehearsal(_ set: BackupSet, of repository: Repository) throws -> ComponentRehearsal {
        ComponentRehearsal(
            repository: repository, manifest: try repository.manifest("tree", of: set), pool: Fixture.pool,
            progress: WorkProgress())
    }

    /// Refuses files whose name ends in `7`.
    private struct SevenRestorer: ComponentRestorer {
        static let kind = "files"
        func examine(restored tree: String) async throws -> [Damage] { [] }
        func advice(restored tree: String, target: String) async -> [String] { [] }
        func inspector(of path: String) -> (any ContentInspector)? {
            path.hasPrefix("many/") ? Inspector(path: path) : nil
        }

        private final class Inspector: ContentInspector {
            private let path: String
            private var bytes = 0
            init(path: String) { self.path = path }
            func write(_ piece: RawSpan) { bytes += piece.byteCount }
            func finish() -> [Damage] {
                guard path.hasSuffix("7") else { return [] }
                return [Damage(path: path, reason: "\(bytes) bytes end in seven")]
            }
        }
    }

    @Test func `a rehearsal reads every file and writes nothing`() async throws {
        let (fixture, repository, set) = try await prepared()
        let before = try FileManager.default.subpathsOfDirectory(atPath: fixture.folder.path).sorted()
        let report = try await rehearsal(set, of: repository).run()
        let manifest = try repository.manifest("tree", of: set)
        #expect(report.files == manifest.totals.files && report.bytes == manifest.totals.bytes)
        #expect(report.damage == [] && report.fetched > 200_000)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: fixture.folder.path).sorted() == before)
    }

    @Test func `a rehearsal of a path reads only that path`() async throws {
        let (fixture, repository, set) = try await prepared()
        defer { withExtendedLifetime(fixture) {} }
        var rehearsal = try rehearsal(set, of: repository)
        rehearsal.paths = ["many/3"]
        let report = try await rehearsal.run()
        #expect(report.files == 1 && report.bytes == 903 && report.fetched < 100_000)
        rehearsal.paths = ["nothing"]
        await #expect(throws: RepositoryError.self) { try await rehearsal.run() }
    }

    @Test func `a rehearsal applies the inspectors of the kind`() async throws {
        let (fixture, repository, set) = try await prepared()
        defer { withExtendedLifetime(fixture) {} }
        var rehearsal = try rehearsal(set, of: repository)
        rehearsal.restorer = SevenRestorer()
        let report = try await rehearsal.run()
        #expect(report.inspectedFiles == 20)
        #expect(
            report.damage == [
                Damage(path: "many/17", reason: "917 bytes end in seven"),
                Damage(path: "many/7", reason: "907 bytes end in seven"),
            ])
    }

    @Test func `a rehearsal names the files of a damaged pack and reads the others`() async throws {
        let (fixture, repository, set) = try await prepared()
        let manifest = try repository.manifest("tree", of: set)
        let whole = try await rehearsal(set, of: repository).run()
        let packs = try fixture.objects().filter { $0.text.hasSuffix(".tar.gz") }
        #expect(packs.count > 2)
        // Other packs may hold only folders, which a restore reads from the index.
        let contents = try packs.map { ($0, try Data(contentsOf: fixture.file(of: $0))) }
        let largest = try #require(contents.max { $0.1.count < $1.1.count })
        let file = fixture.file(of: largest.0)
        var bytes = largest.1
        bytes[bytes.count / 2] ^= 1
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
        try bytes.write(to: file)
        let report = try await rehearsal(set, of: repository).run()
        #expect(!report.damage.isEmpty && report.damage.allSatisfy { $0.reason.contains(largest.0.text) })
        #expect(report.files == whole.files - report.damage.count && report.files < manifest.totals.files)
    }
}
