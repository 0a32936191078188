import Cryptography
import FileTree
import Foundation
import Lab
import Logging
import ObjectStorage
import Platform
import Synchronization
import Testing

@testable import BackupRepository

/// A component that several processes store together, each a share of its files.
@Suite struct ShardTests {
    @Test(arguments: [2, 3, 64])
    func `each path is in exactly one shard, and the shards are of similar size`(count: Int) throws {
        let shards = try (0..<count).map { try #require(Shard($0, of: count)) }
        var sizes = [Int](repeating: 0, count: count)
        for number in 0..<6400 {
            let path = Array("folder \(number / 100)/file-\(number)".utf8)
            let owners = shards.filter { $0.contains(path) }
            try #require(owners.count == 1)
            sizes[owners[0].index] += 1
        }
        let mean = 6400 / count
        #expect(sizes.allSatisfy { (mean / 2...mean * 2).contains($0) }, "\(sizes)")
    }

    @Test func `the share of a path never changes`() throws {
        // printf wal/00000001 | sha256sum: the first eight digits, modulo three.
        let shard = try #require(Shard(0x5350_ad21 % 3, of: 3))
        #expect(shard.contains(Array("wal/00000001".utf8)))
    }

    @Test(arguments: ["{\"index\":3,\"count\":3}", "{\"index\":-1,\"count\":3}", "{\"index\":0,\"count\":0}"])
    func `a shard that cannot be is refused`(text: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Shard.self, from: Data(text.utf8)) }
    }

    @Test func `shards and a final run give the backup of one run, and read each file once`() async throws {
        let place = try Place()
        try place.fixture.writeTree()
        let whole = try await place.run("alone", try place.job())
        #expect(place.reads.count == 23)
        place.reads.reset()

        let parts = try await place.shards(3)
        #expect(place.reads.count == 23)
        place.reads.reset()
        let final = try await place.run("final", try place.job(parts: parts))
        #expect(place.reads.count == 0)
        #expect(final.warnings == [])
        #expect(final.added.bytes == 0)

        let (one, many) = (try place.manifest(whole), try place.manifest(final))
        #expect(one.contents != nil && one.contents == many.contents)
        #expect(one.totals == many.totals)
        #expect(many.shard == nil && many.name > parts[0].manifest)
        try await place.restore(many)
        try await place.fixture.expectSame("restored")
    }

    @Test func `the files of a shard that failed are read by the final run`() async throws {
        let place = try Place()
        try place.fixture.writeTree()
        let whole = try place.manifest(try await place.run("alone", try place.job()))
        let parts = try await place.shards(3)
        place.reads.reset()
        let final = try await place.run("final", try place.job(parts: [parts[0], parts[2]]))
        let lost = try place.manifest(parts[1]).totals.files
        #expect(lost > 0)
        #expect(place.reads.count == lost)
        #expect(try place.manifest(final).contents == whole.contents)
    }

    @Test func `a second run reads what changed, and shards read only their share of it`() async throws {
        let place = try Place()
        try place.fixture.writeTree()
        let first = try await place.run("first", try place.job(parts: try await place.shards(3)))
        try place.fixture.write("many/3", "new content")
        try FileManager.default.removeItem(at: place.fixture.source.appending(path: "many/4"))
        place.reads.reset()
        let job = try place.job(base: first, run: 2)
        let parts = try await place.shards(3, job)
        #expect(place.reads.names == ["many/3"])
        var last = job
        last.parts = parts
        let final = try await place.run("final-2", last)
        #expect(place.reads.count == 1, "the final run reads nothing")
        #expect(place.examined.names.contains("many"))
        try await place.restore(try place.manifest(final))
        try await place.fixture.expectSame("restored")
    }

    @Test func `a run without changes costs the manifest only`() async throws {
        let place = try Place()
        try place.fixture.writeTree()
        let first = try await place.run("first", try place.job())
        let job = try place.job(base: first, run: 2)
        var last = job
        last.parts = try await place.shards(3, job)
        let final = try await place.run("final-2", last)
        #expect(final.added.files == 0)
        #expect(try place.manifest(final).packs == place.manifest(first).packs)
    }

    @Test func `a file that changed after its shard read it is stored as it is now`() async throws {
        let place = try Place()
        try place.fixture.writeTree()
        let parts = try await place.shards(3)
        try place.fixture.write("many/5", "later")
        place.reads.reset()
        let final = try await place.run("final", try place.job(parts: parts))
        #expect(place.reads.names == ["many/5"])
        try await place.restore(try place.manifest(final))
        try await place.fixture.expectSame("restored")
    }

    @Test(arguments: Lie.allCases)
    func `a shard that claims what is not its own is not believed`(lie: Lie) async throws {
        let place = try Place()
        try place.fixture.writeTree()
        var parts = try await place.shards(3)
        try await place.tell(lie, &parts)
        place.reads.reset()
        let final = try await place.run("final", try place.job(parts: parts))
        #expect(final.warnings.contains { $0.contains("part 1 of 3 are read again") }, "\(final.warnings)")
        #expect(place.reads.count > 0)
        try await place.restore(try place.manifest(final))
        try await place.fixture.expectSame("restored")
    }

    enum Lie: CaseIterable {
        /// Its manifest is that of another shard.
        case otherShard
        /// Its manifest is that of another run.
        case otherRun
        case missingManifest
        case missingIndex
        case missingPack
        case shortPack
        case fileOfAnotherShard
    }

    @Test func `a wrong hash of a shard is found by verification, and not restored`() async throws {
        let place = try Place()
        try place.fixture.writeTree()
        var parts = try await place.shards(3)
        try place.forgeHash(&parts[1])
        let final = try await place.run("final", try place.job(parts: parts))
        #expect(final.warnings == [], "nothing but the content itself shows it")
        await #expect(throws: (any Error).self) { try await place.restore(try place.manifest(final)) }
    }

    @Test func `a prune removes what a killed run and its workers stored`() async throws {
        let place = try PruneFixture()
        try place.write("0", Fixture.noise(20_000, seed: 1))
        try await place.backup()
        let before = Set(place.store.keys)
        for number in 1..<9 { try place.write("\(number)", Fixture.noise(20_000, seed: UInt64(number + 1))) }
        let now = place.now
        let component = BackupRun.Component(
            name: "tree", kind: "files",
            access: .remote(
                InProcessShards(
                    folder: place.fixture.folder.url, source: place.fixture.source.path, now: now, isKilled: true)))
        let state = try StateFolder(
            place.fixture.folder.url.appending(path: "killed").path, repository: try place.repository().description)
        let run = BackupRun(
            repository: try place.repository(), components: [component], stack: "test", tool: "test", state: state,
            pool: Fixture.pool, logger: Logger(label: "test"), now: { now })
        _ = try? await run.run()
        func left() -> [ObjectKey] {
            place.store.keys.filter {
                !before.contains($0) && ($0.text.hasPrefix("tree/packs/") || $0.text.hasPrefix("tree/backups/"))
            }
        }
        #expect(left().count > 6, "three manifests, and packs with their indexes")
        // A week in which the run might still be active, then a grace period from announcement to deletion.
        place.pass(hours: 8 * 24)
        for _ in 0..<3 {
            try await place.prune()
            place.pass(hours: 25)
        }
        #expect(left() == [])
        try await place.expectWhole()
    }

    @Test func `a prune removes the manifests of shards, and not what the set needs`() async throws {
        let place = try PruneFixture()
        for number in 0..<9 { try place.write("\(number)", Fixture.noise(20_000, seed: UInt64(number + 1))) }
        let state = try StateFolder(
            place.fixture.folder.url.appending(path: "state").path, repository: try place.repository().description)
        let now = place.now
        let component = BackupRun.Component(
            name: "tree", kind: "files",
            access: .remote(
                InProcessShards(folder: place.fixture.folder.url, source: place.fixture.source.path, now: now)))
        let set = try await BackupRun(
            repository: try place.repository(), components: [component], stack: "test", tool: "test", state: state,
            pool: Fixture.pool, logger: Logger(label: "test"), now: { now }
        ).run().set
        place.note(set.name)
        func shards() throws -> Int {
            var count = 0
            try place.store.list(prefix: Layout.manifestPrefix("tree"), after: nil) { object in
                let name = Layout.name(of: object.key, suffix: ".json").flatMap(Timestamp.init)
                if name.map(Shard.isManifestName) == true { count += 1 }
                return .proceed
            }
            return count
        }
        #expect(try shards() == 3)
        let report = try await place.fixture.verify(try place.repository())
        #expect(report.findings.isEmpty)
        #expect(report.notes == ["tree: 3 manifests of parts remain until a prune"])
        for _ in 0..<3 {
            place.pass(hours: 30)
            try await place.prune()
        }
        #expect(try shards() == 0)
        try await place.expectWhole()
    }
}

/// Stores a component as three pods and a final one would.
private struct InProcessShards: RemoteComponent {
    let folder: URL
    let source: String
    let now: Timestamp
    /// True if everything ends before the final run.
    var isKilled = false

    private struct Killed: Error {}

    func backUp(
        _ job: ComponentJob, in repository: Repository, progress: WorkProgress,
        doomed: @escaping @Sendable (Set<String>) throws -> Set<String>
    ) async throws -> ComponentJob.Result {
        func run(_ job: ComponentJob, state: String) async throws -> ComponentJob.Result {
            try await job.run(
                FileTreeSource(data: source), in: repository,
                state: try StateFolder(folder.appending(path: state).path, repository: repository.description),
                progress: progress, pool: Fixture.pool, logger: Logger(label: "test"), tool: "test",
                clock: { now.seconds }
            ) { _ in [] }
        }
        var last = job
        last.parts = []
        for shard in (0..<3).compactMap({ Shard($0, of: 3) }) {
            var part = job
            part.shard = shard
            last.parts?.append(.init(shard, try await run(part, state: "pod-\(shard.index)")))
        }
        if isKilled { throw Killed() }
        return try await run(last, state: "pod")
    }
}

/// A tree, a repository, and what was read of the tree.
private struct Place {
    let fixture: Fixture
    let repository: Repository
    let reads = Names()
    let examined = Names()

    init() throws {
        fixture = try Fixture()
        repository = try fixture.repository()
    }

    func job(base: ComponentJob.Result? = nil, run: Int = 1, parts: [ComponentJob.Part]? = nil) throws -> ComponentJob {
        var history = RunHistory.Base()
        if let base { history.manifest = StoredManifest(manifest: try manifest(base), digest: base.sha256) }
        return ComponentJob(
            component: "tree", kind: "files", run: String(repeating: "\(run)", count: 32), now: Fixture.clock(),
            lanes: 2, unwanted: [], base: ComponentJob.Base(history), parts: parts)
    }

    /// - Parameter state: the state folder of the process.
    func run(_ state: String, _ job: ComponentJob) async throws -> ComponentJob.Result {
        try await job.run(
            CountingSource(root: fixture.source.path, reads: reads, examined: examined), in: repository,
            state: try StateFolder(
                fixture.folder.url.appending(path: state).path, repository: repository.description),
            progress: WorkProgress(), pool: Fixture.pool, logger: Logger(label: "test"), tool: "test",
            clock: { Fixture.clock().seconds }
        ) { _ in [] }
    }

    func shards(_ count: Int, _ job: ComponentJob? = nil) async throws -> [ComponentJob.Part] {
        let job = try job ?? self.job()
        var parts: [ComponentJob.Part] = []
        for shard in (0..<count).compactMap({ Shard($0, of: count) }) {
            var part = job
            part.shard = shard
            parts.append(.init(shard, try await run("\(job.run)-\(shard.index)", part)))
        }
        return parts
    }

    func manifest(_ result: ComponentJob.Result) throws -> Manifest {
        try repository.manifest("tree", result.manifest, sha256: result.sha256)
    }

    func manifest(_ part: ComponentJob.Part) throws -> Manifest {
        try repository.manifest("tree", part.manifest, sha256: part.sha256)
    }

    func restore(_ manifest: Manifest) async throws {
        let target = try RestoreTarget(
            fixture.folder.url.appending(path: "restored").path, identity: "tree-\(manifest.name)", stamp: "now",
            replace: false)
        _ = try await ComponentRestore(
            repository: repository, manifest: manifest, target: target, pool: Fixture.pool, progress: WorkProgress()
        ).run()
    }

    // MARK: Lies

    func tell(_ lie: ShardTests.Lie, _ parts: inout [ComponentJob.Part]) async throws {
        let manifest = try manifest(parts[1])
        let pack = try #require(manifest.packs.first?.pack)
        func remove(_ key: ObjectKey) throws { try FileManager.default.removeItem(at: fixture.file(of: key)) }
        switch lie {
        case .otherShard: (parts[1].manifest, parts[1].sha256) = (parts[2].manifest, parts[2].sha256)
        case .otherRun: parts[1] = try await shards(3, try job(run: 2))[1]
        case .missingManifest: try remove(Layout.manifest("tree", manifest.name))
        case .missingIndex: try remove(Layout.index("tree", pack))
        case .missingPack: try remove(Layout.pack("tree", pack))
        case .shortPack:
            let file = fixture.file(of: Layout.pack("tree", pack))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
            try Data(contentsOf: file).dropLast().write(to: file)
        case .fileOfAnotherShard:
            let other = try self.manifest(parts[2])
            try forge(&parts[1]) { $0.packs += other.packs }
        }
    }

    /// Changes the manifest of a part in the store.
    private func forge(_ part: inout ComponentJob.Part, _ change: (inout Manifest) throws -> Void) throws {
        var manifest = try manifest(part)
        try change(&manifest)
        part.sha256 = try replace(Layout.manifest("tree", manifest.name), SealedDocument.encode(manifest))
    }

    /// Gives another hash to one file in the first pack of a part.
    func forgeHash(_ part: inout ComponentJob.Part) throws {
        try forge(&part) { manifest in
            var index = try repository.index("tree", manifest.packs[0])
            let number = try #require(index.members.firstIndex { $0.offset != nil })
            index.members[number].sha256 = Digest(of: [1])
            manifest.packs[0].index = try replace(Layout.index("tree", index.pack), repository.encode(index))
        }
    }

    private func replace(_ key: ObjectKey, _ bytes: [UInt8]) throws -> Digest {
        let file = fixture.file(of: key)
        try FileManager.default.removeItem(at: file)
        try Data(bytes).write(to: file)
        return Digest(of: bytes)
    }
}

/// Names that were noted, in any order.
private final class Names: Sendable {
    private let noted = Mutex<[String]>([])

    var names: Set<String> { noted.withLock { Set($0) } }
    var count: Int { noted.withLock { $0.count } }
    func note(_ name: String) { noted.withLock { $0.append(name) } }
    func reset() { noted.withLock { $0 = [] } }
}

/// A directory, with the names of the files that are read, and of the trees that are examined.
private struct CountingSource: ComponentSource, Capture {
    static let kind = "files"
    let root: String
    let reads: Names
    let examined: Names

    var watermark: Int? { nil }
    var facts: [String: String] { [:] }
    var warnings: [String] { [] }
    var isFrozen: Bool { false }

    func capture(_ context: CaptureContext) async throws -> any Capture { self }
    func release() async throws {}

    func inspector(of path: String) -> (any ContentInspector)? {
        reads.note(path)
        return nil
    }

    func examine(_ changed: [String]) async throws -> [Damage] {
        for name in changed { examined.note(name) }
        return []
    }
}
