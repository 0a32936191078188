import BackupRepository
import Components
import Foundation
import Lab
import ObjectStorage
import Platform
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
        let environment: [String: String]
        let dyingAfter: Int?
        let deaths = Mutex(0)
        private let tasks = Mutex<[Task<Void, Never>]>([])
        private let ended = Mutex(0)

        init(_ session: Session, _ environment: [String: String], dyingAfter: Int?) {
            (self.session, self.environment, self.dyingAfter) = (session, environment, dyingAfter)
        }

        var rest: String { "one process" }
        var pause: Duration { .zero }

        func start() async throws {
            for index in 0..<workers {
                let task = Task {
                    if index == 1, let dyingAfter { await work(index, dyingAfter) }
                    await work(index, nil)
                    ended.withLock { $0 += 1 }
                }
                tasks.withLock { $0.append(task) }
            }
        }

        private func work(_ index: Int, _ operations: Int?) async {
            var session = session
            if let operations { session.wrapsStore = { DeadlyStore($0, after: operations) } }
            var environment = environment
            environment[ComponentPart.indexVariable] = "\(index)"
            do {
                let part = try ComponentPart(session, component: "web", data: nil, shards: workers)
                try await part.run(environment: environment) { _ in }
            } catch { if operations != nil { deaths.withLock { $0 += 1 } } }
        }

        func state() async -> ShardsState { ended.withLock { $0 } == workers ? .ended : .running(isAny: true) }
        func progress() async -> [WorkProgress.State] { [] }
        func reasons() async -> ShardReasons { ShardReasons() }
        func remove() async { for task in tasks.withLock({ $0 }) { await task.value } }
    }

    private let stack: StackFixture

    init() async throws {
        let data = try TemporaryFolder("workers-data")
        for number in 0..<40 {
            let folder = data.url.appending(path: "folder \(number % 5)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let text = String(repeating: "content of file \(number) ", count: 1 + number * 50)
            try Data(text.utf8).write(to: folder.appending(path: "file \(number)"))
        }
        try FileManager.default.createSymbolicLink(
            at: data.url.appending(path: "link"), withDestinationURL: data.url.appending(path: "folder 1"))
        stack = try await StackFixture(components: [
            Self.component.replacing("DATA", with: data.path), "alone: {kind: files, data: \(data.path)}",
        ])
        self.data = data
    }

    private let data: TemporaryFolder

    /// Stores the components; returns the manifest of the one that workers store, and the warnings.
    private func backUp(
        dyingAfter operations: Int? = nil, deaths: (Int) -> Void = { _ in }
    ) async throws -> (shared: Manifest, alone: Manifest, warnings: [String]) {
        let session = stack.session
        let repository = try await session.writableRepository()
        let component = try #require(try session.chosen(["web"]).first)
        let made = Mutex<Workers?>(nil)
        let backup = WorkerBackup(component: component, session: session) { environment in
            let workers = Workers(session, environment, dyingAfter: operations)
            made.withLock { $0 = workers }
            return workers
        }
        let alone = try #require(try session.chosen(["alone"]).first)
        let run = BackupRun(
            repository: repository,
            components: [
                .init(name: "web", kind: "files", access: .remote(backup)),
                .init(name: "alone", kind: "files", access: try session.access(alone)),
            ], stack: nil, tool: Release.tool, state: try session.state(of: repository), pool: session.pool,
            logger: session.logger, now: { session.now() })
        let report = try await run.run()
        deaths(made.withLock { $0?.deaths.withLock { $0 } ?? 0 })
        #expect(report.set.status == .complete, "\(report.set.failed)")
        return (
            try #require(report.manifests["web"]), try #require(report.manifests["alone"]), report.warnings
        )
    }

    private func manifests() throws -> [String] {
        let folder = stack.folder.url.appending(path: "repository/web/backups").path
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test func `workers make the set that one process makes`() async throws {
        let first = try await backUp()
        #expect(first.warnings.isEmpty, "\(first.warnings)")
        #expect(first.shared.contents == first.alone.contents && first.shared.contents != nil)
        #expect(first.shared.packs.count >= 2, "several workers stored packs")
        #expect(try manifests().count == 1, "those of the shards are gone")

        // One change: the other shards have nothing to store.
        try Data("changed".utf8).write(to: data.url.appending(path: "folder 1/file 1"))
        let second = try await backUp()
        #expect(second.warnings.isEmpty, "\(second.warnings)")
        #expect(second.shared.contents == second.alone.contents && second.shared.contents != first.shared.contents)
        #expect(second.shared.packs.count <= first.shared.packs.count + 1)
    }

    @Test func `a worker that dies at any operation of the store changes nothing in the set`() async throws {
        var operations = 0
        var died = 1
        while died > 0, operations < 200 {
            let stored = try await backUp(dyingAfter: operations) { died = $0 }
            #expect(stored.shared.contents == stored.alone.contents, "died after \(operations)")
            #expect(stored.warnings.isEmpty, "died after \(operations): \(stored.warnings)")
            operations += 1
            // So that each shard has something to store.
            for number in stride(from: 0, to: 40, by: 5) {
                try Data("run \(operations), \(number)".utf8).write(
                    to: data.url.appending(path: "folder 0/file \(number)"))
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
}
