import Foundation
import Lab
import ObjectStorage
import Testing

@testable import BackupRepository

/// Every object of a repository flipped, truncated, emptied, removed, or swapped with another of its kind.
@Suite struct DamageTests {
    enum Damage: CaseIterable, Sendable {
        case flippedFirst, flippedMiddle, flippedLast, truncated, emptied, removed, swapped

        func apply(to file: URL, among others: [URL]) throws -> Bool {
            var content = [UInt8](try Data(contentsOf: file))
            switch self {
            case .flippedFirst: content[0] ^= 1
            case .flippedMiddle: content[content.count / 2] ^= 1
            case .flippedLast: content[content.count - 1] ^= 1
            case .truncated: content.removeLast()
            case .emptied: content = []
            case .removed:
                try FileManager.default.removeItem(at: file)
                return true
            case .swapped:
                // Another object of the same kind, which is intact.
                let kind = file.lastPathComponent.split(separator: ".").dropFirst()
                let twin = others.first {
                    $0 != file && $0.deletingLastPathComponent() == file.deletingLastPathComponent()
                        && $0.lastPathComponent.split(separator: ".").dropFirst() == kind
                }
                guard let twin else { return false }
                content = [UInt8](try Data(contentsOf: twin))
            }
            try Data(content).write(to: file)
            return true
        }
    }

    @Test(arguments: Damage.allCases) func `is found and named wherever it is`(damage: Damage) async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        try await fixture.backup(repository)
        try fixture.write("many/0", "changed")
        let set = try await fixture.backup(repository).set
        // Marks are not part of a set: no restored data depend on them.
        let keys = try fixture.objects().filter { !$0.text.hasPrefix("marks/") }
        let files = keys.map { fixture.file(of: $0) }
        for key in keys {
            let file = fixture.file(of: key)
            let original = try Data(contentsOf: file)
            guard try damage.apply(to: file, among: files) else { continue }
            defer { try? original.write(to: file) }

            if key == Layout.description {
                #expect(throws: RepositoryError.self) { try Repository(opening: try fixture.store()) }
                continue
            }
            var verification = Verification(repository: repository, pool: Fixture.pool, progress: WorkProgress())
            verification.share = 1
            verification.lastCommitted = set.name
            let findings = try await verification.run().findings
            #expect(findings.map(\.object).contains(key.text), "\(key) \(damage)")

            // A restore restores every byte, or reports a failure.
            do {
                try await fixture.restore(repository, set: set, to: "out")
                try await fixture.expectSame("out")
                try FileManager.default.removeItem(at: fixture.folder.url.appending(path: "out"))
            } catch {
                #expect(error is RepositoryError || error is RestoreFailure || error is ObjectStoreError, "\(error)")
                #expect(!FileManager.default.fileExists(atPath: fixture.folder.url.appending(path: "out").path))
                let staging = fixture.folder.url.appending(
                    path: ".dr-restore-out-tree-\(set.components["tree"]?.manifest.description ?? "")")
                try? FileManager.default.removeItem(at: staging)
            }
        }
    }

    @Test func `structure alone finds all but changed pack bytes`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        try await fixture.backup(repository)
        for key in try fixture.objects() where key.text.hasSuffix(".tar.gz") {
            let file = fixture.file(of: key)
            let original = try Data(contentsOf: file)
            try FileManager.default.removeItem(at: file)
            #expect(try await fixture.verify(repository, share: 0).findings.map(\.object) == [key.text])
            try original.dropLast().write(to: file)
            #expect(try await fixture.verify(repository, share: 0).findings.map(\.object) == [key.text])
            try original.write(to: file)
        }
        #expect(try await fixture.verify(repository, share: 0).findings.isEmpty)
    }

    @Test func `damage names the sets that it costs`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        let first = try await fixture.backup(repository).set
        try fixture.write("added", "x")
        let report = try await fixture.backup(repository)
        let old = try #require(report.manifests["tree"]?.packs.first),
            new = try #require(report.manifests["tree"]?.packs.last)
        for use in [old, new] {
            try FileManager.default.removeItem(at: fixture.file(of: Layout.pack("tree", use.pack)))
        }
        let findings = try await fixture.verify(repository).findings
        #expect(findings.first { $0.object.contains(old.pack) }?.sets == [first.name, report.set.name])
        #expect(findings.first { $0.object.contains(new.pack) }?.sets == [report.set.name])
    }

    /// Data that arrive damaged or truncated are fetched again: they are intact in the store.
    @Test(arguments: [(3, 0), (0, 3), (4, 3), (2, 0)]) func `damaged transfers are fetched again`(
        every: Int, truncated: Int
    )
        async throws
    {
        let fixture = try Fixture()
        try fixture.writeTree()
        try await fixture.backup(try fixture.repository())
        // No object fails four times in a row, which would count as damage: at (4, 3) reads 3 and 4, 8 and 9 fail.
        let flaky = FaultyStore(try fixture.store(), damageEvery: every, truncateEvery: truncated)
        let repository = try Repository(opening: flaky)
        try fixture.write("added", "x")
        let set = try await fixture.backup(repository, state: "elsewhere").set
        #expect(try await fixture.verify(repository).findings.isEmpty)
        try await fixture.restore(repository, set: set, to: "out")
        try await fixture.expectSame("out")
        #expect(flaky.faults > 3)
    }

    @Test func `one damaged file costs no other`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        let report = try await fixture.backup(repository)
        let use = try #require(report.manifests["tree"]?.packs.max { $0.members < $1.members })
        let index = try repository.index("tree", use)
        let file = fixture.file(of: Layout.pack("tree", use.pack))
        var content = try Data(contentsOf: file)
        content[try #require(index.members.last?.at) + 100] ^= 1
        try content.write(to: file)
        let failure = await #expect(throws: RestoreFailure.self) {
            try await fixture.restore(repository, set: report.set, to: "out")
        }
        let damaged = try #require(failure).damage.map(\.path)
        let whole = try #require(report.manifests["tree"]).totals.files
        #expect(!damaged.isEmpty && damaged.count < whole)
        // Each message names the pack once.
        let reasons = try #require(failure).damage.map(\.reason)
        #expect(reasons.allSatisfy { $0.ranges(of: use.pack).count == 1 }, "\(reasons)")
        let findings = try await fixture.verify(repository, share: 1).findings
        #expect(findings.map { $0.object.contains(use.pack) && !$0.reason.contains(use.pack) } == [true], "\(findings)")
        // The intact files are available, and only the damaged ones are missing.
        let staging = URL(filePath: try #require(failure).staging)
        for path in damaged { #expect(try Data(contentsOf: fixture.source.appending(path: path)).count > 0) }
        #expect(
            try Data(contentsOf: staging.appending(path: "text/words"))
                == Data(contentsOf: fixture.source.appending(path: "text/words")))
    }
}
