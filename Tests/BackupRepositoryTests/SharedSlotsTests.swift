import Foundation
import Lab
import Logging
import ObjectStorage
import Platform
import Synchronization
import Testing

@testable import BackupRepository

/// Components that store their packs in turn.
@Suite struct SharedSlotsTests {
    /// A store that takes its time for the packs of one component, and shows progress meanwhile. It also counts the packs
    /// that are written at the same time.
    private final class SlowStore: LayeredStore {
        let base: any ObjectStore
        let slow: String
        let progress: WorkProgress
        let writers = Mutex((now: 0, most: 0))
        let isSlow = Mutex(false)

        init(_ base: any ObjectStore, slow: String, progress: WorkProgress) {
            (self.base, self.slow, self.progress) = (base, slow, progress)
        }

        var location: String { base.location }

        func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
            try base.get(key, range: range, sink)
        }
        func head(_ key: ObjectKey) throws -> ObjectInfo? { try base.head(key) }
        func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
            try base.list(prefix: prefix, after: after, body)
        }
        func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
            try base.put(key, content, options: options)
        }
        func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { try base.delete(keys) }

        func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
            writers.withLock { writers in
                writers.now += 1
                writers.most = max(writers.most, writers.now)
            }
            if key.text.hasPrefix("\(slow)/") {
                isSlow.withLock { $0 = true }
                for _ in 0..<100 {
                    progress.update { $0.transferred += 1 }
                    try sleepUnlessCancelled(.milliseconds(100))
                }
            }
            return Upload(base: try base.upload(key, options)) { [self] in writers.withLock { $0.now -= 1 } }
        }

        private final class Upload: ObjectUpload {
            let base: any ObjectUpload
            let end: () -> Void

            init(base: any ObjectUpload, end: @escaping () -> Void) { (self.base, self.end) = (base, end) }

            func write(_ bytes: RawSpan) throws { try base.write(bytes) }
            func finish() throws -> ObjectInfo {
                end()
                return try base.finish()
            }
            func cancel() { base.cancel() }
        }
    }

    @Test func `a component that waits for another one does not count as stalled`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let progress = WorkProgress()
        let store = SlowStore(try fixture.store(), slow: "a", progress: progress)
        let repository = try fixture.repository(store)
        let first = StubSource(root: fixture.source.path)
        var second = first
        second.capturing = { try await Patience.wait(until: "the slot is taken") { store.isSlow.withLock { $0 } } }
        var components = [
            BackupRun.Component(name: "a", kind: "files", source: first),
            BackupRun.Component(name: "b", kind: "files", source: second),
        ]
        components[0].progress = progress
        // Half of the time for which the first one holds the slot.
        components[1].stallTimeout = .seconds(5)
        let state = try StateFolder(
            fixture.folder.url.appending(path: "state").path, repository: repository.description)
        var run = BackupRun(
            repository: repository, components: components, stack: "test", tool: "test", state: state,
            pool: Fixture.pool, logger: Logger(label: "test"), now: Fixture.clock)
        run.lanes = 1
        let set = try await run.run().set
        #expect(set.failed.isEmpty && set.components.count == 2, "\(set.failed)")
        #expect(store.writers.withLock { $0.most } == 1, "one slot is one pack at a time")
    }
}
