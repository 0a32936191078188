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

/// What a backup has to store, as far as it is known before, and the processes that this is worth.
@Suite struct ComponentWorkTests {
    @Test(
        arguments: [
            (0, 0, 1), (3, 1000, 1), (3, 7 << 20, 1), (3, 8 << 20, 2), (799, 0, 1), (800, 0, 2), (3, 1 << 40, 64),
            (Int.max, Int.max, 64),
        ] as [(Int, Int, Int)])
    func `a process has four full packs to write`(files: Int, bytes: Int, processes: Int) {
        let packs = PackSettings(targetBytes: 1 << 20, maximumMembers: 100)
        #expect(ComponentWork(files: files, bytes: bytes).processes(packs, most: 64) == processes)
    }

    @Test func `limits of packs that cannot be do no harm`() {
        let packs = PackSettings(targetBytes: 0, maximumMembers: -1)
        #expect(ComponentWork(files: 100, bytes: 100).processes(packs, most: 3) == 3)
    }

    /// A folder of ten old files, and the job of a run that stores it.
    private struct Place {
        let fixture: Fixture
        let repository: Repository
        static let began = Fixture.clock()

        init() throws {
            fixture = try Fixture()
            repository = try fixture.repository()
            for number in 0..<10 { try write("\(number)", secondsAfter: -3600) }
        }

        /// - Parameter seconds: the time of the file, since the first backup.
        func write(_ name: String, secondsAfter seconds: Int) throws {
            try fixture.write(name, [UInt8](repeating: 1, count: 1000))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: Double(Self.began.seconds + seconds))],
                ofItemAtPath: fixture.source.appending(path: name).path)
        }

        func state() throws -> StateFolder {
            try StateFolder(fixture.folder.url.appending(path: "state").path, repository: repository.description)
        }

        private var source: FileTreeSource { FileTreeSource(data: fixture.source.path) }

        func firstJob() -> ComponentJob {
            ComponentJob(
                component: "tree", kind: "files", run: String(repeating: "1", count: 32), now: Self.began, lanes: 2,
                unwanted: [], base: nil)
        }

        /// Stores the folder, and returns the job of a second run.
        func secondJob() async throws -> (job: ComponentJob, first: Manifest) {
            let result = try await firstJob().run(
                source, in: repository, state: try state(), progress: WorkProgress(), pool: Fixture.pool,
                logger: Logger(label: "test"), tool: "test", clock: { Self.began.seconds }
            ) { _ in [] }
            let manifest = try repository.manifest("tree", result.manifest, sha256: result.sha256)
            var history = RunHistory.Base()
            history.manifest = StoredManifest(manifest: manifest, digest: result.sha256)
            var job = firstJob()
            job.run = String(repeating: "2", count: 32)
            job.base = ComponentJob.Base(history)
            return (job, manifest)
        }

        func work(
            _ job: ComponentJob, progress: WorkProgress = WorkProgress()
        ) async throws -> ComponentWork {
            try await job.work(
                of: source, in: repository, state: try state(), progress: progress, pool: Fixture.pool,
                logger: Logger(label: "test"), clock: { Self.began.seconds }
            ).work
        }
    }

    @Test func `a first backup stores everything`() async throws {
        let place = try Place()
        #expect(try await place.work(place.firstJob()) == ComponentWork(files: 10, bytes: 10_000))
        #expect(try place.firstJob().workOfBase(in: place.repository) == nil)
    }

    @Test func `a look at many files is no stall`() async throws {
        let progress = WorkProgress()
        let place = try Place()
        _ = try await place.work(place.firstJob(), progress: progress)
        #expect(progress.state.phase == "looking for changes" && progress.state.files == 10)
    }

    @Test func `a later backup stores what is newer, or what has come`() async throws {
        let place = try Place()
        let (job, _) = try await place.secondJob()
        #expect(try await place.work(job) == ComponentWork())
        #expect(try job.workOfBase(in: place.repository) == ComponentWork(files: 10, bytes: 10_000))
        try place.write("3", secondsAfter: 60)
        #expect(try await place.work(job) == ComponentWork(files: 1, bytes: 1000))
        // Files that were moved here keep their times.
        for name in ["a", "b", "c"] { try place.write(name, secondsAfter: -7200) }
        #expect(try await place.work(job) == ComponentWork(files: 3, bytes: 3000))
    }

    @Test func `a backup that cannot build upon the newest one stores everything`() async throws {
        let place = try Place()
        let second = try await place.secondJob()
        var job = second.job
        job.unwanted = Set(second.first.packs.map(\.pack))
        #expect(try await place.work(job) == ComponentWork(files: 10, bytes: 10_000))
        #expect(try job.workOfBase(in: place.repository) == nil)
    }

    @Test func `much new data on a small backup is worth as many processes as the new data`() async throws {
        let place = try Place()
        let (job, _) = try await place.secondJob()
        for number in 0..<40 { try place.write("new \(number)", secondsAfter: -60) }
        let packs = PackSettings(targetBytes: 1 << 20, maximumMembers: 2)
        #expect(try await place.work(job).processes(packs, most: 8) == 5)
    }

    /// Two files that are not on this machine.
    private struct DistantTree: ObjectTree {
        let lanes = 1

        func walk(_ visit: (FileRecord) throws -> Void) throws {
            for path in ["a", "b"] {
                try visit(
                    FileRecord(
                        path: Array(path.utf8), kind: .file, size: 1, mode: 0o644, uid: 0, gid: 0,
                        modified: FileTime(nanoseconds: 0), inode: 1))
            }
        }
        func read(_ record: FileRecord, _ sink: (RawSpan) throws -> Void) throws -> ObjectReading {
            let content = record.path
            try sink(content.span.bytes)
            return .whole(record)
        }
        func look(at path: [UInt8]) throws -> FileRecord? { nil }
        func noteMissing(_ path: [UInt8], because reason: String) {}
        func incomplete() -> [Damage] { [] }
    }

    @Test func `the backup takes the listing of the look, with its time, and a directory is captured again`()
        async throws
    {
        let place = try Place()
        let captures = Mutex(0)
        var source = StubSource(root: place.fixture.source.path)
        source.capturing = { captures.withLock { $0 += 1 } }
        source.objects = DistantTree()
        var job = place.firstJob()
        func look(_ source: StubSource) async throws -> (work: ComponentWork, taken: TakenCapture?) {
            try await job.work(
                of: source, in: place.repository, state: try place.state(), progress: WorkProgress(),
                pool: Fixture.pool, logger: Logger(label: "test"), clock: { Place.began.seconds + 60 })
        }
        let (work, taken) = try await look(source)
        #expect(work == ComponentWork(files: 2, bytes: 2) && taken?.ended.seconds == Place.began.seconds + 60)
        job.now = Timestamp(seconds: Place.began.seconds + 3600)
        let result = try await job.run(
            source, in: place.repository, state: try place.state(), progress: WorkProgress(), pool: Fixture.pool,
            logger: Logger(label: "test"), tool: "test", clock: { Place.began.seconds + 3600 }, taken: taken
        ) { _ in [] }
        let manifest = try place.repository.manifest("tree", result.manifest, sha256: result.sha256)
        #expect(manifest.captured == Place.began && manifest.totals.files == 2)
        #expect(captures.withLock { $0 } == 1)
        source.objects = nil
        let isTaken = try await look(source).taken != nil
        #expect(!isTaken)
    }
}
