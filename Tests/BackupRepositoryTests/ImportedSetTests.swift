import Cryptography
import FileTree
import Foundation
import Lab
import Logging
import ObjectStorage
import Platform
import Retention
import Testing

@testable import BackupRepository

/// Sets that were made from another tool's backups, among those of dr.
@Suite struct ImportedSetTests {
    private let fixture: Fixture
    private let repository: Repository
    /// 2026-11-01 00:00:00 UTC.
    private static let beginning = 1_793_491_200

    init() throws {
        fixture = try Fixture()
        repository = try fixture.repository()
    }

    private func backup(hours: Int) async throws -> BackupSet {
        try await fixture.backup(repository, now: { Timestamp(seconds: Self.beginning + hours * 3600) }).set
    }

    /// - Parameters:
    ///   - time: of the other tool's backup.
    ///   - now: of the import; both in hours since the beginning.
    private func `import`(
        _ time: Int, at now: Int, source: (any ComponentSource)? = nil
    ) async throws -> BackupRun.Report {
        let state = try StateFolder(
            fixture.folder.url.appending(path: "state").path, repository: repository.description)
        let component = BackupRun.Component(
            name: "tree", kind: "files", source: source ?? FileTreeSource(data: fixture.source.path))
        var run = BackupRun(
            repository: repository, components: [component], stack: "test", tool: "test", state: state,
            pool: Fixture.pool, logger: Logger(label: "test"),
            now: { Timestamp(seconds: Self.beginning + now * 3600) })
        run.importing = BackupRun.Import(
            time: Timestamp(seconds: Self.beginning + time * 3600),
            origin: ImportedFrom(
                format: "tool", from: "/old", files: [.init(component: "tree", path: "\(time).tar.gz", size: 1)]))
        return try await run.run()
    }

    @Test func `an imported set keeps its time and leaves the chain as it is`() async throws {
        try fixture.writeTree()
        let first = try await backup(hours: 100)
        let old = try await `import`(10, at: 101).set
        #expect(old.name.seconds == Self.beginning + 36_000)
        #expect(old.components["tree"]?.captured == old.name && old.started.seconds == Self.beginning + 101 * 3600)
        #expect(old.previous == nil && old.number == nil && old.imported?.files.count == 1)
        // Nothing of the unchanged content is stored again.
        #expect(old.components["tree"]?.added.packs == 0)

        let newest = try await repository.latest(
            of: nil, now: Timestamp(seconds: Self.beginning + 102 * 3600), provesManifests: true, pool: Fixture.pool)
        #expect(newest.sets.map(\.name) == [first.name])
        let second = try await backup(hours: 102)
        #expect(second.previous == first.name && second.number == (first.number ?? 0) + 1)
        #expect(second.components["tree"]?.added.packs == 0)
        #expect(try await fixture.verify(repository).findings.isEmpty)
        let state = try StateFolder(
            fixture.folder.url.appending(path: "state").path, repository: repository.description)
        let missing = try MissingSets(
            in: repository, state: state, components: ["tree"], now: Timestamp(seconds: Self.beginning + 103 * 3600))
        #expect(missing.isEmpty && missing.suspicions.isEmpty && state.lastSet() == second.name)
    }

    @Test func `a backup after imports continues the numbers of the backups before them`() async throws {
        try fixture.write("a", "one")
        for hours in [1, 2, 3] { _ = try await backup(hours: hours) }
        let imported = try await `import`(4, at: 50).set
        let next = try await backup(hours: 51)
        #expect(next.previous == imported.name && next.number == 4)
        #expect(try await fixture.verify(repository).findings.isEmpty)
        // The chain shows that an imported set was removed.
        #expect(try repository.store.delete([Layout.set(imported.name)]).isEmpty)
        #expect(try await fixture.verify(repository).findings.contains { $0.object.contains("\(imported.name)") })
    }

    @Test func `latest and a time select a backup by dr rather than a newer imported set`() async throws {
        try fixture.write("a", "one")
        let now = Timestamp(seconds: Self.beginning + 100 * 3600)
        let old = try await `import`(1, at: 90).set
        func latest(_ components: Set<String>?) async throws -> RestoreSelection.Part? {
            try await repository.latest(of: components, now: now, provesManifests: true, pool: Fixture.pool)
                .parts["tree"]
        }
        for components in [nil, ["tree"]] as [Set<String>?] {
            let part = try await latest(components)
            #expect(part?.set.name == old.name && part?.passedOver.isEmpty == true)
        }
        #expect(try repository.newestSet(now: now).set?.name == old.name)

        let own = try await backup(hours: 50)
        let newer = [try await `import`(60, at: 91).set.name, try await `import`(70, at: 92).set.name]
        for components in [nil, ["tree"]] as [Set<String>?] {
            let part = try #require(try await latest(components))
            #expect(part.set.name == own.name && part.isCurrent)
            #expect(part.passedOver.map(\.set) == newer.reversed())
            #expect(part.passedOver.allSatisfy { $0.kind == .imported })
        }
        let found = try repository.newestSet(now: now)
        #expect(found.set?.name == own.name && found.passedOver.map(\.set) == [newer[1]])
        #expect(found.passedOver.map(\.kind) == [.imported])
        let before = try repository.newestSet(now: now, notAfter: Timestamp(seconds: own.name.seconds - 1))
        #expect(before.set?.name == old.name && before.passedOver.isEmpty)

        // A damaged backup by dr is worse than an imported one.
        try Marks(repository).put(
            VerifiedMark(at: now, tool: "test", level: .data, share: 1, good: [], damaged: [own.name]))
        let part = try #require(try await latest(["tree"]))
        #expect(part.set.name == newer[1] && part.passedOver.isEmpty)
    }

    @Test func `a sample of sets has the backups by dr among newer imports`() async throws {
        try fixture.write("a", "one")
        var own: [Timestamp] = []
        for hours in 50...53 {
            own.append(try await backup(hours: hours).name)
            _ = try await `import`(hours, at: 150 + hours)
        }
        let sample = try await repository.sample(of: try repository.setNames(), most: 4, pool: Fixture.pool)
        #expect(sample.filter { $0.imported == nil }.map(\.name) == own)
    }

    @Test func `two imports of one time take the next free second`() async throws {
        try fixture.write("a", "one")
        let taken = try await backup(hours: 5)
        let first = try await `import`(5, at: 50).set
        let second = try await `import`(5, at: 51).set
        #expect([first, second].map(\.name.seconds) == [taken.name.seconds + 1, taken.name.seconds + 2])
        #expect(second.components["tree"]?.captured == taken.name)
        #expect(try await fixture.verify(repository).findings.isEmpty)
    }

    @Test func `a backup is not compared with the size of an imported set`() async throws {
        for number in 0..<30 { try fixture.write("\(number)", Fixture.noise(10_000, seed: UInt64(number))) }
        _ = try await `import`(1, at: 50)
        for number in 1..<30 {
            try FileManager.default.removeItem(at: fixture.source.appending(path: "\(number)"))
        }
        let state = try StateFolder(
            fixture.folder.url.appending(path: "state").path, repository: repository.description)
        let report = try await BackupRun(
            repository: repository,
            components: [.init(name: "tree", kind: "files", source: FileTreeSource(data: fixture.source.path))],
            stack: "test", tool: "test", state: state, pool: Fixture.pool, logger: Logger(label: "test"),
            now: { Timestamp(seconds: Self.beginning + 51 * 3600) }
        ).run()
        #expect(report.set.components["tree"]?.shrunk == nil && report.warnings.isEmpty)
    }

    @Test func `retention keeps the backup of a day rather than an imported set of it`() async throws {
        try fixture.write("a", "one")
        let own = try await backup(hours: 2)
        let imported = try await `import`(20, at: 60).set
        let last = try await backup(hours: 61)
        var policy = RetentionPolicy()
        policy.daily = .days(30)
        let marks = try SetMarks(Marks(repository))
        let now = Timestamp(seconds: Self.beginning + 62 * 3600)
        let plan = decide(
            [own, imported, last].map { marks.retentionFacts(of: $0, at: now) }, policy: policy,
            circumstances: PruneCircumstances(now: now.seconds, components: ["tree"]))
        #expect(plan.kept.map(\.time) == [own.name.seconds, last.name.seconds])
    }

    @Test(arguments: [(-3600, nil), (1800, nil), (7200, DatumState.future)])
    func `data that are later than the time of an import are those of a wrong clock`(
        _ seconds: Int, _ state: DatumState?
    ) async throws {
        try fixture.write("a", "one")
        let time = Self.beginning + 36_000
        var tree = ForeignTree(fixture.source.path, newest: .at((time + seconds) * 1000))
        tree.facts = ["origin": "elsewhere"]
        struct Source: ComponentSource {
            static let kind = "files"
            let tree: ForeignTree
            func capture(_ context: CaptureContext) async throws -> any Capture { tree }
        }
        let part = try #require(try await `import`(10, at: 90, source: Source(tree: tree)).set.components["tree"])
        #expect(part.datum == state)
        #expect(part.watermark == min(time + seconds, time + 3600) * 1000)
    }

    @Test func `a file is the same by its hash or else by its path and size`() {
        let digest = Digest(of: [1]), other = Digest(of: [2])
        let file = ImportedFrom.File(component: "a", path: "x", size: 1, sha256: digest)
        #expect(file.isSame(as: .init(component: "a", path: "y", size: 1, sha256: digest)))
        #expect(!file.isSame(as: .init(component: "a", path: "x", size: 1, sha256: other)))
        #expect(file.isSame(as: .init(component: "a", path: "x", size: 1)))
        #expect(!file.isSame(as: .init(component: "a", path: "x", size: 2)))
        #expect(!file.isSame(as: .init(component: "b", path: "x", size: 1, sha256: digest)))
    }
}
