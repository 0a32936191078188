import ObjectStorage
import Platform
import Synchronization
import Testing

@testable import BackupRepository

/// Thaws that take their time, fail and expire.
@Suite struct ThawTests {
    /// A store of archived objects, whose clock moves when somebody waits.
    private final class Archive: TieringStore {
        struct State {
            var clock = 1_800_000_000
            /// By key: the time at which the object can be read, and until when.
            var thaws: [ObjectKey: Range<Int>] = [:]
            var requests = 0
            var refusal: ObjectStoreError?
            /// The errors of the next looks.
            var failures: [ObjectStoreError.Reason] = []
            var missing: Set<ObjectKey> = []
        }

        let state = Mutex(State())
        let location = "archive://"
        let largestMove = 5 << 30
        /// Seconds that a thaw takes, by key.
        let delay: @Sendable (ObjectKey) -> Int
        let place: StorageClass

        init(_ place: StorageClass = .glacier, delay: @escaping @Sendable (ObjectKey) -> Int) {
            self.place = place
            self.delay = delay
        }

        var clock: Timestamp { state.withLock { Timestamp(seconds: $0.clock) } }
        var requests: Int { state.withLock { $0.requests } }
        func pass(_ seconds: Int) { state.withLock { $0.clock += seconds } }

        func placement(of key: ObjectKey) throws -> ObjectPlacement? {
            try state.withLock { state in
                if let reason = state.failures.popLast() {
                    throw ObjectStoreError(reason, operation: "head", key: key, "away", store: location)
                }
                if state.missing.contains(key) { return nil }
                let object = ObjectInfo(key: key, size: 100, storageClass: place)
                guard let thaw = state.thaws[key], state.clock < thaw.upperBound else {
                    return ObjectPlacement(object, .archived)
                }
                return ObjectPlacement(
                    object, state.clock < thaw.lowerBound ? .thawing : .thawed(until: thaw.upperBound))
            }
        }

        func thaw(_ key: ObjectKey, days: Int, speed: ThawSpeed) throws -> Bool {
            try state.withLock { state in
                if let refusal = state.refusal { throw refusal }
                state.requests += 1
                let start = state.clock + delay(key)
                state.thaws[key] = start..<start + days * 86_400
                return true
            }
        }

        func refusal(of target: StorageClass) -> String? { nil }
        func move(_ object: ObjectInfo, to target: StorageClass, lock: PutOptions.Lock?) throws -> Bool { false }
        func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo { throw unused }
        func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload { throw unused }
        func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws { throw unused }
        func head(_ key: ObjectKey) throws -> ObjectInfo? { throw unused }
        func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {}
        func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { throw unused }
        private var unused: ObjectStoreError {
            ObjectStoreError(.unsupported, operation: "test", key: nil, "not in this test", store: location)
        }
    }

    private static let keys = (0..<5).map { ObjectKey(trusted: "tree/packs/\($0)") }

    private func thaw(_ archive: Archive, days: Int = 2, speed: ThawSpeed = .standard) -> Thaw {
        var thaw = Thaw(
            archive, days: days, speed: speed, pool: Fixture.pool, progress: WorkProgress(),
            now: { archive.clock })
        thaw.pause = { archive.pass(Int($0.components.seconds)) }
        return thaw
    }

    private func packs(_ archive: Archive) throws -> [ObjectPlacement] {
        try Self.keys.compactMap { try archive.placement(of: $0) }
    }

    @Test func `each pack is asked for once, and the wait ends when all can be read`() async throws {
        let archive = Archive { _ in 4 * 3600 }
        let thaw = thaw(archive)
        let report = try await thaw.request(packs(archive))
        #expect(report.requested == 5 && report.failed == 0)
        let again = try await thaw.request(packs(archive))
        #expect(again.requested == 0 && again.inProgress == 5)
        try await thaw.wait(for: packs(archive))
        #expect(try packs(archive).allSatisfy(\.isReadable))
        #expect(archive.requests == 5)
        let readable = try await thaw.request(packs(archive))
        #expect(readable.requested == 0 && readable.readable == 5)
        archive.pass(5 * 3600)
        let extended = try await thaw.request(packs(archive))
        #expect(extended.requested == 5, "5 hours of the 2 days have passed")
    }

    @Test func `a pack whose thaw expired while others were waited for is asked for again`() async throws {
        // One day for all, but one pack needs 30 hours: the others expire 6 hours before.
        let archive = Archive(.deepArchive) { $0 == Self.keys[0] ? 30 * 3600 : 3600 }
        let thaw = thaw(archive, days: 1, speed: .bulk)
        _ = try await thaw.request(packs(archive))
        try await thaw.wait(for: packs(archive))
        #expect(try packs(archive).allSatisfy(\.isReadable) && archive.requests > 5)
    }

    @Test func `a thaw that always expires first ends with advice`() async throws {
        let archive = Archive(.deepArchive) { $0 == Self.keys[0] ? 300 * 3600 : 3600 }
        let thaw = thaw(archive, days: 1, speed: .bulk)
        _ = try await thaw.request(packs(archive))
        let error = await #expect(throws: RepositoryError.self) { try await thaw.wait(for: packs(archive)) }
        #expect(error?.reason == .archived && error?.hint?.contains("--days") == true)
    }

    @Test func `a store that does not thaw ends the wait after twice the usual time`() async throws {
        let archive = Archive { _ in 1000 * 3600 }
        let thaw = thaw(archive)
        _ = try await thaw.request(packs(archive))
        let begin = archive.clock.seconds
        let error = await #expect(throws: RepositoryError.self) { try await thaw.wait(for: packs(archive)) }
        #expect(error?.reason == .archived && error?.detail.contains("5h 0m") == true)
        #expect((36_000...37_000).contains(archive.clock.seconds - begin))
    }

    @Test func `a store that is away for some rounds does not end the wait`() async throws {
        let archive = Archive { _ in 3600 }
        let thaw = thaw(archive)
        _ = try await thaw.request(packs(archive))
        let all = try packs(archive)
        archive.state.withLock { $0.failures = [.unreachable, .throttled, .unreachable] }
        try await thaw.wait(for: all)
        archive.state.withLock { $0.failures = [.denied] }
        await #expect(throws: ObjectStoreError.self) { try await thaw.wait(for: all) }
    }

    @Test func `a refusal is in the report, and a pack that is gone is damage`() async throws {
        let archive = Archive { _ in 60 }
        archive.state.withLock {
            $0.refusal = ObjectStoreError(.denied, operation: "thaw", key: nil, "no", store: "archive://")
        }
        let report = try await thaw(archive).request(packs(archive))
        #expect(report.failed == 5 && report.failure?.contains("no") == true)
        let all = try packs(archive)
        archive.state.withLock { state in
            state.refusal = nil
            state.missing = [Self.keys[2]]
        }
        let error = await #expect(throws: RepositoryError.self) { try await thaw(archive).wait(for: all) }
        #expect(error?.reason == .damaged)
    }

    @Test func `a pack that another store can deliver is not archived`() throws {
        let archive = Archive { _ in 60 }
        let copy = MemoryStore(clock: 0)
        _ = try copy.put(Self.keys[0], [1], options: PutOptions())
        let both = FallbackStore(.init(name: "first", store: archive), then: [.init(name: "copy", store: copy)])
        #expect(try both.placement(of: Self.keys[0])?.reading == .ready)
        #expect(try both.placement(of: Self.keys[1])?.reading == .archived)
        #expect(try both.thaw(Self.keys[1], days: 1, speed: .standard))
        #expect(archive.requests == 1 && both.tiering != nil)
    }

    @Test func `stores without classes are not asked for archived packs`() async throws {
        let copied = try await CopiedFixture(sets: 1)
        let stores = [FaultyStore(copied.store), FaultyStore(copied.store.fork())]
        let both = FallbackStore(.init(name: "first", store: stores[0]), then: [.init(name: "copy", store: stores[1])])
        let repository = try Repository(opening: both)
        let name = try #require(try repository.setNames().last)
        let manifest = try repository.manifest("tree", of: try repository.set(name))
        #expect(!manifest.packs.isEmpty && both.tiering == nil)
        let before = stores.map(\.operations)
        let archived = try await ArchivedPacks(
            of: PackNeeds([manifest], of: name), in: repository, pool: Fixture.pool)
        #expect(archived.packs.isEmpty && stores.map(\.operations) == before)
    }

    @Test func `a set with archived packs says how long a thaw takes`() throws {
        let archive = Archive { _ in 60 }
        let set = Timestamp(seconds: 1_700_000_000)
        let cold = try ArchivedPacks(packs(archive), of: set)
        let error = #expect(throws: RepositoryError.self) { try cold.requireReadable(to: .restore) }
        #expect(error?.detail.contains("5 packs (500 B)") == true)
        #expect(error?.detail.contains("Standard up to 5h 0m, Bulk up to 12h 0m") == true)
        #expect(error?.hint?.contains("dr thaw --set \(set) --wait") == true)
        try ArchivedPacks([], of: set).requireReadable(to: .restore)
        #expect(cold.thawTime(.expedited) == 300 && cold.thawTime(.bulk) == 12 * 3600)
    }
}
