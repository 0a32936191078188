import BackupRepository
import Components
import Documents
import Foundation
import Lab
import ObjectStorage
import Platform
import StackConfiguration
import Synchronization
import Testing

@testable import Operations

/// A component that several workers store, each of which may die at any operation of the store.
@Suite(.timeLimit(.minutes(10))) struct WorkerBackupTests {
    private static let workers = 3
    private static let component = "web: {kind: files, data: DATA, workers: \(workers)}"

    /// The death of a process: nothing that it does later reaches the store.
    private struct Died: Error {}

    /// A store whose process dies at an operation.
    private final class DeadlyStore: LayeredStore {
        let base: any ObjectStore
        private let left: Mutex<Int>

        init(_ base: any ObjectStore, after operations: Int) {
            self.base = base
            left = Mutex(operations)
        }

        var location: String { base.location }

        fileprivate func step() throws {
            let isAlive = left.withLock { left in
                left -= 1
                return left >= 0
            }
            if !isAlive { throw Died() }
        }

        func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
            try step()
            try base.get(key, range: range, sink)
        }
        func head(_ key: ObjectKey) throws -> ObjectInfo? {
            try step()
            return try base.head(key)
        }
        func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
            try step()
            try base.list(prefix: prefix, after: after, body)
        }
        func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
            try step()
            return try base.put(key, content, options: options)
        }
        func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
            try step()
            return Upload(base: try base.upload(key, options), store: self)
        }
        func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
            try step()
            return try base.delete(keys)
        }

        private final class Upload: ObjectUpload {
            let base: any ObjectUpload
            let store: DeadlyStore

            init(base: any ObjectUpload, store: DeadlyStore) { (self.base, self.store) = (base, store) }

            func write(_ bytes: RawSpan) throws { try base.write(bytes) }
            func finish() throws -> ObjectInfo {
                try store.step()
                return try base.finish()
            }
            func cancel() { base.cancel() }
        }
    }

    /// Workers in this process. That of shard 1 dies at an operation, as often as it says, and is replaced.
    private final class Workers: ShardEngine {
        let session: Session
        let program: Program
        let count: Int
        let dyingAfter: Int?
        /// True if the worker of the last shard begins when it is the only one left.
        let hasLateWorker: Bool
        let deaths = Mutex(0)
        private let tasks = Mutex<[Task<Void, Never>]>([])
        private let ended = Mutex(0)

        init(_ session: Session, _ program: Program, count: Int, dyingAfter: Int?, hasLateWorker: Bool) {
            (self.session, self.program, self.count) = (session, program, count)
            (self.dyingAfter, self.hasLateWorker) = (dyingAfter, hasLateWorker)
        }

        var rest: String { "one process" }
        var pause: Duration { .zero }

        func start() async throws {
            for index in 0..<count {
                let task = Task {
                    if index == count - 1, hasLateWorker { await waitForOthers() }
                    if index == 1, let dyingAfter { await work(index, dyingAfter) }
                    await work(index, nil)
                    ended.withLock { $0 += 1 }
                }
                tasks.withLock { $0.append(task) }
            }
        }

        private var job: String {
            guard case .bytes(let bytes) = program.input else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }

        private func waitForOthers() async {
            do {
                let run = try JSONDecoder().decode(ComponentJob.self, from: Data(job.utf8)).run
                let state = try session.state(of: try await session.repository())
                try await Patience.wait(until: "one worker is left") {
                    state.workersLeft(of: "web", run: run) == 1
                }
            } catch { Issue.record(error) }
        }

        private func work(_ index: Int, _ operations: Int?) async {
            var session = session
            if let operations { session.wrapsStore = { DeadlyStore($0, after: operations) } }
            var environment = program.environment
            environment[ComponentPart.indexVariable] = "\(index)"
            do {
                let part = try ComponentPart(session, component: "web", data: nil, shards: count)
                try await part.run(job, environment: environment) { _ in }
            } catch { if operations != nil { deaths.withLock { $0 += 1 } } }
        }

        func state() async -> ShardsState { ended.withLock { $0 } == count ? .ended : .running(isAny: true) }
        func progress() async -> [WorkProgress.State] { [] }
        func reasons() async -> ShardReasons { ShardReasons() }
        func remove() async -> [String] {
            for task in tasks.withLock({ $0 }) { await task.value }
            return []
        }
    }

    private let stack: StackFixture

    init() async throws {
        let data = try TemporaryFolder("workers-data")
        for number in 0..<40 {
            let folder = data.url.appending(path: "folder \(number % 5)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let text = String(repeating: "content of file \(number) ", count: 1 + number * 50)
            let file = folder.appending(path: "file \(number)")
            try Data(text.utf8).write(to: file)
            // A file as new as a backup may have changed after it.
            let hourAgo = Date().addingTimeInterval(-3600)
            try FileManager.default.setAttributes([.modificationDate: hourAgo], ofItemAtPath: file.path)
        }
        try FileManager.default.createSymbolicLink(
            at: data.url.appending(path: "link"), withDestinationURL: data.url.appending(path: "folder 1"))
        stack = try await StackFixture(
            components: [
                Self.component.replacing("DATA", with: data.path), "alone: {kind: files, data: \(data.path)}",
            ], pack: PackSettings(targetBytes: 32 << 10, maximumMembers: 64))
        self.data = data
    }

    private let data: TemporaryFolder

    private struct Stored {
        /// Of the component that workers store.
        let shared: Manifest
        let alone: Manifest
        let warnings: [String]
        /// The number of workers; 0 without any.
        let workers: Int
        let deaths: Int
        /// Of the component that workers store.
        let seconds: Double
    }

    /// - Parameter begin: called before the workers start.
    private func backUp(
        dyingAfter operations: Int? = nil, hasLateWorker: Bool = false, progress: WorkProgress = WorkProgress(),
        _ change: (inout Session) -> Void = { _ in }, starting begin: @escaping @Sendable () -> Void = {}
    ) async throws -> Stored {
        var session = stack.session
        session.workersTurn = SharedBudget(1)
        change(&session)
        var repository = try await session.writableRepository()
        repository.cache = try session.state(of: repository).documents(isRead: false)
        let component = try #require(try session.chosen(["web"]).first)
        let made = Mutex<Workers?>(nil)
        let backup = WorkerBackup(component: component, session: session) { [session] program, count in
            begin()
            let workers = Workers(
                session, program, count: count, dyingAfter: operations, hasLateWorker: hasLateWorker)
            made.withLock { $0 = workers }
            return workers
        }
        let alone = try #require(try session.chosen(["alone"]).first)
        var web = BackupRun.Component(name: "web", kind: "files", access: .remote(backup))
        web.progress = progress
        let run = BackupRun(
            repository: repository,
            components: [
                web, .init(name: "alone", kind: "files", access: try session.access(alone)),
            ], stack: nil, tool: Release.tool, state: try session.state(of: repository), pool: session.pool,
            logger: session.logger, now: { [session] in session.now() })
        let report = try await run.run()
        let workers = made.withLock { $0 }
        #expect(report.set.status == .complete, "\(report.set.failed)")
        return Stored(
            shared: try #require(report.manifests["web"]), alone: try #require(report.manifests["alone"]),
            warnings: report.warnings, workers: workers?.count ?? 0,
            deaths: workers?.deaths.withLock { $0 } ?? 0,
            seconds: try #require(report.set.components["web"]).seconds)
    }

    private func manifests() throws -> [String] {
        let folder = stack.folder.url.appending(path: "repository/web/backups").path
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test func `workers make the set that one process makes`() async throws {
        let first = try await backUp()
        #expect(first.warnings.isEmpty, "\(first.warnings)")
        #expect(first.shared.contents == first.alone.contents && first.shared.contents != nil)
        #expect(first.workers == Self.workers && first.shared.packs.count >= 2, "several workers stored packs")
        #expect(try manifests().count == 1, "those of the shards are gone")

        // One change is work for one process.
        try Data("changed".utf8).write(to: data.url.appending(path: "folder 1/file 1"))
        let second = try await backUp()
        #expect(second.warnings.isEmpty, "\(second.warnings)")
        #expect(second.shared.contents == second.alone.contents && second.shared.contents != first.shared.contents)
        #expect(second.shared.packs.count <= first.shared.packs.count + 1)
        #expect(second.workers == 0)
    }

    @Test func `a component with workers reads its base as often as one without`() async throws {
        _ = try await backUp()
        let stores = Mutex<[CountingStore]>([])
        let counting: @Sendable (any ObjectStore) -> any ObjectStore = { store in
            let counting = CountingStore(store)
            stores.withLock { $0.append(counting) }
            return counting
        }
        let second = try await backUp { $0.wrapsStore = counting }
        #expect(second.workers == 0)
        let calls = stores.withLock { $0 }.flatMap(\.calls)
        func reads(of component: String) -> Int { calls.count { $0.hasPrefix("get \(component)/backups/") } }
        #expect(reads(of: "web") == reads(of: "alone") && reads(of: "alone") > 0, "\(calls)")
    }

    @Test func `a worker that dies at any operation of the store changes nothing in the set`() async throws {
        var operations = 0
        var died = 1
        while died > 0, operations < 200 {
            let stored = try await backUp(dyingAfter: operations)
            died = stored.deaths
            #expect(stored.shared.contents == stored.alone.contents, "died after \(operations)")
            #expect(stored.warnings.isEmpty, "died after \(operations): \(stored.warnings)")
            operations += 1
            // So that each of three workers has something to store.
            for number in stride(from: 0, to: 40, by: 5) {
                let text = String(repeating: "run \(operations), \(number) ", count: 6000)
                try Data(text.utf8).write(to: data.url.appending(path: "folder 0/file \(number)"))
            }
        }
        #expect(operations > 5 && operations < 200, "\(operations)")
    }

    @Test func `two coordinators do not take each other's shards`() async throws {
        async let one = backUp()
        async let other = backUp()
        let (first, second) = try await (one, other)
        #expect(first.shared.contents == first.alone.contents && second.shared.contents == first.shared.contents)
        #expect(first.shared.run != second.shared.run)
    }

    @Test func `a component has no more workers than its limit of memory has room for`() async throws {
        // Two workers and the run itself have 96 MiB each.
        let two = try await backUp { $0.configuration.limits.memory = 300 << 20 }
        #expect(two.workers == 2 && two.shared.contents == two.alone.contents)
        for number in 0..<40 {
            try Data(String(repeating: "again \(number)", count: 5000).utf8).write(
                to: data.url.appending(path: "folder \(number % 5)/file \(number)"))
        }
        let none = try await backUp { $0.configuration.limits.memory = 128 << 20 }
        #expect(none.workers == 0 && none.shared.contents == none.alone.contents)
    }

    @Test func `the last worker learns that the others have ended`() async throws {
        let stored = try await backUp(hasLateWorker: true)
        #expect(stored.warnings.isEmpty, "\(stored.warnings)")
        #expect(stored.shared.contents == stored.alone.contents)
    }

    @Test func `a component has the time at which it was captured, not that of its workers' start`() async throws {
        let began = Date()
        let isLater = Mutex(false)
        let clock = WallClock { isLater.withLock { $0 } ? Date() : began.addingTimeInterval(-7200) }
        let stored = try await backUp {
            $0.clock = clock
        } starting: {
            isLater.withLock { $0 = true }
        }
        #expect(stored.workers == Self.workers)
        #expect(stored.shared.captured.seconds >= Int(began.timeIntervalSince1970))
    }

    @Test func `a component says that it waits for the workers of another one`() async throws {
        let turn = SharedBudget(1)
        let progress = WorkProgress()
        try #require(turn.takeNow(1))
        async let waiting = backUp(progress: progress) { $0.workersTurn = turn }
        try await Patience.wait(until: "it waits for its turn") { turn.waiting == 1 }
        #expect(progress.state.phase == "waiting for the workers of another component")
        turn.release(1)
        let stored = try await waiting
        #expect(stored.workers == Self.workers && stored.warnings.isEmpty, "\(stored.warnings)")
    }

    @Test func `the seconds of a component do not include its wait for the workers of another one`() async throws {
        let clock = ContinuousClock()
        let turn = SharedBudget(1)
        try #require(turn.takeNow(1))
        let began = clock.now
        async let waiting = backUp { $0.workersTurn = turn }
        try await Patience.wait(until: "it waits for its turn") { turn.waiting == 1 }
        let wait = try await clock.measure { try await Task.sleep(for: .seconds(3)) }
        turn.release(1)
        let stored = try await waiting
        // However slow the machine is: the rest of the whole run is longer than the work on the component.
        let rest = (clock.now - began - wait) / .seconds(1)
        #expect(stored.workers == Self.workers && stored.seconds <= rest, "\(stored.seconds) of \(rest)")
    }

    @Test func `workers get no passphrases of keys`() {
        let secret = Secret(.environment("HOST_KEY"), location: Location(file: "dr.yaml"))
        let all = [
            "DR_SIGNING_PASSPHRASE": "a", "DR_RECOVERY_PASSPHRASE": "b", "HOST_KEY": "c", "DR_JOB": "{}",
            "AWS_SECRET_ACCESS_KEY": "d", "PATH": "/bin",
        ]
        #expect(
            WorkerBackup.environment(all, passphrase: secret) == ["AWS_SECRET_ACCESS_KEY": "d", "PATH": "/bin"])
    }
}
